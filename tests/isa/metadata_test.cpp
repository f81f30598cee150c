#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "isa/formats.h"
#include "isa/instruction.h"
#include "isa/table.h"

namespace vitruvian::isa {
namespace {

TEST_CASE("the table answers for each operation") {
  CHECK(std::string(mnemonic(Op::mad_bf16)) == "mad_bf16");
  CHECK(pipe_of(Op::mad_bf16) == Pipe::M);
  CHECK(cost_class(Op::mad_bf16) == "mad");
  CHECK(operand_count(Op::mad_bf16) == 4);
  CHECK(operand_count(Op::copy_gm_to_ubuf) == 3);
  CHECK(operand_count(Op::set_flag) == 1);
  CHECK(is_pipe_operation(Op::set_flag));
  CHECK(pipe_of(Op::set_flag) == Pipe::S);

  CHECK(std::string(mnemonic(Op::c_lwsp)) == "c.lwsp");
  CHECK_FALSE(is_pipe_operation(Op::c_lwsp));
  CHECK(pipe_of(Op::add) == Pipe::S);
  CHECK(cost_class(Op::add).empty());
  CHECK(operand_count(Op::add) == 0);
  CHECK(source_of(Op::add) == "RISC-V ISA manual");
  CHECK(std::string(mnemonic(Op::illegal)) == "illegal");
}

TEST_CASE("rows are indexed by their operation, have text and source, and unique mnemonics") {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < kRowCount; ++i) {
    const Row& row = kRows[i];
    CHECK(static_cast<std::size_t>(row.op) == i);
    CHECK(seen.insert(row.mnemonic).second);
    if (row.op == Op::illegal) continue;
    CHECK_FALSE(operation_text(row.op).empty());
    CHECK_FALSE(source_of(row.op).empty());
    CHECK(cost_class(row.op).empty() == !row.is_pipe_operation);
    const bool is_pipe_format = row.format == Format::P4 || row.format == Format::P3 || row.format == Format::PI;
    CHECK(is_pipe_format == row.is_pipe_operation);
    if (row.format == Format::PI) CHECK(row.pipe == Pipe::S);
  }
}

TEST_CASE("pipe names") {
  CHECK(std::string(to_string(Pipe::MTE2)) == "MTE2");
  CHECK(std::string(to_string(Pipe::FIX)) == "FIX");
  CHECK(std::string(to_string(static_cast<Pipe>(9))) == "?");
}

}  // namespace
}  // namespace vitruvian::isa
