// GFLOP/s (int8: GOP/s) of each host path of the cube on a 128 x 256 x 64 tile in the real layouts, beside OpenBLAS sgemm.
#include <cblas.h>
#include <fmt/format.h>

#include <chrono>
#include <random>

#include "cube_unit/mad.h"

using namespace vitruvian;

namespace {

constexpr std::uint32_t kM = 128, kN = 256;

template <typename Run>
double operations_per_second(double operations, Run run) {
  using Clock = std::chrono::steady_clock;
  run();
  double best = 0;
  for (int trial = 0; trial < 5; ++trial) {
    const auto start = Clock::now();
    int count = 0;
    double seconds = 0;
    do {
      for (int i = 0; i < 16; ++i, ++count) run();
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    } while (seconds < 0.05);
    best = std::max(best, operations * count / seconds);
  }
  return best;
}

memory::CoreMemory random_core() {
  memory::CoreMemory core;
  constexpr std::size_t kKiB = 1024;
  core.l0a = memory::Buffer(memory::Space::L0A, 64 * kKiB);
  core.l0b = memory::Buffer(memory::Space::L0B, 64 * kKiB);
  core.l0c = memory::Buffer(memory::Space::L0C, 128 * kKiB);
  core.bt = memory::Buffer(memory::Space::BT, kKiB);
  std::mt19937 random(1);
  for (memory::Buffer* buffer : {&core.l0a, &core.l0b})
    for (std::size_t i = 0; i < buffer->size(); ++i)  // the high byte of each half word: values near 1
      buffer->data()[i] = static_cast<std::uint8_t>(i % 2 ? 0x3f - (random() & 1) : random());
  return core;
}

void bench_mad(const char* name, isa::Op op, std::uint32_t k) {
  memory::CoreMemory core = random_core();
  pipe::Issued issued;
  issued.op = op;
  namespace f = isa::mmad;
  issued.operand[3] = f::m.put(kM) | f::n.put(kN) | f::k.put(k) | f::zero_init.put(1);
  const cube_unit::Mad mad = cube_unit::mad_of(issued);
  const cube_unit::KernelList list = cube_unit::runnable_kernels();
  fmt::print("{:5} {}x{}x{}:", name, kM, kN, k);
  for (std::size_t i = 0; i < list.size; ++i) {
    const double rate = operations_per_second(2.0 * kM * kN * k, [&] { cube_unit::execute_mad(mad, core, *list.items[i]); });
    fmt::print("  {} {:.1f}", list.items[i]->name, rate * 1e-9);
  }
  fmt::print("\n");
}

}  // namespace

int main() {
  bench_mad("bf16", isa::Op::mad_bf16, 64);
  bench_mad("f16", isa::Op::mad_f16, 64);
  bench_mad("f32", isa::Op::mad_f32, 32);
  bench_mad("s8", isa::Op::mad_s8, 128);
  bench_mad("s4", isa::Op::mad_s4, 128);
  openblas_set_num_threads(1);
  std::vector<float> a(kM * 64, 1.5f), b(64 * kN, 0.5f), c(kM * kN);
  const double rate = operations_per_second(2.0 * kM * kN * 64, [&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, kM, kN, 64, 1.0f, a.data(), 64, b.data(), kN, 0.0f, c.data(), kN);
  });
  fmt::print("OpenBLAS sgemm 128x256x64: {:.1f}\n", rate * 1e-9);
}
