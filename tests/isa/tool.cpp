#include "tests/isa/tool.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace vitruvian::isa::test {

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vitruvian_isa_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder");
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run(const std::string& command) { return std::system(command.c_str()); }

std::string as_bytes(std::uint32_t word, unsigned length) {
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    std::array<char, 8> byte{};
    std::snprintf(byte.data(), byte.size(), "0x%02x ", word >> (8 * i) & 0xff);
    text += byte.data();
  }
  return text;
}

namespace {

// "	addi	a0, a1, 3   # encoding: [0x13,0x85,0x35,0x00]"
LlvmLine parse(const std::string& line, std::size_t comment) {
  LlvmLine result;
  std::istringstream text(line.substr(0, comment));
  std::string part;
  while (text >> part) result.text += (result.text.empty() ? "" : " ") + part;
  unsigned shift = 0;
  for (std::size_t at = comment; (at = line.find("0x", at)) != std::string::npos; at += 4, shift += 8)
    result.word |= static_cast<std::uint32_t>(std::stoul(line.substr(at, 4), nullptr, 16)) << shift;
  return result;
}

}  // namespace

std::vector<LlvmLine> llvm_disassemble(const std::vector<std::uint32_t>& words, const std::string& attributes) {
  const ScratchFolder folder;
  std::string input;
  // In brackets: a rejected word must not make llvm-mc go on in its middle.
  for (const std::uint32_t word : words) input += "[" + as_bytes(word, (word & 3) == 3 ? 4 : 2) + "]\n";
  write_file(folder.file("words"), input);
  // Words that llvm-mc rejects are warnings on standard error; the others are printed.
  run(std::string(VITRUVIAN_LLVM_MC) + " --disassemble --triple=riscv64 --mattr=" + attributes + " -M no-aliases --show-encoding " +
      folder.file("words") + " > " + folder.file("out") + " 2> /dev/null");
  std::vector<LlvmLine> lines;
  std::istringstream output(read_file(folder.file("out")));
  std::string line;
  while (std::getline(output, line)) {
    const std::size_t comment = line.find("# encoding:");
    if (comment != std::string::npos) lines.push_back(parse(line, comment));
  }
  return lines;
}

}  // namespace vitruvian::isa::test
