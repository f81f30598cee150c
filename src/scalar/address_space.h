// The scalar unit's view of memory: its private window, its copy of the program's data, the code, UB and global memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/memory/core_memory.h"
#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

class AddressSpace {
 public:
  AddressSpace(const Program& program, memory::CoreMemory& memory) : program_(program), memory_(memory) {}

  // Private memory as at the start of a kernel: the argument block at the start of the window, the rest zero.
  void reset(bool is_aic, std::span<const std::uint64_t> argument_block);

  // Memory of this core alone, which no other unit sees: its accesses take effect at once. nullptr: some other place.
  std::uint8_t* find_private(std::uint64_t address, std::uint64_t bytes) {
    if (address - kPrivateWindow < kPrivateBytes && kPrivateBytes - (address - kPrivateWindow) >= bytes) return window_.data() + (address - kPrivateWindow);
    const std::uint64_t offset = address - program_.private_base;
    if (offset < data_.size() && data_.size() - offset >= bytes) return data_.data() + offset;
    return nullptr;
  }
  // As find_private(), with the code, which is there to read.
  const std::uint8_t* find_readable(std::uint64_t address, std::uint64_t bytes) {
    if (const std::uint8_t* found = find_private(address, bytes)) return found;
    const std::uint64_t offset = address - program_.code_base;
    return offset < program_.code.size() && program_.code.size() - offset >= bytes ? program_.code.data() + offset : nullptr;
  }
  bool in_code(std::uint64_t address) const { return address - program_.code_base < program_.code.size(); }
  // UB or global memory, whose accesses take effect at their own cycle.
  std::optional<memory::Space> find_shared(std::uint64_t address, std::uint64_t bytes) const;

  bool any_unknown(const MemoryAccess& access) const;
  void read(const MemoryAccess& access, void* to) const;
  void write(const MemoryAccess& access, const void* from);
  bool peek(std::uint64_t address, std::span<std::uint8_t> bytes) const;

 private:
  const Program& program_;
  memory::CoreMemory& memory_;
  bool has_ub_ = false;
  std::vector<std::uint8_t> window_;  // argument block and stack
  std::vector<std::uint8_t> data_;    // .data and .bss
};

}  // namespace vitruvian::scalar
