#include "src/report/table.h"

#include <catch2/catch_test_macros.hpp>

#include "vitruvian/error.h"

using namespace vitruvian::report;

TEST_CASE("a table aligns words to the left and numbers to the right") {
  Table table({"<pipe", "busy"});
  table.add({"M", "5"});
  table.add({"MTE2", "12 345"});
  CHECK(table.text() ==
        "pipe    busy\n"
        "----  ------\n"
        "M          5\n"
        "MTE2  12 345\n");
  CHECK(table.markdown() ==
        "| pipe | busy |\n"
        "| :-- | --: |\n"
        "| M | 5 |\n"
        "| MTE2 | 12 345 |\n");
}

TEST_CASE("a row of another length is a bug") {
  Table table({"a", "b"});
  CHECK_THROWS_AS(table.add({"1"}), std::logic_error);
}

TEST_CASE("numbers are grouped in threes") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1 000");
  CHECK(grouped(1234567) == "1 234 567");
  CHECK(percent(0.7564) == "75.6 %");
}
