// The scalar rows against LLVM's disassembler: which words are instructions, and what they say.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/special_registers.h"
#include "isa/table.h"
#include "tests/isa/tool.h"

namespace vitruvian::isa {
namespace {

constexpr const char* kAttributes = "+m,+f,+d,+zfh,+c,+zicsr,+zifencei,+zfbfmin";

// One spelling for both: each number decimal and signed, CSRs by number, no "dyn" (LLVM without aliases writes it always).
std::string normalised(std::string text) {
  static const std::regex token(R"([A-Za-z_][\w.]*|-?0x[0-9a-fA-F]+|-?\d+)");
  if (text.ends_with(", dyn")) text.resize(text.size() - 5);
  std::string out;
  std::sregex_iterator at(text.begin(), text.end(), token), end;
  std::size_t copied = 0;
  for (; at != end; ++at) {
    out += text.substr(copied, static_cast<std::size_t>(at->position()) - copied);
    copied = static_cast<std::size_t>(at->position() + at->length());
    const std::string part = at->str();
    if (std::isdigit(static_cast<unsigned char>(part.back())) != 0 && (std::isdigit(static_cast<unsigned char>(part[0])) != 0 || part[0] == '-'))
      out += std::to_string(static_cast<long long>(std::stoull(part, nullptr, 0)));
    else if (part.starts_with("0x"))
      out += std::to_string(static_cast<long long>(std::stoull(part, nullptr, 0)));
    else if (const auto csr = find_csr(part))
      out += std::to_string(*csr);
    else
      out += part;
  }
  return out + text.substr(copied);
}

bool is_custom(std::uint32_t word) {
  const std::uint32_t opcode = word & 0x7f;
  return opcode == 0x0b || opcode == 0x2b || opcode == 0x5b || opcode == 0x7b;
}

// Privileged instructions, which the scalar unit does not have; hints that LLVM spells in its own way; and c.lui with
// immediate 0, which the manual reserves and LLVM accepts.
bool differs_on_purpose(const std::string& text) {
  static const std::regex known(R"((mret|sret|uret|dret|wfi|mnret|sfence\.\S*|sinval\.\S*|hfence\.\S*|hinval\.\S*|c\.unimp|unimp|c\.\w+64|c\.lui zero|c\.lui \w+, 0)\b.*)");
  return std::regex_match(text, known);
}

// Both directions for `words`: LLVM accepts exactly what decode accepts, with the same text.
void compare_with_llvm(const std::vector<std::uint32_t>& words) {
  std::map<std::uint32_t, std::string> llvm;
  for (const auto& line : test::llvm_disassemble(words, kAttributes)) llvm[line.word] = line.text;
  REQUIRE(llvm.size() > 100);
  std::map<std::string, int> reported;  // a few of each mnemonic are enough to see what is wrong
  int compared = 0;
  for (const std::uint32_t word : std::set<std::uint32_t>(words.begin(), words.end())) {
    const Instruction instruction = decode(word);
    const auto theirs = llvm.find(word);
    const bool they_know = theirs != llvm.end(), we_know = instruction.op != Op::illegal;
    if (they_know && differs_on_purpose(theirs->second)) continue;
    const std::string ours = we_know ? normalised(disassemble(instruction)) : "illegal";
    const std::string llvm_text = they_know ? normalised(theirs->second) : "illegal";
    ++compared;
    if (ours == llvm_text || ++reported[mnemonic(instruction.op)] > 3) continue;
    INFO("word 0x" << std::hex << word);
    CHECK(ours == llvm_text);
  }
  CHECK(compared > 100);
}

TEST_CASE("llvm-mc agrees on every 16-bit word") {
  if (std::string(VITRUVIAN_LLVM_MC).empty()) SKIP("llvm-mc-19 is not there");
  std::vector<std::uint32_t> words;
  for (std::uint32_t word = 0; word < 0x10000; ++word)
    if ((word & 3) != 3) words.push_back(word);
  compare_with_llvm(words);
}

TEST_CASE("llvm-mc agrees on random operands of every scalar row") {
  if (std::string(VITRUVIAN_LLVM_MC).empty()) SKIP("llvm-mc-19 is not there");
  constexpr unsigned seed = 20254;
  std::mt19937 random(seed);
  INFO("seed " << seed);
  std::vector<std::uint32_t> words;
  for (const Row& row : kRows) {
    if (row.op == Op::illegal || row.is_pipe_operation || info(row.format).length == 2) continue;
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t word = row.code | (static_cast<std::uint32_t>(random()) & ~row.fixed_mask);
      const bool is_csr = row.format == Format::CSR || row.format == Format::CSRI;
      // LLVM names CSRs that this chip does not have.
      if (is_csr && find_special_register(word >> 20) == nullptr) continue;
      words.push_back(word);
    }
  }
  compare_with_llvm(words);
}

TEST_CASE("llvm-mc agrees on which random words near the table are instructions") {
  if (std::string(VITRUVIAN_LLVM_MC).empty()) SKIP("llvm-mc-19 is not there");
  constexpr unsigned seed = 20255;
  std::mt19937 random(seed);
  INFO("seed " << seed);
  std::vector<std::uint32_t> words;
  for (const Row& row : kRows) {
    if (row.op == Op::illegal || row.is_pipe_operation || info(row.format).length == 2) continue;
    if (row.format == Format::CSR || row.format == Format::CSRI) continue;
    // One or two fixed bits above the length bits flipped.
    for (int i = 0; i < 100; ++i) {
      const std::uint32_t flips = 1u << (2 + random() % 30) | 1u << (2 + random() % 30);
      const std::uint32_t word = (row.code | (static_cast<std::uint32_t>(random()) & ~row.fixed_mask)) ^ (flips & row.fixed_mask);
      const std::uint32_t opcode = word & 0x7f, funct3 = word >> 12 & 7;
      const bool is_csr_access = opcode == 0x73 && funct3 != 0;
      if (!is_custom(word) && !is_csr_access) words.push_back(word);
    }
  }
  compare_with_llvm(words);
}

}  // namespace
}  // namespace vitruvian::isa
