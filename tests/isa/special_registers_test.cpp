#include "isa/special_registers.h"

#include <catch2/catch_test_macros.hpp>

namespace vitruvian::isa {
namespace {

TEST_CASE("special registers are found by number and name") {
  REQUIRE(find_special_register(0x803) != nullptr);
  CHECK(find_special_register(0x803)->spr == Spr::CTRL);
  CHECK(find_special_register("CTRL") == find_special_register(0x803));
  CHECK(find_special_register("CTRL")->access == SprAccess::rw);
  CHECK(find_special_register("SYS_CNT")->access == SprAccess::ro);
  CHECK(find_special_register("RSVD_CNT")->access == SprAccess::result);
  CHECK(find_special_register(0x802) == nullptr);
  CHECK(find_special_register("NOT_THERE") == nullptr);
  for (const SprInfo& spr : special_registers()) {
    CHECK(find_special_register(spr.csr()) == &spr);
    CHECK(find_special_register(std::string_view(spr.name)) == &spr);
    CHECK(std::string(to_string(spr.spr)) == spr.name);
  }
}

TEST_CASE("CSR names cover special registers, the standard ones, and numbers") {
  CHECK(csr_name(0x801) == "BLOCKID");
  CHECK(csr_name(3) == "fcsr");
  CHECK(csr_name(0x7c0) == "0x7c0");
  CHECK(find_csr("frm") == 2);
  CHECK(find_csr("MASK1") == 0x881);
  CHECK_FALSE(find_csr("nothing").has_value());
}

}  // namespace
}  // namespace vitruvian::isa
