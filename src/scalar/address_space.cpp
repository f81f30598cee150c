#include "src/scalar/address_space.h"

#include <algorithm>
#include <cstring>

#include "vitruvian/error.h"

namespace vitruvian::scalar {

void AddressSpace::reset(bool is_aic, std::span<const std::uint64_t> argument_block) {
  has_ub_ = !is_aic;
  window_.assign(kPrivateBytes, 0);
  data_ = program_.private_data;
  if (argument_block.size_bytes() > kPrivateBytes / 2)
    throw Error("the kernel's arguments do not fit", "argument block", "at most " + std::to_string(kPrivateBytes / 2) + " bytes", std::to_string(argument_block.size_bytes()));
  if (!argument_block.empty()) std::memcpy(window_.data(), argument_block.data(), argument_block.size_bytes());
}

std::optional<memory::Space> AddressSpace::find_shared(std::uint64_t address, std::uint64_t bytes) const {
  const std::uint64_t ub = memory_.ub.size(), offset = address - kUbWindow;
  if (has_ub_ && offset < ub && ub - offset >= bytes) return memory::Space::UB;
  if (memory_.gm && memory_.gm->contains(address, bytes)) return memory::Space::GM;
  return std::nullopt;
}

bool AddressSpace::any_unknown(const MemoryAccess& access) const {
  return access.space == memory::Space::UB ? memory_.ub.any_unknown(access.address - kUbWindow, access.bytes) : memory_.gm->any_unknown(access.address, access.bytes);
}

void AddressSpace::read(const MemoryAccess& access, void* to) const {
  const std::uint8_t* from = access.space == memory::Space::UB ? memory_.ub.data() + (access.address - kUbWindow) : memory_.gm->at(access.address);
  std::memcpy(to, from, access.bytes);
}

void AddressSpace::write(const MemoryAccess& access, const void* from) {
  if (access.space == memory::Space::UB) {
    std::memcpy(memory_.ub.data() + (access.address - kUbWindow), from, access.bytes);
    memory_.ub.mark(access.address - kUbWindow, access.bytes, false);
  } else {
    std::memcpy(memory_.gm->at(access.address), from, access.bytes);
    memory_.gm->mark(access.address, access.bytes, false);
  }
}

bool AddressSpace::peek(std::uint64_t address, std::span<std::uint8_t> bytes) const {
  // find_readable() has no other effect than to look; it is not const because its twin hands out writable memory.
  if (const std::uint8_t* found = const_cast<AddressSpace*>(this)->find_readable(address, bytes.size())) {
    std::copy_n(found, bytes.size(), bytes.begin());
    return true;
  }
  const auto space = find_shared(address, bytes.size());
  if (!space) return false;
  read({address, static_cast<std::uint32_t>(bytes.size()), false, *space}, bytes.data());
  return true;
}

}  // namespace vitruvian::scalar
