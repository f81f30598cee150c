// The DRAM commands that kernels' transfers cause behind L2 keep every constraint, as the independent checker reads them.
#include <catch2/catch_test_macros.hpp>

#include "src/chip/chip_spec.h"
#include "tests/calibration/memory_programs.h"
#include "tests/support/dram_checker.h"

using namespace vitruvian;
using namespace vitruvian::calibration;

namespace {

struct Checked {
  explicit Checked(bool aic, std::uint32_t cores)
      : spec(chip::ChipSpec::load("ascend910b1")),
        dram(chip::DramSpec::load(spec.dram(), {{"organisation.stacks", spec.get(chip::Param::hbm_stacks)}})),
        checker(dram),
        machine({noc::L2Timing::from(spec), hbm_model::HbmTiming::from(spec), hbm_model::DramLink::from(spec), mte::make_dma_timing(spec)}, aic, cores) {
    machine.path().start_cold();
  }
  // Runs from the time that the last run left the lines dirty.
  void run(std::vector<std::unique_ptr<Program>> programs) {
    machine.restart();
    checker = test::DramChecker(dram);
    machine.path().observe(&checker);
    machine.run(programs);
    INFO(checker.first());
    CHECK(checker.violations() == 0);
  }

  chip::ChipSpec spec;
  chip::DramSpec dram;
  test::DramChecker checker;
  MemoryMachine machine;
};

}  // namespace

TEST_CASE("the DRAM commands of a vector addition whose lines evict dirty ones keep every constraint") {
  constexpr std::uint32_t kCores = 48;
  constexpr std::uint64_t kTensor = 128u << 20;
  Checked checked(false, kCores);
  const AddShape shape{.x = 0, .y = kTensor, .z = 2 * kTensor, .bytes_per_core = kTensor / kCores / 32768 * 32768, .tile = 32768, .buffers = 2,
                       .vector_cycles = 276, .sync = 50};
  checked.run(vector_add(kCores, shape));
  checked.run(vector_add(kCores, shape));
  CHECK(checked.checker.commands() > 12'000'000);  // 403 MB in bursts of 32 B
  CHECK(checked.machine.path().counters(0).hbm_bytes_written > 120'000'000);
}

TEST_CASE("the DRAM commands of ND2NZ loads of small tiles keep every constraint") {
  Checked checked(true, 24);
  checked.run(stream(24, {.next = MatrixTiles{.rows = 3072, .columns = 12288, .tile_rows = 64, .tile_columns = 64, .cores = 24, .shape = mte::Shape::nd2nz}}));
  CHECK(checked.checker.commands() > 2'000'000);
}
