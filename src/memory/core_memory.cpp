#include "src/memory/core_memory.h"

#include <sys/mman.h>

#include <algorithm>

namespace vitruvian::memory {

namespace {

// Sets or clears bits [first, first + count) of a bitmap of bytes.
void fill_bits(std::uint8_t* map, std::uint64_t first, std::uint64_t count, bool value) {
  const std::uint64_t last = first + count;
  const auto put = [&](std::uint64_t byte, unsigned mask) {
    if (value) map[byte] = static_cast<std::uint8_t>(map[byte] | mask);
    else map[byte] = static_cast<std::uint8_t>(map[byte] & ~mask);
  };
  const std::uint64_t b0 = first / 8, b1 = last / 8;
  if (b0 == b1) {
    put(b0, ((1u << (last % 8)) - 1u) & ~((1u << (first % 8)) - 1u));
    return;
  }
  if (first % 8) put(b0, 0xffu & ~((1u << (first % 8)) - 1u));
  const std::uint64_t full = (first + 7) / 8;
  std::memset(map + full, value ? 0xff : 0, b1 - full);
  if (last % 8) put(b1, (1u << (last % 8)) - 1u);
}

bool any_bit(const std::uint8_t* map, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t last = first + count;
  std::uint64_t i = first;
  for (; i < last && i % 8; ++i)
    if (map[i / 8] >> (i % 8) & 1) return true;
  for (; i + 64 <= last; i += 64) {
    std::uint64_t word = 0;
    std::memcpy(&word, map + i / 8, sizeof word);
    if (word) return true;
  }
  for (; i < last; ++i)
    if (map[i / 8] >> (i % 8) & 1) return true;
  return false;
}

std::uint8_t* map_sparse(std::uint64_t bytes, const char* what) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw Error("the host refuses to map memory", what, "a sparse mapping of " + std::to_string(bytes) + " bytes", "failure");
  return static_cast<std::uint8_t*>(p);
}

}  // namespace

void Buffer::enable_marks() { unknown_.assign((bytes_ + 63) / 64 + 1, 0); }

void Buffer::mark(std::uint64_t address, std::uint64_t bytes, bool unknown) {
  if (unknown_.empty() || bytes == 0) return;
  ensure(address <= bytes_ && bytes <= bytes_ - address, "marked bytes lie inside their buffer");
  fill_bits(reinterpret_cast<std::uint8_t*>(unknown_.data()), address, bytes, unknown);
}

bool Buffer::any_unknown(std::uint64_t address, std::uint64_t bytes) const {
  return !unknown_.empty() && any_bit(reinterpret_cast<const std::uint8_t*>(unknown_.data()), address, bytes);
}

DeviceMemory::DeviceMemory(std::uint64_t base, std::uint64_t bytes) : base_(base), bytes_(bytes), data_(map_sparse(bytes, "device memory")) {}

DeviceMemory::~DeviceMemory() {
  munmap(data_, bytes_);
  if (marks_) munmap(marks_, bytes_ / 8 + 8);
}

DeviceMemory* DeviceMemory::find_other(std::uint64_t address, std::uint64_t bytes) const {
  for (DeviceMemory* other : others_)
    if (other->owns(address, bytes)) return other;
  return nullptr;
}

DeviceMemory& DeviceMemory::get_other(std::uint64_t address) const {
  DeviceMemory* other = find_other(address, 1);
  ensure(other != nullptr, "an address of device memory lies in a window that the die sees");
  return *other;
}

bool DeviceMemory::has_marks() const {
  return marks_ != nullptr || std::any_of(others_.begin(), others_.end(), [](const DeviceMemory* other) { return other->marks_ != nullptr; });
}

void DeviceMemory::mark(std::uint64_t address, std::uint64_t bytes, bool unknown) {
  if (bytes == 0) return;
  if (!owns(address, bytes) && !others_.empty()) return get_other(address).mark(address, bytes, unknown);
  ensure(owns(address, bytes), "marked bytes lie inside device memory");
  if (!marks_) {
    if (!unknown) return;
    marks_ = map_sparse(bytes_ / 8 + 8, "marks of device memory");
    marked_pages_.assign((bytes_ >> kPageShift) + 1, 0);
  }
  if (unknown) {
    const std::uint64_t last = (address - base_ + bytes - 1) >> kPageShift;
    for (std::uint64_t page = (address - base_) >> kPageShift; page <= last; ++page) marked_pages_[page] = 1;
  }
  if (remembers_ && had_marks_) save_pages((address - base_) / 8, (address - base_ + bytes - 1) / 8);
  fill_bits(marks_, address - base_, bytes, unknown);
}

void DeviceMemory::remember_marks() {
  remembers_ = true;
  had_marks_ = marks_ != nullptr;
  saved_.clear();
}

void DeviceMemory::save_pages(std::uint64_t first_byte, std::uint64_t last_byte) {
  for (std::uint64_t page = first_byte / kSavedPage; page <= last_byte / kSavedPage; ++page) {
    const auto [at, fresh] = saved_.try_emplace(page);
    // The bitmap is rounded up to whole pages by the host.
    if (fresh) at->second.assign(marks_ + page * kSavedPage, marks_ + (page + 1) * kSavedPage);
  }
}

void DeviceMemory::undo_marks() {
  if (!had_marks_) clear_marks();
  for (const auto& [page, bytes] : saved_) std::copy(bytes.begin(), bytes.end(), marks_ + page * kSavedPage);
  keep_marks();
}

void DeviceMemory::keep_marks() {
  remembers_ = false;
  saved_.clear();
}

bool DeviceMemory::any_unknown(std::uint64_t address, std::uint64_t bytes) const {
  if (bytes == 0) return false;
  if (!owns(address, bytes) && !others_.empty()) return get_other(address).any_unknown(address, bytes);
  if (!marks_) return false;
  // Most pages were never marked: their bits need no look.
  const std::uint64_t last = (address - base_ + bytes - 1) >> kPageShift;
  for (std::uint64_t page = (address - base_) >> kPageShift; page <= last; ++page)
    if (marked_pages_[page]) return any_bit(marks_, address - base_, bytes);
  return false;
}

void DeviceMemory::clear_marks() {
  if (marks_) munmap(marks_, bytes_ / 8 + 8);
  marks_ = nullptr;
  marked_pages_.clear();
}

namespace {

// Calls visit(address) for each run of the set; visit returns false to stop.
template <typename Visit>
void for_runs(const Access& a, Visit visit) {
  for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
    for (std::uint32_t i0 = 0; i0 < a.n0; ++i0)
      if (!visit(a.base + static_cast<std::uint64_t>(i1 * a.stride1 + i0 * a.stride0))) return;
}

}  // namespace

void mark_written(CoreMemory& memory, const Footprint& footprint, bool unknown) {
  for (const Access& a : footprint) {
    if (!a.write) continue;
    Buffer* buffer = memory.find(a.space);
    if (buffer && !buffer->marks_enabled()) continue;
    for_runs(a, [&](std::uint64_t at) {
      if (buffer) buffer->mark(at, a.bytes, unknown);
      else memory.gm->mark(at, a.bytes, unknown);
      return true;
    });
  }
}

bool reads_unknown(CoreMemory& memory, const Footprint& footprint, bool with_bounding) {
  bool found = false;
  for (const Access& a : footprint) {
    if (a.write || (a.bounding && !with_bounding) || found) continue;
    const Buffer* buffer = memory.find(a.space);
    if (buffer && !buffer->marks_enabled()) continue;
    for_runs(a, [&](std::uint64_t at) {
      found = buffer ? buffer->any_unknown(at, a.bytes) : memory.gm->any_unknown(at, a.bytes);
      return !found;
    });
  }
  return found;
}

}  // namespace vitruvian::memory
