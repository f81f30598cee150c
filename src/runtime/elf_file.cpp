#include "src/runtime/elf_file.h"

#include <fmt/format.h>

#include "vitruvian/error.h"

namespace vitruvian::runtime {

ElfFile::ElfFile(const std::vector<std::uint8_t>& bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {
  std::memcpy(&header_, at(0, sizeof header_, "the ELF header"), sizeof header_);
  check_header();
  program_headers_ = table<Elf64_Phdr>(header_.e_phoff, header_.e_phnum, "the program headers");
  sections_ = table<Elf64_Shdr>(header_.e_shoff, header_.e_shnum, "the section headers");
  if (header_.e_shnum && header_.e_shstrndx >= header_.e_shnum)
    throw Error("the section name table does not exist", name_, fmt::format("an index below {}", header_.e_shnum), std::to_string(header_.e_shstrndx));
}

void ElfFile::check_header() const {
  const auto refuse = [&](const char* what, std::string expected, std::string got) { throw Error(what, name_, std::move(expected), std::move(got)); };
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0)
    refuse("not an ELF file", "magic 7f 45 4c 46",
           fmt::format("{:02x} {:02x} {:02x} {:02x}", header_.e_ident[0], header_.e_ident[1], header_.e_ident[2], header_.e_ident[3]));
  if (header_.e_ident[EI_CLASS] != ELFCLASS64) refuse("wrong ELF class", "ELFCLASS64 (2)", std::to_string(header_.e_ident[EI_CLASS]));
  if (header_.e_ident[EI_DATA] != ELFDATA2LSB) refuse("wrong byte order", "little endian (1)", std::to_string(header_.e_ident[EI_DATA]));
  if (header_.e_machine != EM_RISCV) refuse("wrong machine", fmt::format("RISC-V ({})", EM_RISCV), std::to_string(header_.e_machine));
  if (header_.e_type != ET_DYN) refuse("not a position independent executable", "ET_DYN (3), linked with -pie", std::to_string(header_.e_type));
  if (header_.e_phnum && header_.e_phentsize != sizeof(Elf64_Phdr))
    refuse("wrong size of a program header", std::to_string(sizeof(Elf64_Phdr)), std::to_string(header_.e_phentsize));
  if (header_.e_shnum && header_.e_shentsize != sizeof(Elf64_Shdr))
    refuse("wrong size of a section header", std::to_string(sizeof(Elf64_Shdr)), std::to_string(header_.e_shentsize));
}

void ElfFile::refuse_truncated(std::uint64_t offset, std::uint64_t size, std::string_view what) const {
  throw Error(fmt::format("the file is truncated: {} does not fit", what), name_, fmt::format("{} bytes at offset {:#x}", size, offset),
              fmt::format("a file of {} bytes", bytes_.size()));
}

const std::uint8_t* ElfFile::at(std::uint64_t offset, std::uint64_t size, std::string_view what) const {
  if (offset > bytes_.size() || size > bytes_.size() - offset) refuse_truncated(offset, size, what);
  return bytes_.data() + offset;
}

std::string_view ElfFile::contents(std::size_t section) const {
  const Elf64_Shdr& header = sections_.at(section);
  if (header.sh_type == SHT_NOBITS) return {};
  return {reinterpret_cast<const char*>(at(header.sh_offset, header.sh_size, fmt::format("section {}", section))), header.sh_size};
}

namespace {
// The zero-terminated string at `offset`; what runs out of the table ends with it.
std::string string_at(std::string_view table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const std::string_view tail = table.substr(offset);
  return std::string(tail.substr(0, tail.find('\0')));
}
}  // namespace

std::string ElfFile::section_name(std::size_t index) const { return string_at(contents(header_.e_shstrndx), sections_.at(index).sh_name); }

std::size_t ElfFile::find_section(std::string_view section) const {
  for (std::size_t i = 1; i < sections_.size(); ++i)
    if (section_name(i) == section) return i;
  return 0;
}

std::vector<ElfSymbol> ElfFile::symbols() const {
  std::vector<ElfSymbol> symbols;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (sections_[i].sh_type != SHT_SYMTAB) continue;
    if (sections_[i].sh_link >= sections_.size()) throw Error("the symbol table names no string table", name_, "a section index", std::to_string(sections_[i].sh_link));
    const std::string_view names = contents(sections_[i].sh_link);
    for (const Elf64_Sym& row : table<Elf64_Sym>(sections_[i].sh_offset, sections_[i].sh_size / sizeof(Elf64_Sym), "the symbol table")) {
      if (row.st_shndx == SHN_UNDEF) continue;
      symbols.push_back({string_at(names, row.st_name), row.st_value, row.st_size, row.st_shndx, ELF64_ST_TYPE(row.st_info) == STT_FUNC});
    }
  }
  return symbols;
}

}  // namespace vitruvian::runtime
