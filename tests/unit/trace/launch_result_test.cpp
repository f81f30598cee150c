#include <catch2/catch_test_macros.hpp>

#include "tests/support/fake_result.h"

using namespace vitruvian;

TEST_CASE("pipes() sums over cores and total() is busy, stalls and idle") {
  const auto pipes = test::fake_result().pipes();
  REQUIRE(pipes.size() == 3);
  CHECK(pipes.at("M").busy == 1200);
  CHECK(pipes.at("S").busy == 290);
  CHECK(pipes.at("M").total() == 1800);
  CHECK(pipes.at("V").total() == 900);
}

TEST_CASE("the words of modes, synchronisation and L2 states read back") {
  for (Mode mode : {Mode::full, Mode::timing_only, Mode::functional_only, Mode::automatic}) CHECK(mode_from(to_string(mode)) == mode);
  for (Sync sync : {Sync::automatic, Sync::strict}) CHECK(sync_from(to_string(sync)) == sync);
  for (L2State state : {L2State::cold, L2State::warm, L2State::carried}) CHECK(l2_state_from(to_string(state)) == state);
  CHECK_THROWS_AS(mode_from("fast"), Error);
  CHECK_THROWS_AS(sync_from(""), Error);
  CHECK_THROWS_AS(l2_state_from("hot"), Error);
}
