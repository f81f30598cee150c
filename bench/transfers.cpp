// GB/s of the data work of the transfers around a 128 x 256 x 64 bf16 tile.
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "cube_unit/cube_unit.h"
#include "isa/control_words.h"
#include "src/mte/mte.h"

using namespace vitruvian;

namespace {

constexpr std::uint64_t kBase = 0x100000, kBytes = 64 << 20;

template <typename Execute>
void bench(const char* name, double bytes, const pipe::Issued& issued, memory::CoreMemory& core, Execute execute) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int trial = 0; trial < 7; ++trial) {
    const auto start = Clock::now();
    constexpr int kRuns = 200;
    for (int i = 0; i < kRuns; ++i) execute(issued, core);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / kRuns);
  }
  fmt::print("{:34} {:7.2f} us {:6.1f} GB/s\n", name, best * 1e6, bytes / best * 1e-9);
}

}  // namespace

int main() {
  memory::CoreMemory core;
  constexpr std::size_t kKiB = 1024;
  core.l1 = memory::Buffer(memory::Space::L1, 512 * kKiB);
  core.ub = memory::Buffer(memory::Space::UB, 192 * kKiB);
  core.l0a = memory::Buffer(memory::Space::L0A, 64 * kKiB);
  core.l0b = memory::Buffer(memory::Space::L0B, 64 * kKiB);
  core.l0c = memory::Buffer(memory::Space::L0C, 128 * kKiB);
  core.fb = memory::Buffer(memory::Space::FB, 7 * kKiB);
  const auto gm = std::make_unique<memory::DeviceMemory>(kBase, kBytes);
  core.gm = gm.get();
  pipe::Issued issued;

  issued.op = isa::Op::copy_gm_to_cbuf_multi_nd2nz_b16;  // 128 rows of 256 out of a matrix with 4096 columns
  issued.operand = {0, kBase, isa::nd2nz::nd_num.put(1) | isa::nd2nz::n_value.put(128) | isa::nd2nz::d_value.put(256),
                    isa::nd2nz::src_d_value.put(4096) | isa::nd2nz::dst_c0_stride.put(128) | isa::nd2nz::dst_n_stride.put(1)};
  bench("ND2NZ 128 x 256 b16, pitch 4096", 128 * 256 * 2, issued, core, mte::execute);

  issued.op = isa::Op::load_cbuf_to_cb;
  issued.operand = {0, 0, isa::load2d::repeat.put(64) | isa::load2d::src_stride.put(4), 0};
  bench("load2D 64 fractals, strided", 64 * 512, issued, core, mte::execute);
  issued.op = isa::Op::load_cbuf_to_cb_t_b16;
  bench("load2D 64 fractals, transposed b16", 64 * 512, issued, core, mte::execute);
  issued.op = isa::Op::load_cbuf_to_cb_transpose_b8;
  issued.operand[2] = isa::load2d::repeat.put(32) | isa::load2d::src_stride.put(4);
  issued.operand[3] = isa::load2d::dst_fractal_gap.put(31);
  bench("load2D 64 fractals, transposed b8", 64 * 512, issued, core, mte::execute);

  const auto fixpipe = [&](const char* name, isa::Op op, isa::Word quant, bool nz2nd) {
    issued.op = op;
    namespace f = isa::fixpipe;
    issued.operand = {nz2nd ? kBase : 0, 0, f::n.put(256) | f::m.put(128) | f::dst_stride.put(nz2nd ? 4096 : 128),
                      f::src_stride.put(128) | f::quant_pre.put(quant) | f::nz2nd.put(nz2nd)};
    issued.special.nd_para = isa::nd_para::nd_num.put(1);
    bench(name, 128 * 256 * 4, issued, core, cube_unit::execute);
  };
  fixpipe("fixpipe 128 x 256 f32 -> ND bf16", isa::Op::copy_matrix_cc_to_gm_f32, isa::quant::f32_to_bf16, true);
  fixpipe("fixpipe 128 x 256 f32 -> ND f32", isa::Op::copy_matrix_cc_to_gm_f32, isa::quant::none, true);
  fixpipe("fixpipe 128 x 256 s32 -> ND s32", isa::Op::copy_matrix_cc_to_gm_s32, isa::quant::none, true);
  fixpipe("fixpipe 128 x 256 s32 -> ND f16 v", isa::Op::copy_matrix_cc_to_gm_s32, isa::quant::s32_to_f16_vector, true);
  fixpipe("fixpipe 128 x 256 f32 -> ND s8", isa::Op::copy_matrix_cc_to_gm_f32, isa::quant::f32_to_s8_scalar, true);
  fixpipe("fixpipe 128 x 256 f32 -> Nz bf16 L1", isa::Op::copy_matrix_cc_to_cbuf_f32, isa::quant::f32_to_bf16, false);
}
