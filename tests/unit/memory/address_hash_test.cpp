#include "src/memory/address_hash.h"

#include <algorithm>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using vitruvian::memory::AddressHash;

TEST_CASE("aligned groups of blocks fall on all units") {
  const AddressHash hash(8);
  for (std::uint64_t group = 0; group < 1000; ++group) {
    unsigned seen = 0;
    for (std::uint64_t i = 0; i < 8; ++i) seen |= 1u << hash(group * 8 + i);
    REQUIRE(seen == 0xff);
  }
}

TEST_CASE("no usual row pitch piles up on few units") {
  for (const std::uint32_t count : {4u, 7u, 8u}) {
    const AddressHash hash(count);
    for (const std::uint64_t pitch : {8u, 16u, 48u, 64u, 96u, 128u, 1024u, 4096u, 12288u}) {
      std::vector<int> load(count);
      for (std::uint64_t i = 0; i < 4096; ++i) ++load[hash(i * pitch)];
      CAPTURE(count, pitch);
      REQUIRE(*std::max_element(load.begin(), load.end()) < 4096 / static_cast<int>(count) * 5 / 4);
    }
  }
}
