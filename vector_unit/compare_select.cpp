// Compare to packed bits (in UB or in CMPMASK) and select by bits.
#include "isa/control_words.h"
#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

// Of IEEE: a NaN is unequal to everything, -0 equals +0.
struct Lt { template <class V> static bool of(V a, V b) { return a < b; } };
struct Gt { template <class V> static bool of(V a, V b) { return a > b; } };
struct Ge { template <class V> static bool of(V a, V b) { return a >= b; } };
struct Le { template <class V> static bool of(V a, V b) { return a <= b; } };
struct Eq { template <class V> static bool of(V a, V b) { return a == b; } };
struct Ne { template <class V> static bool of(V a, V b) { return a != b; } };

// Results of a repeat as bits, lane 0 lowest.
template <class V, class F, bool kScalar>
Mask compare_lanes(const V* a, const V* b, unsigned n) {
  alignas(64) std::uint8_t truth[kMaxLanes] = {};
  for (unsigned i = 0; i < n; ++i) truth[i] = F::of(a[i], b[kScalar ? 0 : i]) ? 1 : 0;
  Mask bits;
  for (unsigned i = 0; i < n; i += 8) {  // eight bytes of 0 or 1 to eight bits
    std::uint64_t eight;
    std::memcpy(&eight, truth + i, 8);
    bits.word[i >> 6] |= (eight * 0x0102040810204080u >> 56) << (i & 63);
  }
  return bits;
}

template <class T, class F, bool kScalar>
Mask compare_repeat(const Job& job, const Core& core, std::uint32_t repeat, unsigned active) {
  alignas(64) std::uint8_t a_raw[isa::kRepeatBytes] = {}, b_raw[isa::kRepeatBytes] = {};
  typename T::Value a_room[kMaxLanes], b_room[kMaxLanes];
  collect(core, job.src0, repeat, active, a_raw);
  const auto* a = view<T>(a_raw, a_room, job.lanes);
  if constexpr (kScalar) {
    const auto scalar = scalar_value<T>(job.scalar);
    return compare_lanes<typename T::Value, F, true>(a, &scalar, job.lanes);
  } else {
    collect(core, job.src1, repeat, active, b_raw);
    return compare_lanes<typename T::Value, F, false>(a, view<T>(b_raw, b_room, job.lanes), job.lanes);
  }
}

template <class T, class F, bool kScalar>
void compare_to_bits(const Job& job, const Core& core) {
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask bits = compare_repeat<T, F, kScalar>(job, core, i, 0xff);
    std::memcpy(core.ub + job.dst.base + std::uint64_t{i} * job.dst.repeat_stride, bits.word.data(), job.lanes / 8);
  }
}

template <class T, class F>
void compare_to_mask(const Job& job, const Core& core) {
  if (job.repeats == 0) return;
  const Mask bits = compare_repeat<T, F, false>(job, core, 0, active_blocks(job.src0, job.mask, job.lanes));
  for (unsigned w = 0; w < 2; ++w) core.result->cmpmask[w] = bits.word[w] & job.mask.word[w];
}

void set_mask(const Job& job, const Core& core) { std::memcpy(core.result->cmpmask, core.ub + job.src0.base, sizeof core.result->cmpmask); }
void get_mask(const Job& job, const Core& core) { std::memcpy(core.ub + job.dst.base, core.result->cmpmask, sizeof core.result->cmpmask); }

// One byte of 0 or 1 for each bit.
void spread(const Mask& bits, unsigned n, std::uint8_t* truth) {
  for (unsigned i = 0; i < n; i += 8) {
    const std::uint64_t byte = bits.word[i >> 6] >> (i & 63) & 0xff;
    const std::uint64_t picked = byte * 0x0101010101010101u & 0x8040201008040201u;  // bit j alone in byte j
    const std::uint64_t eight = (picked + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
    std::memcpy(truth + i, &eight, sizeof eight);
  }
}

enum SelectMode : std::uint64_t { kCmpmask = 0, kScalarSource = 1, kStream = 2 };

template <class U>
void select(const Job& job, const Core& core) {
  using V = typename U::Value;
  constexpr unsigned lanes = isa::kRepeatBytes / sizeof(V);
  alignas(64) V a[lanes] = {}, b[lanes] = {}, out[lanes];
  alignas(64) std::uint8_t truth[lanes];
  const std::uint64_t mode = isa::vector_binary::select_mode.get(job.word);
  if (mode == kScalarSource) {
    std::memcpy(b, core.ub + job.src1.base, sizeof(V));
    std::fill(b + 1, b + lanes, b[0]);
  }
  Mask bits{{core.result->cmpmask[0], core.result->cmpmask[1]}};
  spread(bits, lanes, truth);
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    const unsigned active = active_blocks(job.dst, mask, job.lanes);
    collect(core, job.src0, i, active, a);
    if (mode != kScalarSource) collect(core, job.src1, i, active, b);
    if (mode != kCmpmask) {
      std::memcpy(bits.word.data(), core.ub + job.special->sel_mask + std::uint64_t{i} * (lanes / 8), lanes / 8);
      spread(bits, lanes, truth);
    }
    for (unsigned lane = 0; lane < lanes; ++lane) out[lane] = truth[lane] ? a[lane] : b[lane];
    scatter(core, job.dst, i, mask, lanes, out);
  }
}

constexpr Entry compare(unsigned bits, Kernel kernel) { return {Shape::compare, 1, static_cast<std::uint8_t>(bits), false, kernel}; }
constexpr Entry compare_scalar(unsigned bits, Kernel kernel) { return {Shape::compare_scalar, 1, static_cast<std::uint8_t>(bits), false, kernel}; }
constexpr Entry compare_mask(unsigned bits, Kernel kernel) { return {Shape::compare_mask, 1, static_cast<std::uint8_t>(bits), false, kernel}; }

template <class F>
void add_relation(Table& table, const Op (&ops)[6]) {
  table.set(ops[0], compare(16, compare_to_bits<F16, F, false>));
  table.set(ops[1], compare(32, compare_to_bits<F32, F, false>));
  table.set(ops[2], compare_scalar(16, compare_to_bits<F16, F, true>));
  table.set(ops[3], compare_scalar(32, compare_to_bits<F32, F, true>));
  table.set(ops[4], compare_mask(16, compare_to_mask<F16, F>));
  table.set(ops[5], compare_mask(32, compare_to_mask<F32, F>));
}

}  // namespace

void add_compare_select(Table& table) {
  add_relation<Lt>(table, {Op::vcmpv_lt_f16, Op::vcmpv_lt_f32, Op::vcmpvs_lt_f16, Op::vcmpvs_lt_f32, Op::vcmp_lt_f16, Op::vcmp_lt_f32});
  add_relation<Gt>(table, {Op::vcmpv_gt_f16, Op::vcmpv_gt_f32, Op::vcmpvs_gt_f16, Op::vcmpvs_gt_f32, Op::vcmp_gt_f16, Op::vcmp_gt_f32});
  add_relation<Ge>(table, {Op::vcmpv_ge_f16, Op::vcmpv_ge_f32, Op::vcmpvs_ge_f16, Op::vcmpvs_ge_f32, Op::vcmp_ge_f16, Op::vcmp_ge_f32});
  add_relation<Le>(table, {Op::vcmpv_le_f16, Op::vcmpv_le_f32, Op::vcmpvs_le_f16, Op::vcmpvs_le_f32, Op::vcmp_le_f16, Op::vcmp_le_f32});
  add_relation<Eq>(table, {Op::vcmpv_eq_f16, Op::vcmpv_eq_f32, Op::vcmpvs_eq_f16, Op::vcmpvs_eq_f32, Op::vcmp_eq_f16, Op::vcmp_eq_f32});
  add_relation<Ne>(table, {Op::vcmpv_ne_f16, Op::vcmpv_ne_f32, Op::vcmpvs_ne_f16, Op::vcmpvs_ne_f32, Op::vcmp_ne_f16, Op::vcmp_ne_f32});
  table.set(Op::vcmpv_eq_s32, compare(32, compare_to_bits<S32, Eq, false>));
  table.set(Op::vcmpvs_eq_s32, compare_scalar(32, compare_to_bits<S32, Eq, true>));
  table.set(Op::set_cmpmask, {Shape::set_cmpmask, 8, 8, false, set_mask});
  table.set(Op::get_cmpmask, {Shape::get_cmpmask, 8, 8, false, get_mask});
  table.set(Op::vsel_f16, {Shape::select, 16, 16, false, select<U16>});
  table.set(Op::vsel_f32, {Shape::select, 32, 32, false, select<U32>});
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL
