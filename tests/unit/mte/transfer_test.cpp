// Each transfer against a reference that moves one element at a time, on random shapes; and the footprint against the bytes
// that really changed.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "src/mte/gm_atomic.h"
#include "src/mte/mte.h"
#include "src/mte/number_formats.h"
#include "tests/unit/mte/core_fixture.h"

using namespace vitruvian;
using namespace vitruvian::test;
using memory::Space;

namespace {

constexpr std::uint64_t kGm = CubeCore::kGmBase;

std::uint8_t* bytes_of(CubeCore& core, Space space) {
  return space == Space::GM ? core.gm->at(kGm) : core.memory.find(space)->data();
}

std::vector<std::uint8_t> snapshot(CubeCore& core, Space space) {
  return space == Space::GM ? core.snapshot_gm() : core.snapshot(*core.memory.find(space));
}

// Runs the operation and compares all of the destination; every written byte must lie in the footprint, and the footprint must
// hold as many bytes as the reference wrote.
template <typename Reference>
void check(CubeCore& core, const pipe::Issued& issued, Space dst, Reference reference) {
  const std::vector<std::uint8_t> before = snapshot(core, dst);
  std::vector<std::uint8_t> expected = before;
  std::vector<std::uint8_t> touched(expected.size());
  reference([&](std::size_t at, std::uint8_t value) { expected[at] = value, touched[at] = 1; });
  INFO("op " << isa::mnemonic(issued.op));
  const pipe::OperandFault fault = mte::check(issued);
  INFO(fault.detail);
  REQUIRE_FALSE(fault);
  const memory::Footprint footprint = mte::footprint(issued);
  REQUIRE_FALSE(mte::execute(issued, core.memory));
  REQUIRE(snapshot(core, dst) == expected);
  const std::uint64_t base = dst == Space::GM ? kGm : 0;
  for (const memory::Access& access : footprint) {
    if (!access.write) continue;
    CHECK(access.space == dst);
    for (std::uint32_t i1 = 0; i1 < access.n1; ++i1)
      for (std::uint32_t i0 = 0; i0 < access.n0; ++i0)
        for (std::uint32_t i = 0; i < access.bytes; ++i) {
          const auto at = static_cast<std::size_t>(static_cast<std::int64_t>(access.base - base) + i1 * access.stride1 + i0 * access.stride0) + i;
          if (touched[at] == 0 && !access.bounding) FAIL("the footprint holds a byte that is not written: " << at);
          touched[at] = 2;
        }
  }
  CHECK(std::count(touched.begin(), touched.end(), 1) == 0);
}

struct Fixture {
  Random random{11};
  CubeCore core{random};
  std::uint32_t up_to(std::uint32_t most) { return static_cast<std::uint32_t>(1 + random() % most); }
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "plain copies move bursts of 32 B with gaps on both sides") {
  using enum isa::Op;
  struct Way { isa::Op op; Space src, dst; };
  for (const Way& way : {Way{copy_gm_to_ubuf, Space::GM, Space::UB}, Way{copy_gm_to_cbuf, Space::GM, Space::L1},
                         Way{copy_ubuf_to_gm, Space::UB, Space::GM}, Way{copy_cbuf_to_gm, Space::L1, Space::GM}})
    for (int trial = 0; trial < 10; ++trial) {
      const std::uint32_t count = up_to(9), length = up_to(20), src_gap = below(9), dst_gap = below(9);
      pipe::Issued issued;
      issued.op = way.op;
      const std::uint64_t src = way.src == Space::GM ? kGm + 37 : 64, dst = way.dst == Space::GM ? kGm + 37 : 96;
      issued.operand = {dst, src, isa::dma::burst_count.put(count) | isa::dma::burst_length.put(length) | isa::dma::src_gap.put(src_gap) |
                                      isa::dma::dst_gap.put(dst_gap)};
      check(core, issued, way.dst, [&](auto write) {
        for (std::uint32_t i = 0; i < count; ++i)
          for (std::uint32_t j = 0; j < length * 32; ++j)
            write((way.dst == Space::GM ? 37 : 96) + i * (length + dst_gap) * 32 + j,
                  bytes_of(core, way.src)[(way.src == Space::GM ? 37 : 64) + i * (length + src_gap) * 32 + j]);
      });
    }
}

TEST_CASE_METHOD(Fixture, "aligned copies pad each row to 32 B on the way in and drop the padding on the way out") {
  using enum isa::Op;
  namespace f = isa::dma_align;
  for (int trial = 0; trial < 60; ++trial) {
    const std::uint32_t element = 1u << below(3), count = up_to(6), bytes = up_to(60) * element;
    const std::uint32_t left = below(32 / element + 1), right = below(32 / element + 1), gm_gap = below(50), ub_gap = below(4);
    const bool in = trial % 2 == 0, fill = trial % 3 == 0;
    pipe::Issued issued;
    const isa::Op reads[] = {copy_gm_to_ubuf_align_b8, copy_gm_to_ubuf_align_b16, copy_gm_to_ubuf_align_b32};
    const isa::Op writes[] = {copy_ubuf_to_gm_align_b8, copy_ubuf_to_gm_align_b16, copy_ubuf_to_gm_align_b32};
    issued.op = (in ? reads : writes)[std::countr_zero(element)];
    const std::uint64_t word = f::burst_count.put(count) | f::burst_length.put(bytes) | f::left_pad.put(left) | f::right_pad.put(right) | f::fill.put(fill);
    issued.special.mov_pad_value = 0xa1b2c3d4;
    const std::uint64_t gm = 44, ub = 64;
    const std::uint32_t pad = in ? (left + right) * element : 0, ub_row = (bytes + pad + 31) / 32 * 32;
    if (in) {
      issued.operand = {ub, kGm + gm, word, f::src_gap.put(gm_gap) | f::dst_gap.put(ub_gap)};
      check(core, issued, Space::UB, [&](auto write) {
        for (std::uint32_t i = 0; i < count; ++i)
          for (std::uint32_t j = 0; j < ub_row; ++j) {
            std::uint8_t value = 0;
            const std::uint32_t begin = left * element, end = begin + bytes;
            if (j >= begin && j < end) value = core.gm->at(kGm)[gm + i * (bytes + gm_gap) + j - begin];
            else if (fill && j < end + right * element)
              value = static_cast<std::uint8_t>(0xa1b2c3d4u >> 8 * ((j < begin ? j : j - end) % element));
            write(ub + i * (ub_row + ub_gap * 32) + j, value);
          }
      });
    } else {
      issued.operand = {kGm + gm, ub, word, f::src_gap.put(ub_gap) | f::dst_gap.put(gm_gap)};
      check(core, issued, Space::GM, [&](auto write) {
        for (std::uint32_t i = 0; i < count; ++i)
          for (std::uint32_t j = 0; j < bytes; ++j)
            write(gm + i * (bytes + gm_gap) + j, core.memory.ub.data()[ub + i * (ub_row + ub_gap * 32) + j]);
      });
    }
  }
}

TEST_CASE_METHOD(Fixture, "ND2NZ makes columns of 32 B and fills the tail with zeros") {
  using enum isa::Op;
  namespace f = isa::nd2nz;
  for (int trial = 0; trial < 60; ++trial) {
    const std::uint32_t element = 1u << below(3), c0 = 32 / element, matrices = up_to(trial % 10 == 0 ? 8 : 3), rows = up_to(40), d = up_to(100);
    const std::uint32_t pitch = d + below(30), src_matrix = rows * pitch + below(40), n_stride = trial % 4 ? 1 : 2;
    const std::uint32_t columns = up(d, c0), column = (rows + below(8)) * n_stride, dst_matrix = (columns * column + below(5)) * c0;
    pipe::Issued issued;
    const isa::Op ops[] = {copy_gm_to_cbuf_multi_nd2nz_b8, copy_gm_to_cbuf_multi_nd2nz_b16, copy_gm_to_cbuf_multi_nd2nz_b32s};
    issued.op = ops[std::countr_zero(element)];
    issued.operand = {128, kGm + 8, f::nd_num.put(matrices) | f::n_value.put(rows) | f::d_value.put(d) | f::src_nd_stride.put(src_matrix),
                      f::src_d_value.put(pitch) | f::dst_c0_stride.put(column) | f::dst_n_stride.put(n_stride) | f::dst_nd_stride.put(dst_matrix)};
    if (dst_matrix > 0xffff) continue;
    check(core, issued, Space::L1, [&](auto write) {
      for (std::uint32_t i = 0; i < matrices; ++i)
        for (std::uint32_t n = 0; n < rows; ++n)
          for (std::uint32_t j = 0; j < columns * c0; ++j)
            for (std::uint32_t byte = 0; byte < element; ++byte)
              write(128 + i * dst_matrix * element + j / c0 * column * 32 + n * n_stride * 32 + j % c0 * element + byte,
                    j < d ? core.gm->at(kGm)[8 + (i * src_matrix + n * pitch + j) * element + byte] : std::uint8_t{0});
    });
  }
}

TEST_CASE_METHOD(Fixture, "load2D moves fractals, forward and backward, with gaps") {
  using enum isa::Op;
  namespace f = isa::load2d;
  struct Way { isa::Op op; Space src, dst; };
  for (const Way& way : {Way{load_cbuf_to_ca, Space::L1, Space::L0A}, Way{load_cbuf_to_cb, Space::L1, Space::L0B},
                         Way{load_gm_to_ca, Space::GM, Space::L0A}, Way{load_gm_to_cb, Space::GM, Space::L0B}})
    for (int trial = 0; trial < 8; ++trial) {
      const bool back = trial % 4 == 1;
      const std::uint32_t repeat = up_to(9), stride = trial % 2 ? up_to(5) : 1, gap = trial % 3 ? below(4) : 0, start = back ? 60 : below(5);
      pipe::Issued issued;
      issued.op = way.op;
      issued.operand = {1024, way.src == Space::GM ? kGm + 3 : 96,
                        f::start.put(start) | f::repeat.put(repeat) | f::src_stride.put(stride) | f::dst_gap.put(gap) | f::decrement.put(back)};
      check(core, issued, way.dst, [&](auto write) {
        for (std::uint32_t i = 0; i < repeat; ++i)
          for (std::uint32_t j = 0; j < 512; ++j)
            write(1024 + i * (1 + gap) * 512 + j,
                  bytes_of(core, way.src)[(way.src == Space::GM ? 3u : 96u) + (back ? start - i * stride : start + i * stride) * 512 + j]);
      });
    }
}

TEST_CASE_METHOD(Fixture, "transposing load2D turns squares of 1, 2 and 4 B elements") {
  using enum isa::Op;
  namespace f = isa::load2d;
  struct Way { isa::Op op; std::uint32_t element; Space dst; bool second; };
  for (const Way& way : {Way{load_cbuf_to_ca_t_b16, 2, Space::L0A, false}, Way{load_cbuf_to_cb_t_b16, 2, Space::L0B, false},
                         Way{load_cbuf_to_ca_transpose_b16, 2, Space::L0A, true}, Way{load_cbuf_to_cb_transpose_b16, 2, Space::L0B, true},
                         Way{load_cbuf_to_ca_transpose_b8, 1, Space::L0A, true}, Way{load_cbuf_to_cb_transpose_b8, 1, Space::L0B, true},
                         Way{load_cbuf_to_ca_transpose_b32, 4, Space::L0A, true}, Way{load_cbuf_to_cb_transpose_b32, 4, Space::L0B, true}})
    for (int trial = 0; trial < 6; ++trial) {
      const std::uint32_t fractals = way.element == 2 ? 1 : 2, side = way.element == 1 ? 32 : 16;
      const std::uint32_t repeat = up_to(5), stride = up_to(3), start = below(3), src_gap = way.second ? below(3) : 0;
      const std::uint32_t dst_fractal = way.second && fractals == 2 ? repeat : 0;  // second fractals behind all first ones
      pipe::Issued issued;
      issued.op = way.op;
      issued.operand = {512, 64, f::start.put(start) | f::repeat.put(repeat) | f::src_stride.put(stride),
                        f::dst_fractal_gap.put(dst_fractal) | f::src_fractal_gap.put(src_gap)};
      // The place of element (row, column) of a square in its fractals: side by side for 4 B, one above the other for 1 B.
      const auto place = [&](std::uint32_t row, std::uint32_t column, std::uint32_t fractal_step) {
        const std::uint32_t c0 = 32 / way.element, fractal = way.element == 4 ? column / c0 : row / 16;
        return fractal * fractal_step * 512 + row % 16 * 32 + column % c0 * way.element;
      };
      check(core, issued, way.dst, [&](auto write) {
        for (std::uint32_t i = 0; i < repeat; ++i)
          for (std::uint32_t row = 0; row < side; ++row)
            for (std::uint32_t column = 0; column < side; ++column)
              for (std::uint32_t byte = 0; byte < way.element; ++byte)
                write(512 + i * 512 + place(column, row, 1 + dst_fractal) + byte,
                      core.memory.l1.data()[64 + (start + i * stride) * fractals * 512 + place(row, column, 1 + src_gap) + byte]);
      });
    }
}

TEST_CASE_METHOD(Fixture, "load3D gathers the image, for 1x1 and for general filters, plain and transposed") {
  using enum isa::Op;
  namespace f = isa::load3d;
  for (int trial = 0; trial < 60; ++trial) {
    const bool pointwise = trial % 2 == 0, to_a = trial % 4 < 2, transpose = trial % 8 < 4;
    const std::uint32_t element = transpose ? 2 : 1u << below(3), c0 = 32 / element;
    const std::uint32_t w = 2 + below(9), h = 2 + below(9), pad = pointwise ? 0 : below(2), filter = pointwise ? 1 : up_to(2);
    const std::uint32_t stride = pointwise ? 1 : up_to(2), c1 = 3;
    const std::uint32_t out_w = (w + 2 * pad - filter) / stride + 1, out_h = (h + 2 * pad - filter) / stride + 1;
    const std::uint32_t columns = c1 * filter * filter, k_first = below(2), k_count = up_to(columns - k_first), m_start = below(out_w * out_h);
    const std::uint32_t m_extent = up_to(out_w * out_h - m_start), m1 = up(m_extent, 16);
    const isa::Op ops[2][3] = {{img2colv2_cbuf_to_cb_b8, img2colv2_cbuf_to_cb_b16, img2colv2_cbuf_to_cb_b32},
                               {img2colv2_cbuf_to_ca_b8, img2colv2_cbuf_to_ca_b16, img2colv2_cbuf_to_ca_b32}};
    pipe::Issued issued;
    issued.op = ops[to_a][std::countr_zero(element)];
    issued.operand = {512, 320, f::k_extent.put(k_count * c0) | f::m_extent.put(m_extent) | f::k_start.put(k_first * c0) | f::m_start.put(m_start),
                      f::stride_w.put(stride) | f::stride_h.put(stride) | f::filter_w_low.put(filter) | f::filter_h_low.put(filter) |
                          f::transpose.put(transpose) | f::channels.put(c1 * c0)};
    namespace p = isa::fmatrix;
    issued.special.fmatrix = p::width.put(w) | p::height.put(h) | p::pad_left.put(pad) | p::pad_right.put(pad) | p::pad_top.put(pad) | p::pad_bottom.put(pad);
    issued.special.padding = 0x11223344;
    check(core, issued, to_a ? Space::L0A : Space::L0B, [&](auto write) {
      for (std::uint32_t m = 0; m < m1 * 16; ++m)
        for (std::uint32_t k = 0; k < k_count; ++k)
          for (std::uint32_t j = 0; j < 32; ++j) {
            const std::uint32_t position = m_start + m, column = k_first + k, tap = column % (filter * filter);
            const auto y = static_cast<std::int64_t>(position / out_w * stride + tap / filter) - pad;
            const auto x = static_cast<std::int64_t>(position % out_w * stride + tap % filter) - pad;
            std::uint8_t value = static_cast<std::uint8_t>(0x11223344u >> 8 * (j % element));
            if (position >= out_w * out_h) value = 0;
            else if (x >= 0 && x < w && y >= 0 && y < h)
              value = core.memory.l1.data()[320 + (static_cast<std::size_t>(column / (filter * filter) * h + static_cast<std::uint32_t>(y)) * w + static_cast<std::size_t>(x)) * 32 + j];
            // to L0A plain and to L0B transposed the fractals of a row of positions follow each other
            const std::uint32_t place = transpose != to_a ? m / 16 * k_count + k : k * m1 + m / 16;
            write(512 + place * 512 + (transpose ? j / 2 * 32 + m % 16 * 2 + j % 2 : m % 16 * 32 + j), value);
          }
    });
  }
}

TEST_CASE_METHOD(Fixture, "bias and parameter tables are filled in 64 and 128 B units, f16 bias as f32") {
  for (int trial = 0; trial < 10; ++trial) {
    const std::uint32_t count = up_to(2), length = up_to(3), src_gap = below(3), dst_gap = below(3);
    const std::uint64_t word = isa::dma::burst_count.put(count) | isa::dma::burst_length.put(length) | isa::dma::src_gap.put(src_gap) | isa::dma::dst_gap.put(dst_gap);
    for (const bool convert : {false, true}) {
      pipe::Issued bias;
      bias.op = isa::Op::copy_cbuf_to_bt;
      bias.operand = {64, 96, word | isa::dma::convert.put(convert)};
      check(core, bias, Space::BT, [&](auto write) {
        for (std::uint32_t i = 0; i < count; ++i)
          for (std::uint32_t j = 0; j < length * 64; ++j) {
            const std::uint32_t unit = convert ? 32 : 64, row = 96 + i * (length + src_gap) * unit;
            std::uint8_t value = core.memory.l1.data()[row + j];
            if (convert) {
              const float wide = mte::float_from_f16(get<std::uint16_t>(core.memory.l1.data(), row + j / 4 * 2));
              value = static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(wide) >> 8 * (j % 4));
            }
            write(64 + i * (length + dst_gap) * 64 + j, value);
          }
      });
    }
    pipe::Issued table;
    table.op = isa::Op::copy_cbuf_to_fbuf;
    table.operand = {128, 96, word};
    check(core, table, Space::FB, [&](auto write) {
      for (std::uint32_t i = 0; i < count; ++i)
        for (std::uint32_t j = 0; j < length * 128; ++j)
          write(128 + i * (length + dst_gap) * 128 + j, core.memory.l1.data()[96 + i * (length + src_gap) * 128 + j]);
    });
  }
}

TEST_CASE_METHOD(Fixture, "fills repeat a value in blocks of L1 and fractals of L0") {
  using enum isa::Op;
  struct Way { isa::Op op; Space dst; std::uint32_t unit, element; };
  for (const Way& way : {Way{create_cbuf_matrix_b16, Space::L1, 32, 2}, Way{create_cbuf_matrix_b32, Space::L1, 32, 4},
                         Way{create_ca_matrix_b16, Space::L0A, 512, 2}, Way{create_cb_matrix_b32, Space::L0B, 512, 4}}) {
    const std::uint32_t repeat = up_to(4), blocks = up_to(3), gap = below(3);
    pipe::Issued issued;
    issued.op = way.op;
    issued.operand = {512, 0xdeadbeef, isa::set2d::repeat.put(repeat) | isa::set2d::blocks.put(blocks) | isa::set2d::gap.put(gap)};
    check(core, issued, way.dst, [&](auto write) {
      for (std::uint32_t i = 0; i < repeat; ++i)
        for (std::uint32_t j = 0; j < blocks * way.unit; ++j)
          write(512 + i * (blocks + gap) * way.unit + j, static_cast<std::uint8_t>(0xdeadbeefu >> 8 * (j % way.element)));
    });
  }
}

TEST_CASE_METHOD(Fixture, "UB to UB copies, and atomic writes of each type combine with what is in GM") {
  pipe::Issued issued;
  issued.op = isa::Op::copy_ubuf_to_ubuf;
  issued.operand = {4096, 32, isa::dma::burst_count.put(3) | isa::dma::burst_length.put(2) | isa::dma::dst_gap.put(1)};
  check(core, issued, Space::UB, [&](auto write) {
    for (std::uint32_t i = 0; i < 3; ++i)
      for (std::uint32_t j = 0; j < 64; ++j) write(4096 + i * 96 + j, core.memory.ub.data()[32 + i * 64 + j]);
  });
  issued.op = isa::Op::copy_ubuf_to_gm;
  issued.operand = {kGm + 64, 32, isa::dma::burst_count.put(1) | isa::dma::burst_length.put(4)};
  for (const std::uint64_t op : {0, 1, 2}) {
    issued.special.ctrl = isa::ctrl::atomic_type.put(4) | isa::ctrl::atomic_op.put(op);
    check(core, issued, Space::GM, [&](auto write) {
      for (std::size_t i = 0; i < 32; ++i) {
        const auto a = get<std::int32_t>(core.gm->at(kGm), 64 + i * 4), b = get<std::int32_t>(core.memory.ub.data(), 32 + i * 4);
        const auto sum = static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b);
        const auto result = op == 0 ? sum : static_cast<std::uint32_t>(op == 1 ? std::max(a, b) : std::min(a, b));
        for (std::size_t j = 0; j < 4; ++j) write(64 + i * 4 + j, static_cast<std::uint8_t>(result >> 8 * j));
      }
    });
  }
  std::uint8_t gm[2] = {0x7f, 0x80};
  const std::uint8_t value[2] = {0x01, 0xff};
  mte::apply_atomic(gm, value, 2, {mte::AtomicType::s8, mte::AtomicOp::add});
  CHECK(gm[0] == 0x80);  // wraps
  CHECK(gm[1] == 0x7f);
  issued.operand[0] = kGm + 2;
  CHECK(mte::check(issued).kind == FaultKind::misaligned);
  issued.special.ctrl = isa::ctrl::atomic_type.put(7);
  CHECK(mte::check(issued).kind == FaultKind::illegal_operand);
}

TEST_CASE("lengths and paddings outside the documented range are refused, zero counts do nothing") {
  namespace f = isa::dma_align;
  pipe::Issued issued;
  issued.op = isa::Op::copy_gm_to_ubuf_align_b16;
  issued.operand = {0, kGm, f::burst_count.put(1) | f::burst_length.put(3)};
  CHECK(mte::check(issued).kind == FaultKind::illegal_operand);
  issued.operand[2] = f::burst_count.put(1) | f::burst_length.put(4) | f::left_pad.put(17);
  CHECK(mte::check(issued).kind == FaultKind::illegal_operand);
  issued.operand[2] = f::burst_count.put(1);
  CHECK_FALSE(mte::check(issued));
  CHECK(mte::footprint(issued).size() == 0);
  issued.op = isa::Op::vadd_f32;
  CHECK_FALSE(mte::implements(issued.op));
  CHECK(mte::check(issued).kind == FaultKind::unsupported);
}
