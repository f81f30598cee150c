// A bounds-checked view of an ELF64 little-endian file in memory: headers, sections, symbols. Nothing here trusts the file.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace vitruvian::runtime {

struct ElfSymbol {
  std::string name;
  std::uint64_t value = 0, size = 0;
  std::uint16_t section = 0;
  bool function = false;
};

class ElfFile {
 public:
  // Errors: Error for what is no RISC-V ELF64 position independent file, and for a truncated one.
  ElfFile(const std::vector<std::uint8_t>& bytes, std::string name);

  const std::vector<Elf64_Phdr>& program_headers() const { return program_headers_; }
  const std::vector<Elf64_Shdr>& sections() const { return sections_; }
  std::string section_name(std::size_t index) const;
  // Index of the first section of this name, 0 if there is none.
  std::size_t find_section(std::string_view section) const;
  // The file's bytes [offset, offset + size), `what` names them in the error.
  const std::uint8_t* at(std::uint64_t offset, std::uint64_t size, std::string_view what) const;
  std::string_view contents(std::size_t section) const;
  std::vector<ElfSymbol> symbols() const;

  template <class T>
  std::vector<T> table(std::uint64_t offset, std::uint64_t count, std::string_view what) const {
    if (count > bytes_.size()) refuse_truncated(offset, count * sizeof(T), what);
    const std::uint8_t* from = at(offset, count * sizeof(T), what);
    std::vector<T> rows(count);
    if (count) std::memcpy(rows.data(), from, count * sizeof(T));
    return rows;
  }

 private:
  void check_header() const;
  [[noreturn]] void refuse_truncated(std::uint64_t offset, std::uint64_t size, std::string_view what) const;

  const std::vector<std::uint8_t>& bytes_;
  std::string name_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> program_headers_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace vitruvian::runtime
