#include "src/mte/gm_atomic.h"

#include <cmath>
#include <cstring>

#include "isa/control_words.h"
#include "src/mte/number_formats.h"

namespace vitruvian::mte {

Atomic atomic_of(std::uint64_t ctrl) {
  return {static_cast<AtomicType>(isa::ctrl::atomic_type.get(ctrl)), static_cast<AtomicOp>(isa::ctrl::atomic_op.get(ctrl))};
}

bool valid(Atomic atomic) { return atomic.type <= AtomicType::bf16 && atomic.op <= AtomicOp::min; }

unsigned element_bytes(AtomicType type) {
  switch (type) {
    case AtomicType::f32:
    case AtomicType::s32: return 4;
    case AtomicType::f16:
    case AtomicType::bf16:
    case AtomicType::s16: return 2;
    case AtomicType::s8: return 1;
    default: return 0;
  }
}

namespace {

float combine_float(float a, float b, AtomicOp op) {
  if (op == AtomicOp::add) return a + b;
  return op == AtomicOp::max ? std::fmax(a, b) : std::fmin(a, b);
}

struct F32 {
  using Storage = float;
  static float combine(float a, float b, AtomicOp op) { return combine_float(a, b, op); }
};
struct F16 {
  using Storage = std::uint16_t;
  static std::uint16_t combine(std::uint16_t a, std::uint16_t b, AtomicOp op) {
    return f16_from_float(combine_float(float_from_f16(a), float_from_f16(b), op));
  }
};
struct Bf16 {
  using Storage = std::uint16_t;
  static std::uint16_t combine(std::uint16_t a, std::uint16_t b, AtomicOp op) {
    return bf16_from_float(combine_float(float_from_bf16(a), float_from_bf16(b), op));
  }
};
template <typename Signed, typename Unsigned>
struct Integer {
  using Storage = Signed;
  static Signed combine(Signed a, Signed b, AtomicOp op) {
    if (op == AtomicOp::add)
      return static_cast<Signed>(static_cast<Unsigned>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b)));
    return op == AtomicOp::max ? (a > b ? a : b) : (a < b ? a : b);
  }
};

template <typename Kind>
void apply(std::uint8_t* gm, const std::uint8_t* source, std::uint64_t bytes, AtomicOp op) {
  using Storage = typename Kind::Storage;
  for (std::uint64_t at = 0; at + sizeof(Storage) <= bytes; at += sizeof(Storage)) {
    Storage old, value;
    std::memcpy(&old, gm + at, sizeof old);
    std::memcpy(&value, source + at, sizeof value);
    const Storage result = Kind::combine(old, value, op);
    std::memcpy(gm + at, &result, sizeof result);
  }
}

}  // namespace

void apply_atomic(std::uint8_t* gm, const std::uint8_t* source, std::uint64_t bytes, Atomic atomic) {
  switch (atomic.type) {
    case AtomicType::f32: return apply<F32>(gm, source, bytes, atomic.op);
    case AtomicType::f16: return apply<F16>(gm, source, bytes, atomic.op);
    case AtomicType::bf16: return apply<Bf16>(gm, source, bytes, atomic.op);
    case AtomicType::s32: return apply<Integer<std::int32_t, std::uint32_t>>(gm, source, bytes, atomic.op);
    case AtomicType::s16: return apply<Integer<std::int16_t, std::uint16_t>>(gm, source, bytes, atomic.op);
    case AtomicType::s8: return apply<Integer<std::int8_t, std::uint8_t>>(gm, source, bytes, atomic.op);
    case AtomicType::none: return;
  }
}

void write_gm(std::uint8_t* gm, const std::uint8_t* source, std::uint64_t bytes, Atomic atomic) {
  if (atomic) return apply_atomic(gm, source, bytes, atomic);
  std::memcpy(gm, source, bytes);
}

}  // namespace vitruvian::mte
