// What the DWARF of an image says: source lines and parameters of functions. Read once, kept as sorted tables.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/runtime/image.h"

namespace vitruvian::runtime {

struct LineRow {
  std::uint64_t address = 0;
  std::uint32_t file = 0;  // index into DebugTables::files
  std::uint32_t line = 0;  // 0: from here on no line is known
};

struct DebugTables {
  std::vector<std::string> files;  // base names
  std::vector<LineRow> lines;      // sorted by address
  std::map<std::uint64_t, std::vector<Parameter>> signatures;  // by entry address, of the functions that were asked for
};

// Reads the tables of an ELF file that ElfFile has accepted. A file without DWARF, or with a broken one, gives empty tables:
// a kernel runs without them.
DebugTables read_debug_tables(const std::vector<std::uint8_t>& elf, const std::vector<std::uint64_t>& entries);

}  // namespace vitruvian::runtime
