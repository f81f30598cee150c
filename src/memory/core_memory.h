// The storage of one core: on-chip buffers and a view of device memory, with the "unknown" marks of timing-only runs.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>
#include <vector>

#include "src/memory/space.h"

namespace vitruvian::memory {

// One on-chip buffer. Bytes are zero at reset. With marks enabled, one bit per byte says "not computed".
class Buffer {
 public:
  Buffer() = default;
  Buffer(Space space, std::size_t bytes) : space_(space), data_(bytes + kSlack) , bytes_(bytes) {}
  Space space() const { return space_; }
  std::size_t size() const { return bytes_; }
  std::uint8_t* data() { return data_.data(); }
  const std::uint8_t* data() const { return data_.data(); }

  void enable_marks();                                  // timing-only runs
  bool marks_enabled() const { return !unknown_.empty(); }
  void mark(std::uint64_t address, std::uint64_t bytes, bool unknown);
  bool any_unknown(std::uint64_t address, std::uint64_t bytes) const;

 private:
  static constexpr std::size_t kSlack = 64;  // vector loads may read past the end, never write
  Space space_ = Space::UB;
  std::vector<std::uint8_t> data_;
  std::size_t bytes_ = 0;
  std::vector<std::uint64_t> unknown_;
};

// Device memory of one die: one sparse mapping, so that 64 GB cost nothing until touched. Beyond its own window a die can see
// those of the other die and of peers on the fabric.
class DeviceMemory {
 public:
  DeviceMemory(std::uint64_t base, std::uint64_t bytes);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  std::uint64_t base() const { return base_; }
  std::uint64_t size() const { return bytes_; }
  // Another window that this die's cores reach; it outlives this one's use.
  void see(DeviceMemory& other) { others_.push_back(&other); }
  // In this die's own window.
  bool owns(std::uint64_t address, std::uint64_t bytes) const {
    return address >= base_ && bytes <= bytes_ && address - base_ <= bytes_ - bytes;
  }
  // In one of the windows that this die sees.
  bool contains(std::uint64_t address, std::uint64_t bytes) const { return owns(address, bytes) || find_other(address, bytes) != nullptr; }
  // Pointer to device address; the caller has checked contains().
  std::uint8_t* at(std::uint64_t address) {
    const std::uint64_t offset = address - base_;
    return offset < bytes_ || others_.empty() ? data_ + offset : get_other(address).at(address);
  }
  const std::uint8_t* at(std::uint64_t address) const { return const_cast<DeviceMemory*>(this)->at(address); }

  // "Not computed" marks, one bit per byte, in a second sparse mapping that is made on first use.
  void mark(std::uint64_t address, std::uint64_t bytes, bool unknown);
  bool any_unknown(std::uint64_t address, std::uint64_t bytes) const;
  void clear_marks();
  bool has_marks() const;  // or a window that the die sees
  // Remembers the marks as they are now until undo_marks() or keep_marks(): mode automatic tries a run.
  void remember_marks();
  void undo_marks();
  void keep_marks();

 private:
  void save_pages(std::uint64_t first_byte, std::uint64_t last_byte);
  DeviceMemory* find_other(std::uint64_t address, std::uint64_t bytes) const;
  DeviceMemory& get_other(std::uint64_t address) const;

  std::uint64_t base_, bytes_;
  std::uint8_t* data_ = nullptr;
  std::uint8_t* marks_ = nullptr;
  static constexpr unsigned kPageShift = 16;
  std::vector<std::uint8_t> marked_pages_;  // pages of marks_ that ever had a mark
  std::vector<DeviceMemory*> others_;
  bool remembers_ = false, had_marks_ = false;
  static constexpr std::uint64_t kSavedPage = 4096;                        // bytes of the bitmap that are saved at once
  std::unordered_map<std::uint64_t, std::vector<std::uint8_t>> saved_;     // by page, before the first change
};

// Registers that pipe operations write and the scalar unit reads back.
struct ResultRegisters {
  std::uint64_t cmpmask[2] = {0, 0};  // lanes 0..63, 64..127; written by vcmp and set_cmpmask, read by vsel mode 0
  std::uint64_t rsvd_cnt = 0;         // kept elements of the last vreducev2
  std::uint64_t acc_val = 0;          // bits of the sum of the last vcadd (GetAccVal)
  std::uint64_t max_min_cnt = 0;      // value 31:0 and index 63:32 of the last vcmax/vcmin
  std::uint64_t vms4_sr = 0;          // consumed elements of the four lists of the last vmrgsort4, 16 bits each
  bool unknown = false;               // timing-only: a skipped operation would have written one of them
};

// Everything an operation's execute() may touch.
struct CoreMemory {
  Buffer ub, l1, l0a, l0b, l0c, bt, fb;
  DeviceMemory* gm = nullptr;
  ResultRegisters result;

  Buffer* find(Space space) {
    switch (space) {
      case Space::UB: return &ub;
      case Space::L1: return &l1;
      case Space::L0A: return &l0a;
      case Space::L0B: return &l0b;
      case Space::L0C: return &l0c;
      case Space::BT: return &bt;
      case Space::FB: return &fb;
      default: return nullptr;
    }
  }
};

// Marks every byte of the written sets of a footprint as unknown (or known).
void mark_written(CoreMemory& memory, const Footprint& footprint, bool unknown);
// True if the read sets hold an unknown byte; bounding ones count where asked for.
bool reads_unknown(CoreMemory& memory, const Footprint& footprint, bool with_bounding = false);

}  // namespace vitruvian::memory
