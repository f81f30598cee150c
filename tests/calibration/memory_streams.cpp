// Published memory measurements beside the model: memory_streams [chip] [only=TEXT] [path=value ...]
//
// L2 is cold and clean at the start of the copies, warm in the cases that say so; vector add on many cores and the sweep of
// writes start with what an identical run left (dirty lines). Measured values are of a 910B1 at 1.85 GHz;
// sources in docs/memory_calibration.md.
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include <fmt/format.h>

#include "src/chip/chip_spec.h"
#include "tests/calibration/memory_programs.h"

namespace vitruvian::calibration {

namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr Cycle kSync = 50;  // set_flag, wait_flag and the scalar unit's part between two dependent pipes

struct Bench {
  const chip::ChipSpec& spec;
  MachineTiming timing;
  std::string only = {};  // runs the cases whose name holds it

  double us(Cycle cycles) const { return spec.us_from_cycles(static_cast<double>(cycles)); }

  void row(const char* name, double measured, double model, const char* unit, MemoryMachine& machine, Cycle cycles, double seconds) {
    const auto c = machine.path().counters(cycles);
    fmt::print("{:<46} {:>9.2f} {:>9.2f} {:<6} {:>+6.1f} %   hbm {:>6.1f}/{:<5.1f} MB  miss {:>4.1f} %  busy l2 {:.2f} hbm {:.2f}  {:>5.1f} M req/s of CPU time{}\n",
               name, measured, model, unit, 100 * (model / measured - 1), static_cast<double>(c.hbm_bytes_read) * 1e-6,
               static_cast<double>(c.hbm_bytes_written) * 1e-6, 100 * static_cast<double>(c.l2_misses) / static_cast<double>(c.requests),
               c.l2_busy_share, c.hbm_busy_share, static_cast<double>(c.requests) * 1e-6 / seconds,
               machine.late() ? fmt::format("  LATE {}", machine.late()) : "");
  }

  template <class Metric>
  void run(const char* name, double measured, const char* unit, bool aic, std::uint32_t cores, std::uint64_t warm_bytes,
           std::function<std::vector<std::unique_ptr<Program>>()> make, Metric metric, bool second_run = false) {
    if (std::string(name).find(only) == std::string::npos) return;
    MemoryMachine machine(timing, aic, cores);
    machine.path().start_cold();
    if (second_run) {  // L2 as an identical run before left it
      auto before = make();
      machine.run(before);
      machine.restart();
    }
    auto programs = make();
    if (warm_bytes) machine.path().warm(0, warm_bytes);
    const std::clock_t begin = std::clock();
    const Cycle cycles = machine.run(programs);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    row(name, measured, metric(cycles, machine), unit, machine, cycles, seconds);
  }

  void matrix(const char* name, double measured_us, bool aic, MatrixTiles tiles) {
    const std::uint32_t cores = aic ? 24 : 48;
    tiles.cores = cores;
    tiles.rows = 12288;
    run(name, measured_us, "us", aic, cores, 0, [=] { return stream(cores, {.next = tiles}); }, [&](Cycle c, MemoryMachine&) { return us(c); });
  }

  // One transfer of one core, L2 warm: cycles from its start to its end.
  void single(const char* name, double measured_cycles, bool aic, std::uint32_t bytes, bool write = false) {
    const auto next = [=](std::uint32_t, std::uint32_t i) {
      mte::Transfer t;
      if (i == 0) t.gm.bytes = bytes;
      return t;
    };
    run(name, measured_cycles, "cycles", aic, 1, kMiB, [=] { return stream(1, {.next = next, .direction = write ? mte::Direction::write : mte::Direction::read}); },
        [](Cycle c, MemoryMachine&) { return static_cast<double>(c); });
  }

  // All cores stream their own warm region again and again.
  void hits(const char* name, double measured_tbs, bool aic, std::uint32_t cores, MatrixTiles tiles) {
    tiles.cores = cores;
    run(name, measured_tbs, "TB/s", aic, cores, 2 * tiles.rows * tiles.columns, [=] { return stream(cores, {.next = tiles}); },
        [&](Cycle c, MemoryMachine& m) { return static_cast<double>(m.payload()) / us(c) * 1e-6; });
  }

  // 48 AIV, one transfer of `bytes` at a time each: GB/s of a core.
  void sweep(double measured_gbs, std::uint32_t bytes, bool write = false) {
    const auto count = static_cast<std::uint32_t>((write ? 6 : 2) * kMiB / bytes);
    const auto next = [=](std::uint32_t core, std::uint32_t i) {
      mte::Transfer t;
      t.gm.base = (std::uint64_t{core} * count + i) * bytes;
      t.gm.bytes = i < count ? bytes : 0;
      return t;
    };
    run(fmt::format("48 AIV, {} KiB a transfer, {}", bytes / 1024.0, write ? "UB->GM" : "GM->UB").c_str(), measured_gbs, "GB/s", false, 48, 0,
        [=] { return stream(48, {.next = next, .ahead = 1, .gap = 2 * kSync, .direction = write ? mte::Direction::write : mte::Direction::read}); },
        [&](Cycle c, MemoryMachine& m) { return static_cast<double>(m.payload()) / 48 / us(c) * 1e-3; }, write);
  }

  void add(const char* name, double measured_us, std::uint32_t cores, std::uint32_t tile, std::uint32_t buffers) {
    constexpr std::uint64_t kTensor = 8192ull * 8192 * 2;
    const AddShape shape{.x = 0, .y = kTensor, .z = 2 * kTensor, .bytes_per_core = kTensor / cores / tile * tile, .tile = tile, .buffers = buffers,
                         .vector_cycles = 20 + tile / 128, .sync = kSync};
    run(name, measured_us, "us", false, cores, 0, [=] { return vector_add(cores, shape); }, [&](Cycle c, MemoryMachine&) { return us(c); }, cores > 1);
  }
};

void all(Bench& b) {
  using enum mte::Shape;
  fmt::print("{:<46} {:>9} {:>9}\n", "case (EX-data_copy: MTE2 time)", "measured", "model");
  b.matrix("GM->UB, [1,64], a row an instruction", 548.16, false, {.columns = 12288, .tile_rows = 64, .tile_columns = 64, .row_each = true});
  b.matrix("GM->UB, tile [64,64]", 220.77, false, {.columns = 12288, .tile_rows = 64, .tile_columns = 64});
  b.matrix("GM->UB, tile [64,1024]", 202.66, false, {.columns = 12288, .tile_rows = 64, .tile_columns = 1024});
  b.matrix("GM->UB, tile [64,1024], N=12287", 259.05, false, {.columns = 12287, .tile_rows = 64, .tile_columns = 1024});
  b.matrix("GM->L1 ND2NZ, tile [64,64]", 283.51, true, {.columns = 12288, .tile_rows = 64, .tile_columns = 64, .shape = nd2nz});
  b.matrix("GM->L1 ND2NZ, tile [64,256]", 214.52, true, {.columns = 12288, .tile_rows = 64, .tile_columns = 256, .shape = nd2nz});
  b.matrix("GM->L1 ND2NZ, tile [64,256], N=12287", 422.52, true, {.columns = 12287, .tile_rows = 64, .tile_columns = 256, .shape = nd2nz});
  b.hits("L2 hits, 48 AIV, [64,1024]", 5.96, false, 48, {.rows = 12288, .columns = 4096, .tile_rows = 64, .tile_columns = 1024});
  b.hits("L2 hits, 24 AIC, ND2NZ [64,256]", 5.0, true, 24, {.rows = 12288, .columns = 4096, .tile_rows = 64, .tile_columns = 256, .shape = nd2nz});
  b.hits("L2 hits, 24 AIC, [64,1024]", 5.0, true, 24, {.rows = 12288, .columns = 4096, .tile_rows = 64, .tile_columns = 1024});
  fmt::print("one core, one instruction (MSKPP)\n");
  b.single("GM->L1, L2 warm, 1 KiB", 178, true, 1024);
  b.single("GM->L1, L2 warm, 16 KiB", 303, true, 16384);
  b.single("GM->L1, L2 warm, 64 KiB", 640, true, 65536);
  b.single("GM->L1, L2 warm, 512 KiB", 3356, true, 524288);
  b.single("GM->UB, L2 warm, 8 KiB (193 + B/126)", 193 + 8192 / 126.0, false, 8192);
  b.single("GM->UB, L2 warm, 64 KiB (193 + B/126)", 193 + 65536 / 126.0, false, 65536);
  b.single("UB->GM, 1 KiB", 155, false, 1024, true);
  fmt::print("vector add 8192 x 8192 fp16 (EX-add; task duration less 5 us of launch)\n");
  b.add("case 1: 1 core, 8 KiB tiles", 6904, 1, 8192, 1);
  b.add("case 2: 48 cores, 8 KiB tiles", 301.6, 48, 8192, 1);
  b.add("case 3: 48 cores, 32 KiB tiles", 263.5, 48, 32768, 1);
  b.add("case 4: double buffer", 259.0, 48, 32768, 2);
  fmt::print("size sweep (MCP charts, read by eye)\n");
  for (const auto& [kib, gbs] : {std::pair{0.5, 1.6}, {1.0, 3.1}, {2.0, 6.4}, {4.0, 12.6}, {8.0, 16.7}, {16.0, 29.0}, {32.0, 27.6}, {64.0, 33.3}, {192.0, 35.1}})
    b.sweep(gbs, static_cast<std::uint32_t>(kib * 1024));
  for (const auto& [kib, gbs] : {std::pair{4.0, 10.9}, {8.0, 15.0}, {16.0, 28.4}, {64.0, 33.0}, {160.0, 35.3}})
    b.sweep(gbs, static_cast<std::uint32_t>(kib * 1024), true);
}

}  // namespace

}  // namespace vitruvian::calibration

int main(int argc, char** argv) {
  using namespace vitruvian;
  std::string chip = "ascend910b1", only;
  std::map<std::string, double> overrides;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) chip = argument;
    else if (argument.starts_with("only=")) only = argument.substr(equals + 1);
    else overrides[argument.substr(0, equals)] = std::atof(argument.c_str() + equals + 1);
  }
  try {
    const chip::ChipSpec spec = chip::ChipSpec::load(chip, overrides);
    calibration::Bench bench{spec, {noc::L2Timing::from(spec), hbm_model::HbmTiming::from(spec), hbm_model::DramLink::from(spec), mte::make_dma_timing(spec)}, only};
    calibration::all(bench);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
