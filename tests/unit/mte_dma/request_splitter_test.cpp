#include "src/mte/request_splitter.h"

#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian;
using mte::Piece;
using mte::RequestSplitter;

namespace {

memory::Access rows(std::uint64_t base, std::uint32_t bytes, std::uint32_t n0 = 1, std::int64_t stride0 = 0) {
  memory::Access a;
  a.base = base;
  a.bytes = bytes;
  a.n0 = n0;
  a.stride0 = stride0;
  return a;
}

std::vector<std::pair<std::uint64_t, int>> pieces(const memory::Access& access, bool write = false, std::uint32_t largest = 512) {
  std::vector<std::pair<std::uint64_t, int>> all;
  std::uint64_t payload = 0;
  for (RequestSplitter splitter(access, write, largest); !splitter.done();) {
    const Piece piece = splitter.next();
    REQUIRE(piece.address % piece.bytes == 0);
    payload += piece.payload;
    all.emplace_back(piece.address, piece.bytes);
  }
  REQUIRE(payload == access.total_bytes());
  return all;
}

using Expected = std::vector<std::pair<std::uint64_t, int>>;

}  // namespace

TEST_CASE("an aligned row is cut into 512 B, a tail into what fits and a 128 B end") {
  REQUIRE(pieces(rows(1024, 1024)) == Expected{{1024, 512}, {1536, 512}});
  REQUIRE(pieces(rows(0, 512 + 256 + 128 + 2)) == Expected{{0, 512}, {512, 256}, {768, 128}, {896, 128}});
}

TEST_CASE("a row climbs to its alignment from its own first byte") {
  REQUIRE(pieces(rows(128, 1024)) == Expected{{128, 128}, {256, 256}, {512, 512}, {1024, 128}});
  REQUIRE(pieces(rows(130, 512)) == Expected{{128, 128}, {256, 256}, {512, 128}, {640, 128}});
  REQUIRE(pieces(rows(100, 2)) == Expected{{0, 128}});
  REQUIRE(pieces(rows(126, 4)) == Expected{{0, 128}, {128, 128}});
}

TEST_CASE("contiguous short rows of the listed sizes merge, others count each on its own") {
  REQUIRE(pieces(rows(0, 64, 8, 64)) == Expected{{0, 512}});
  REQUIRE(pieces(rows(0, 96, 2, 96)) == Expected{{0, 128}, {0, 128}, {128, 128}});  // 96 is not in the list
  REQUIRE(pieces(rows(0, 96, 4, 96), true) == Expected{{0, 256}, {256, 128}});     // writes merge up to 256 B
  REQUIRE(pieces(rows(0, 64, 2, 128)) == Expected{{0, 128}, {128, 128}});
}

TEST_CASE("a transfer with a smaller largest request uses it") {
  REQUIRE(pieces(rows(0, 512), true, 256) == Expected{{0, 256}, {256, 256}});
}

TEST_CASE("two levels of rows come in order, an empty access has none") {
  memory::Access a = rows(0, 128, 2, 1024);
  a.n1 = 2;
  a.stride1 = 8192;
  REQUIRE(pieces(a) == Expected{{0, 128}, {1024, 128}, {8192, 128}, {9216, 128}});
  REQUIRE(pieces(rows(0, 0)).empty());
}
