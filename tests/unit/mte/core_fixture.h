// An AIC's buffers with random contents, and the naive layout functions that the tests compare against.
#pragma once

#include <bit>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "isa/control_words.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::test {

using Random = std::mt19937;

inline std::uint32_t up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit; }

inline void randomise(memory::Buffer& buffer, Random& random) {
  for (std::size_t i = 0; i < buffer.size(); ++i) buffer.data()[i] = static_cast<std::uint8_t>(random());
}

struct CubeCore {
  static constexpr std::uint64_t kGmBase = 0x100000, kGmBytes = 4 << 20;
  memory::CoreMemory memory;
  std::unique_ptr<memory::DeviceMemory> gm = std::make_unique<memory::DeviceMemory>(kGmBase, kGmBytes);

  explicit CubeCore(Random& random) {
    using memory::Buffer, memory::Space;
    memory.l1 = Buffer(Space::L1, 512 << 10);
    memory.l0a = Buffer(Space::L0A, 64 << 10);
    memory.l0b = Buffer(Space::L0B, 64 << 10);
    memory.l0c = Buffer(Space::L0C, 128 << 10);
    memory.bt = Buffer(Space::BT, 1 << 10);
    memory.fb = Buffer(Space::FB, 7 << 10);
    memory.ub = Buffer(Space::UB, 192 << 10);
    memory.gm = gm.get();
    for (Buffer* buffer : {&memory.l1, &memory.l0a, &memory.l0b, &memory.l0c, &memory.bt, &memory.fb, &memory.ub})
      randomise(*buffer, random);
    for (std::uint64_t i = 0; i < kGmBytes; ++i) gm->at(kGmBase)[i] = static_cast<std::uint8_t>(random());
  }
  std::vector<std::uint8_t> snapshot(const memory::Buffer& buffer) const { return {buffer.data(), buffer.data() + buffer.size()}; }
  std::vector<std::uint8_t> snapshot_gm() const { return {gm->at(kGmBase), gm->at(kGmBase) + kGmBytes}; }
};

template <typename Element>
Element get(const std::uint8_t* bytes, std::size_t at) {
  Element value;
  std::memcpy(&value, bytes + at, sizeof value);
  return value;
}

template <typename Element>
void put(std::uint8_t* bytes, std::size_t at, Element value) {
  std::memcpy(bytes + at, &value, sizeof value);
}

}  // namespace vitruvian::test
