// Prints docs/instructions.md from the tables of isa/.
//   isa_docs isa/control_words.h --write docs/instructions.md
//   isa_docs isa/control_words.h --check docs/instructions.md     exit status 1 if the file is not what would be written
// The layouts of control words are read from the header's text: it is data with comments, and a second list of its names
// would be a second place for the same fact. A line that does not parse stops the generator.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <iostream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "isa/formats.h"
#include "isa/special_registers.h"
#include "isa/table.h"

namespace {

using namespace vitruvian::isa;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<') out += '\\';
    out += c;
  }
  return out;
}

char letter(Operand operand) { return "dstrmi"[static_cast<std::size_t>(operand)]; }
const char* name(Operand operand) {
  constexpr std::array names{"rd", "rs1", "rs2", "rs3", "rm", "imm"};
  return names[static_cast<std::size_t>(operand)];
}
std::string bits(unsigned lo, unsigned width) { return width == 1 ? fmt::format("{}", lo) : fmt::format("{}:{}", lo + width - 1, lo); }

// "rrrrr00tttttsssss001ddddd0001011", highest bit first.
std::string pattern(const Row& row) {
  const FormatInfo& format = info(row.format);
  std::string text(format.length * 8u, '?');
  for (std::size_t bit = 0; bit < text.size(); ++bit)
    if ((row.fixed_mask >> bit & 1) != 0) text[text.size() - 1 - bit] = (row.code >> bit & 1) != 0 ? '1' : '0';
  for (const Piece& piece : format.pieces)
    for (std::size_t bit = piece.lo; bit < static_cast<std::size_t>(piece.lo) + piece.width; ++bit)
      text[text.size() - 1 - bit] = letter(piece.operand);
  return text;
}

std::string operands_of(const FormatInfo& format) {
  std::vector<std::string> parts;
  for (const Piece& piece : format.pieces) {
    if (piece.width == 0) break;
    std::string part = name(piece.operand);
    if (piece.operand == Operand::imm) part += fmt::format("[{}]", bits(piece.to, piece.width));
    part += fmt::format(" = {}", bits(piece.lo, piece.width));
    if (piece.add != 0) part += fmt::format(" + {}", piece.add);
    parts.push_back(part);
  }
  for (const Implied& implied : format.implied) {
    if (implied.value == Implied::kNone) break;
    const std::string source = implied.value == Implied::kSameAsRd ? "rd" : fmt::format("x{}", implied.value);
    parts.push_back(fmt::format("{} is {}", name(implied.operand), source));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "12|6:2": the ones of a mask, highest first.
std::string ranges(std::uint32_t mask) {
  std::vector<std::string> parts;
  while (mask != 0) {
    const unsigned high = 31u - static_cast<unsigned>(std::countl_zero(mask));
    const unsigned width = static_cast<unsigned>(std::countl_one(mask << (31u - high)));
    parts.push_back(bits(high - width + 1, width));
    mask &= (1u << (high - width + 1)) - 1u;
  }
  return fmt::format("{}", fmt::join(parts, "\\|"));
}

std::string excluded_of(const FormatInfo& format) {
  std::vector<std::string> parts;
  for (const Excluded& excluded : format.excluded)
    if (excluded.mask != 0)
      parts.push_back(fmt::format("{} = {}", ranges(excluded.mask), excluded.value >> std::countr_zero(excluded.mask)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string formats_section() {
  std::string out =
      "## Formats\n\n"
      "Bits of the word, high:low. Immediates are zero-extended unless a sign width is given. A word with excluded bits is not of\n"
      "the format: it is reserved, or another row's.\n\n"
      "| format | bytes | operands | sign width | excluded |\n|---|---|---|---|---|\n";
  for (const FormatInfo& format : kFormats)
    out += fmt::format("| {} | {} | {} | {} | {} |\n", format.name, format.length, operands_of(format),
                       format.sign_bits == 0 ? "" : std::to_string(format.sign_bits), excluded_of(format));
  return out + "\n";
}

std::string pipe_section() {
  std::string out =
      "## Pipe operations\n\n"
      "Each row stands for the real 2201 instruction of that name. The encodings are ours: RISC-V's custom-0 to custom-3.\n"
      "P4 has four source registers (`.insn r4 opcode, funct3, funct2, rd, rs1, rs2, rs3`), P3 three\n"
      "(`.insn r opcode, funct3, funct7, rd, rs1, rs2`), PI one and a 12-bit immediate (`.insn i 0x7b, 7, x<operation>, rs1, imm`).\n\n"
      "| operation | format | encoding | pipe | cost class | does | source |\n|---|---|---|---|---|---|---|\n";
  for (const Row& row : kRows)
    if (row.is_pipe_operation)
      out += fmt::format("| {} | {} | `{}` | {} | {} | {} | {} |\n", row.mnemonic, info(row.format).name, pattern(row), to_string(row.pipe),
                         row.cost, escaped(row.text), escaped(row.source));
  return out + "\n";
}

std::string scalar_section() {
  std::string out =
      "## Scalar instructions\n\nSource: the RISC-V instruction set manual.\n\n"
      "| instruction | format | encoding | does |\n|---|---|---|---|\n";
  for (const Row& row : kRows)
    if (!row.is_pipe_operation && row.op != Op::illegal)
      out += fmt::format("| {} | {} | `{}` | {} |\n", row.mnemonic, info(row.format).name, pattern(row), escaped(row.text));
  return out + "\n";
}

std::string special_register_section() {
  std::string out =
      "## Special registers\n\n"
      "CSRs of the rv64x front end. `result` registers are written by a pipe operation; a read waits for the earlier operations of V.\n\n"
      "| register | CSR | access | meaning | source |\n|---|---|---|---|---|\n";
  for (const SprInfo& spr : special_registers())
    out += fmt::format("| {} | 0x{:03x} | {} | {} | {} |\n", spr.name, spr.csr(), to_string(spr.access), escaped(spr.meaning), escaped(spr.source));
  return out + "\n";
}

// The position of the first semicolon outside comments.
std::size_t end_of_declaration(const std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, "/*") == 0) at = std::min(text.find("*/", at), text.size());
    else if (text[at] == ';') return at;
  }
  return std::string::npos;
}

unsigned parsed_number(const std::ssub_match& match) { return static_cast<unsigned>(std::stoul(match.str())); }

// One declaration of control_words.h, cut at its semicolon: a list of Field, SplitField or Word constants. A comment behind
// an entry is its note.
std::string layout_rows(const std::string& declaration) {
  static const std::regex start(R"(^\s*inline constexpr (Field|SplitField|Word)\s+([\s\S]*)$)");
  static const std::regex entry(
      R"(^\s*,?\s*(\w+)\s*(?:\{\{(\d+), (\d+)\}, \{(\d+), (\d+)\}\}|\{(\d+), (\d+)\}|= (\d+))\s*(?:/\*\s*([\s\S]*?)\s*\*/)?)");
  std::smatch match;
  if (!std::regex_match(declaration, match, start)) throw std::runtime_error("cannot read in control_words.h: " + declaration);
  std::string rest = match[2], out;
  while (rest.find_first_not_of(" \n") != std::string::npos) {
    if (!std::regex_search(rest, match, entry)) throw std::runtime_error("cannot read in control_words.h: " + rest);
    std::string place;
    if (match[2].matched)
      place = bits(parsed_number(match[4]), parsed_number(match[5])) + " and " + bits(parsed_number(match[2]), parsed_number(match[3]));
    else if (match[6].matched)
      place = bits(parsed_number(match[6]), parsed_number(match[7]));
    else
      place = "code " + match[8].str();
    out += fmt::format("| {} | {} | {} |\n", match[1].str(), place, escaped(match[9].str()));
    rest = match.suffix();
  }
  return out;
}

std::string control_word_section(const std::string& header) {
  static const std::regex opening(R"(namespace (\w+) \{)");
  std::string out =
      "## Control words\n\n"
      "Layouts of control words and control registers (`isa/control_words.h`), bits high:low; two ranges are the high and the low part.\n"
      "A layout of two words starts again at bit 0 for the second one.\n\n";
  std::istringstream lines(header);
  std::string line, comment, declaration;
  bool inside = false;
  while (std::getline(lines, line)) {
    std::smatch match;
    if (line.starts_with("//")) {
      comment += escaped(line.substr(std::min<std::size_t>(3, line.size()))) + "\n";
    } else if (std::regex_match(line, match, opening)) {
      out += fmt::format("### {}\n\n{}{}| field | bits | note |\n|---|---|---|\n", match[1].str(), comment, comment.empty() ? "" : "\n");
      inside = true;
    } else if (line == "}") {
      out += "\n";
      inside = false;
      comment.clear();
    } else if (!inside) {
      comment.clear();
    } else {
      declaration += line.substr(0, line.find("//")) + "\n";
      const std::size_t end = end_of_declaration(declaration);
      if (end == std::string::npos) continue;
      out += layout_rows(declaration.substr(0, end));
      declaration.clear();
    }
  }
  out.pop_back();
  return out;
}

std::string document(const std::string& header) {
  return "# Instructions\n\n"
         "Made by `isa_docs` from isa/instructions.def, isa/formats.h, isa/special_registers.def and isa/control_words.h: do not edit.\n"
         "In encodings, highest bit first: d = rd, s = rs1, t = rs2, r = rs3, m = rounding mode, i = immediate.\n\n" +
         formats_section() + pipe_section() + scalar_section() + special_register_section() + control_word_section(header);
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string mode = argc == 4 ? argv[2] : "";
  if (argc != 2 && mode != "--write" && mode != "--check")
    throw std::runtime_error("usage: isa_docs isa/control_words.h [--write FILE | --check FILE]");
  const std::string text = document(read(argv[1]));
  if (mode == "--write") {
    std::ofstream(argv[3], std::ios::binary) << text;
  } else if (mode == "--check") {
    if (read(argv[3]) == text) return 0;
    std::cerr << argv[3] << " is out of date: build vitruvian_isa_docs to make it anew\n";
    return 1;
  } else {
    std::cout << text;
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "isa_docs: " << error.what() << '\n';
  return 2;
}
