#include "src/noc/request_calendar.h"

#include <random>
#include <tuple>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian;
using noc::RequestCalendar;

namespace {

memory::MemoryRequest request(std::uint16_t port, std::uint32_t tag) { return {.tag = tag, .bytes = 512, .port = port}; }

}  // namespace

TEST_CASE("requests come out by arrival, then port, then order of push") {
  RequestCalendar calendar(32);
  calendar.push(request(2, 0), 40);
  calendar.push(request(1, 1), 40);
  calendar.push(request(1, 2), 40);
  calendar.push(request(9, 3), 5);
  REQUIRE(calendar.next() == 32);
  std::vector<std::uint32_t> tags;
  calendar.drain(64, [&](const auto& r, auto) { tags.push_back(r.tag); });
  REQUIRE(tags == std::vector<std::uint32_t>{3, 1, 2, 0});
  REQUIRE(calendar.next() == memory::kNever);
}

TEST_CASE("a request at now waits, one before now is served") {
  RequestCalendar calendar(32);
  calendar.push(request(0, 0), 49);
  calendar.push(request(0, 1), 50);
  std::vector<std::uint32_t> tags;
  calendar.drain(50, [&](const auto& r, auto) { tags.push_back(r.tag); });
  REQUIRE(tags == std::vector<std::uint32_t>{0});
  calendar.push(request(0, 2), 50);
  REQUIRE_THROWS(calendar.push(request(0, 3), 49));
  calendar.drain(51, [&](const auto& r, auto) { tags.push_back(r.tag); });
  REQUIRE(tags == std::vector<std::uint32_t>{0, 1, 2});
}

TEST_CASE("the order does not depend on when the calendar is drained, near and far arrivals alike") {
  constexpr unsigned seed = 3;
  INFO("seed " << seed);
  const auto order = [](bool by_event) {
    std::mt19937 random(seed);
    RequestCalendar calendar(32);
    std::vector<std::tuple<memory::Cycle, std::uint16_t, std::uint32_t>> all, served;
    for (std::uint32_t i = 0; i < 5000; ++i) {
      const memory::Cycle arrival = random() % 300 == 0 ? random() % 1000000 : random() % 20000;
      const auto port = static_cast<std::uint16_t>(random() % 72);
      calendar.push(request(port, i), arrival);
      all.emplace_back(arrival, port, i);
    }
    memory::Cycle now = 0;
    const auto serve = [&](const auto& r, auto arrival) {
      REQUIRE(arrival < now);
      served.emplace_back(arrival, r.port, r.tag);
    };
    while (calendar.size() != 0) {
      now = by_event ? calendar.next() : now + 1 + random() % 700;
      calendar.drain(now, serve);
    }
    std::sort(all.begin(), all.end());
    REQUIRE(served == all);
  };
  order(true);
  order(false);
}
