#include "src/scalar/floating_point.h"

#include <algorithm>
#include <bit>

namespace vitruvian::scalar {

namespace {

__extension__ using Wide = unsigned __int128;

enum class Kind : std::uint8_t { zero, finite, infinity, nan };

// A finite value is significand * 2^(exponent - 63) with bit 63 of the significand set.
struct Unpacked {
  Kind kind = Kind::zero;
  bool negative = false;
  int exponent = 0;
  std::uint64_t significand = 0;
};

template <class F>
Unpacked unpack(std::uint64_t x) {
  Unpacked value;
  value.negative = x & F::sign;
  const auto field = static_cast<int>((x & F::infinity) >> F::fraction_bits);
  const std::uint64_t fraction = x & ((std::uint64_t{1} << F::fraction_bits) - 1);
  if (field == (1 << F::exponent_bits) - 1) {
    value.kind = fraction ? Kind::nan : Kind::infinity;
  } else if (field) {
    value.kind = Kind::finite;
    value.exponent = field - F::bias;
    value.significand = (fraction | std::uint64_t{1} << F::fraction_bits) << (63 - F::fraction_bits);
  } else if (fraction) {
    const int zeros = std::countl_zero(fraction);
    value.kind = Kind::finite;
    value.exponent = 1 - F::bias - F::fraction_bits + 63 - zeros;
    value.significand = fraction << zeros;
  }
  return value;
}

// Shifts right and keeps "something was lost" in the lowest bit: enough to round correctly later.
std::uint64_t shift_jam(std::uint64_t x, int by) {
  if (by == 0) return x;
  if (by > 63) return x != 0;
  return x >> by | ((x << (64 - by)) != 0);
}
Wide shift_jam(Wide x, int by) {
  if (by == 0) return x;
  if (by > 127) return x != 0;
  return x >> by | static_cast<Wide>((x << (128 - by)) != 0);
}
// The upper 64 bits of a normalised 128-bit significand.
std::uint64_t narrow(Wide x) { return static_cast<std::uint64_t>(x >> 64) | (static_cast<std::uint64_t>(x) != 0); }

int leading_zeros(Wide x) {
  const auto high = static_cast<std::uint64_t>(x >> 64);
  return high ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<std::uint64_t>(x));
}

// Does a magnitude with these dropped bits go up? `half` is the weight of half a unit in the same scale.
bool rounds_up(Rounding rounding, bool negative, bool odd, std::uint64_t rest, std::uint64_t half) {
  switch (rounding) {
    case Rounding::nearest_even: return rest > half || (rest == half && odd);
    case Rounding::nearest_away: return rest >= half;
    case Rounding::toward_zero: return false;
    case Rounding::down: return negative && rest;
    case Rounding::up: return !negative && rest;
  }
  return false;
}

template <class F>
std::uint64_t overflowed(bool negative, FloatContext& context) {
  context.flags |= kOverflow | kInexact;
  const Rounding r = context.rounding;
  const bool stays_finite = r == Rounding::toward_zero || (r == Rounding::down && !negative) || (r == Rounding::up && negative);
  return (negative ? F::sign : 0) | (stays_finite ? F::infinity - 1 : F::infinity);
}

// Rounds significand * 2^(exponent - 63), bit 63 set and bit 0 sticky, to the format. Tininess is detected after rounding.
template <class F>
std::uint64_t round_pack(bool negative, int exponent, std::uint64_t significand, FloatContext& context) {
  constexpr int drop = 63 - F::fraction_bits;
  constexpr std::uint64_t half = std::uint64_t{1} << (drop - 1), rest_mask = 2 * half - 1, carry = std::uint64_t{1} << (F::fraction_bits + 1);
  constexpr int smallest = 1 - F::bias;
  const auto rounded = [&](std::uint64_t s) {
    const std::uint64_t kept = s >> drop;
    return kept + rounds_up(context.rounding, negative, kept & 1, s & rest_mask, half);
  };
  const std::uint64_t sign = negative ? F::sign : 0;
  if (exponent < smallest) {
    const bool tiny = exponent < smallest - 1 || rounded(significand) != carry;
    const std::uint64_t shifted = shift_jam(significand, smallest - exponent);
    if (shifted & rest_mask) context.flags |= static_cast<std::uint8_t>(tiny ? kUnderflow | kInexact : kInexact);
    return sign | rounded(shifted);  // a carry into the exponent field gives the smallest normal number
  }
  if (significand & rest_mask) context.flags |= kInexact;
  std::uint64_t kept = rounded(significand);
  if (kept == carry) {
    kept >>= 1;
    ++exponent;
  }
  if (exponent > F::bias) return overflowed<F>(negative, context);
  return sign | static_cast<std::uint64_t>(exponent + F::bias) << F::fraction_bits | (kept & (carry / 2 - 1));
}

template <class F>
std::uint64_t invalid(FloatContext& context) {
  context.flags |= kInvalid;
  return F::nan;
}

template <class F>
std::uint64_t propagate_nan(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  return F::is_signaling(a) || F::is_signaling(b) ? invalid<F>(context) : F::nan;
}

template <class F>
std::uint64_t signed_zero(bool negative) {
  return negative ? F::sign : 0;
}
template <class F>
std::uint64_t signed_infinity(bool negative) {
  return signed_zero<F>(negative) | F::infinity;
}

// The sum of two magnitudes m * 2^(exponent - 126) with signs, rounded. Room above bit 126 takes the carry; a shift that
// loses bits leaves at least 100 exact ones above them, so one sticky bit is enough.
struct Term {
  bool negative = false;
  int exponent = 0;
  Wide magnitude = 0;
};
template <class F>
std::uint64_t add_terms(Term a, Term b, FloatContext& context) {
  if (a.exponent < b.exponent) std::swap(a, b);
  b.magnitude = shift_jam(b.magnitude, a.exponent - b.exponent);
  bool negative = a.negative;
  Wide sum;
  if (a.negative == b.negative) {
    sum = a.magnitude + b.magnitude;
  } else if (a.magnitude >= b.magnitude) {
    sum = a.magnitude - b.magnitude;
  } else {
    sum = b.magnitude - a.magnitude;
    negative = b.negative;
  }
  if (sum == 0) return signed_zero<F>(context.rounding == Rounding::down);
  const int zeros = leading_zeros(sum);
  return round_pack<F>(negative, a.exponent + 1 - zeros, narrow(sum << zeros), context);
}

Term term_of(const Unpacked& x) { return {x.negative, x.exponent, static_cast<Wide>(x.significand) << 63}; }

std::uint64_t integer_root(Wide x, bool& exact) {
  Wide root = 0, rest = x;
  for (Wide bit = static_cast<Wide>(1) << 126; bit; bit >>= 2) {
    if (rest >= root + bit) {
      rest -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  exact = rest == 0;
  return static_cast<std::uint64_t>(root);
}

// Total order of non-NaN values, with -0 below +0.
template <class F>
std::int64_t order_key(std::uint64_t x) {
  const auto magnitude = static_cast<std::int64_t>(x & (F::sign - 1));
  return x & F::sign ? -magnitude - 1 : magnitude;
}

template <class F>
std::uint64_t select(std::uint64_t a, std::uint64_t b, bool want_less, FloatContext& context) {
  if (F::is_signaling(a) || F::is_signaling(b)) context.flags |= kInvalid;
  if (F::is_nan(a)) return F::is_nan(b) ? F::nan : b;
  if (F::is_nan(b)) return a;
  return (order_key<F>(a) < order_key<F>(b)) == want_less ? a : b;
}

}  // namespace

template <class F>
std::uint64_t add(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  const Unpacked x = unpack<F>(a), y = unpack<F>(b);
  if (x.kind == Kind::finite && y.kind == Kind::finite) [[likely]] return add_terms<F>(term_of(x), term_of(y), context);
  if (x.kind == Kind::nan || y.kind == Kind::nan) return propagate_nan<F>(a, b, context);
  if (x.kind == Kind::infinity) return y.kind == Kind::infinity && x.negative != y.negative ? invalid<F>(context) : a;
  if (y.kind == Kind::infinity) return b;
  if (x.kind == Kind::zero && y.kind == Kind::zero) return x.negative == y.negative ? a : signed_zero<F>(context.rounding == Rounding::down);
  return x.kind == Kind::zero ? b : a;
}

template <class F>
std::uint64_t multiply(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  const Unpacked x = unpack<F>(a), y = unpack<F>(b);
  const bool negative = x.negative != y.negative;
  if (x.kind == Kind::finite && y.kind == Kind::finite) [[likely]] {
    const Wide product = static_cast<Wide>(x.significand) * y.significand;
    const int zeros = leading_zeros(product);
    return round_pack<F>(negative, x.exponent + y.exponent + 1 - zeros, narrow(product << zeros), context);
  }
  if (x.kind == Kind::nan || y.kind == Kind::nan) return propagate_nan<F>(a, b, context);
  if (x.kind == Kind::infinity || y.kind == Kind::infinity)
    return x.kind == Kind::zero || y.kind == Kind::zero ? invalid<F>(context) : signed_infinity<F>(negative);
  return signed_zero<F>(negative);
}

template <class F>
std::uint64_t divide(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  const Unpacked x = unpack<F>(a), y = unpack<F>(b);
  const bool negative = x.negative != y.negative;
  if (x.kind == Kind::nan || y.kind == Kind::nan) return propagate_nan<F>(a, b, context);
  if (x.kind == y.kind && x.kind != Kind::finite) return invalid<F>(context);  // 0 / 0, infinity / infinity
  if (x.kind == Kind::infinity) return signed_infinity<F>(negative);
  if (x.kind == Kind::zero || y.kind == Kind::infinity) return signed_zero<F>(negative);
  if (y.kind == Kind::zero) {
    context.flags |= kDivideByZero;
    return signed_infinity<F>(negative);
  }
  const Wide numerator = static_cast<Wide>(x.significand) << 63;
  auto quotient = static_cast<std::uint64_t>(numerator / y.significand);
  const bool exact = static_cast<Wide>(quotient) * y.significand == numerator;
  const int zeros = std::countl_zero(quotient);  // 0 or 1
  quotient = quotient << zeros | !exact;
  return round_pack<F>(negative, x.exponent - y.exponent - zeros, quotient, context);
}

template <class F>
std::uint64_t square_root(std::uint64_t a, FloatContext& context) {
  const Unpacked x = unpack<F>(a);
  if (x.kind == Kind::nan) return propagate_nan<F>(a, a, context);
  if (x.kind == Kind::zero || (x.kind == Kind::infinity && !x.negative)) return a;
  if (x.negative) return invalid<F>(context);
  const bool odd = x.exponent & 1;
  bool exact = false;
  const std::uint64_t root = integer_root(static_cast<Wide>(x.significand) << (odd ? 64 : 63), exact);
  return round_pack<F>(false, (x.exponent - odd) / 2, root | !exact, context);
}

template <class F>
std::uint64_t multiply_add(std::uint64_t a, std::uint64_t b, std::uint64_t c, FloatContext& context) {
  const Unpacked x = unpack<F>(a), y = unpack<F>(b), z = unpack<F>(c);
  const bool negative = x.negative != y.negative;
  const bool zero_by_infinity = (x.kind == Kind::infinity && y.kind == Kind::zero) || (x.kind == Kind::zero && y.kind == Kind::infinity);
  if (zero_by_infinity) return invalid<F>(context);  // also when c is a quiet NaN
  if (x.kind == Kind::nan || y.kind == Kind::nan || z.kind == Kind::nan)
    return F::is_signaling(c) ? invalid<F>(context) : propagate_nan<F>(a, b, context);
  if (x.kind == Kind::infinity || y.kind == Kind::infinity)
    return z.kind == Kind::infinity && z.negative != negative ? invalid<F>(context) : signed_infinity<F>(negative);
  if (z.kind == Kind::infinity) return c;
  if (x.kind == Kind::zero || y.kind == Kind::zero) {
    if (z.kind == Kind::zero) return negative == z.negative ? c : signed_zero<F>(context.rounding == Rounding::down);
    return c;
  }
  // Significands have at most 53 bits, so the product's lowest bit is zero and the shift by one exact.
  const Term product{negative, x.exponent + y.exponent + 1, (static_cast<Wide>(x.significand) * y.significand) >> 1};
  if (z.kind == Kind::zero) return add_terms<F>(product, Term{negative, product.exponent, 0}, context);
  return add_terms<F>(product, term_of(z), context);
}

template <class From, class To>
std::uint64_t convert(std::uint64_t a, FloatContext& context) {
  const Unpacked x = unpack<From>(a);
  switch (x.kind) {
    case Kind::nan:
      if (From::is_signaling(a)) context.flags |= kInvalid;
      return To::nan;
    case Kind::infinity: return signed_infinity<To>(x.negative);
    case Kind::zero: return signed_zero<To>(x.negative);
    case Kind::finite: break;
  }
  return round_pack<To>(x.negative, x.exponent, x.significand, context);
}

template <class F>
std::uint64_t to_integer(std::uint64_t a, bool is_signed, int bits, FloatContext& context) {
  const Unpacked x = unpack<F>(a);
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - bits);
  const std::uint64_t largest = is_signed ? all >> 1 : all;
  const std::uint64_t most_negative = is_signed ? largest + 1 : 0;  // as a magnitude
  const auto extend = [&](std::uint64_t v) { return bits == 64 ? v : static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(v)}); };
  const auto saturate = [&] {
    context.flags |= kInvalid;
    const bool low = x.negative && x.kind != Kind::nan;
    return extend(low ? std::uint64_t{0} - most_negative : largest);
  };
  if (x.kind == Kind::zero) return 0;
  if (x.kind != Kind::finite || x.exponent > 63) return saturate();
  // Integer part above bit 64, the rest below it.
  const Wide scaled = shift_jam(static_cast<Wide>(x.significand) << 64, std::min(63 - x.exponent, 127));
  Wide magnitude = scaled >> 64;
  const auto rest = static_cast<std::uint64_t>(scaled);
  magnitude += rounds_up(context.rounding, x.negative, magnitude & 1, rest, std::uint64_t{1} << 63);
  if (magnitude > (x.negative ? most_negative : largest)) return saturate();
  if (rest) context.flags |= kInexact;
  const auto value = static_cast<std::uint64_t>(magnitude);
  return extend(x.negative ? std::uint64_t{0} - value : value);
}

template <class F>
std::uint64_t from_integer(std::uint64_t value, bool is_signed, FloatContext& context) {
  const bool negative = is_signed && static_cast<std::int64_t>(value) < 0;
  const std::uint64_t magnitude = negative ? std::uint64_t{0} - value : value;
  if (magnitude == 0) return 0;
  const int zeros = std::countl_zero(magnitude);
  return round_pack<F>(negative, 63 - zeros, magnitude << zeros, context);
}

template <class F>
std::uint64_t minimum(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  return select<F>(a, b, true, context);
}
template <class F>
std::uint64_t maximum(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  return select<F>(a, b, false, context);
}

template <class F>
bool equal(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  if (F::is_nan(a) || F::is_nan(b)) {
    if (F::is_signaling(a) || F::is_signaling(b)) context.flags |= kInvalid;
    return false;
  }
  return a == b || ((a | b) & (F::sign - 1)) == 0;
}

template <class F>
bool less(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  if (F::is_nan(a) || F::is_nan(b)) {
    context.flags |= kInvalid;
    return false;
  }
  if (((a | b) & (F::sign - 1)) == 0) return false;
  return order_key<F>(a) < order_key<F>(b);
}

template <class F>
bool less_equal(std::uint64_t a, std::uint64_t b, FloatContext& context) {
  if (F::is_nan(a) || F::is_nan(b)) {
    context.flags |= kInvalid;
    return false;
  }
  return !less<F>(b, a, context);
}

template <class F>
std::uint64_t classify(std::uint64_t a) {
  const bool negative = a & F::sign;
  const std::uint64_t magnitude = a & (F::sign - 1);
  if (F::is_nan(a)) return F::is_signaling(a) ? 1u << 8 : 1u << 9;
  if (magnitude == F::infinity) return negative ? 1u << 0 : 1u << 7;
  if (magnitude == 0) return negative ? 1u << 3 : 1u << 4;
  if (magnitude >> F::fraction_bits) return negative ? 1u << 1 : 1u << 6;
  return negative ? 1u << 2 : 1u << 5;
}

// The formats of F, D and Zfh.
#define VITRUVIAN_FLOAT_OPERATIONS(F)                                                                    \
  template std::uint64_t add<F>(std::uint64_t, std::uint64_t, FloatContext&);                            \
  template std::uint64_t multiply<F>(std::uint64_t, std::uint64_t, FloatContext&);                       \
  template std::uint64_t divide<F>(std::uint64_t, std::uint64_t, FloatContext&);                         \
  template std::uint64_t square_root<F>(std::uint64_t, FloatContext&);                                   \
  template std::uint64_t multiply_add<F>(std::uint64_t, std::uint64_t, std::uint64_t, FloatContext&);    \
  template std::uint64_t to_integer<F>(std::uint64_t, bool, int, FloatContext&);                         \
  template std::uint64_t from_integer<F>(std::uint64_t, bool, FloatContext&);                            \
  template std::uint64_t minimum<F>(std::uint64_t, std::uint64_t, FloatContext&);                        \
  template std::uint64_t maximum<F>(std::uint64_t, std::uint64_t, FloatContext&);                        \
  template bool equal<F>(std::uint64_t, std::uint64_t, FloatContext&);                                   \
  template bool less<F>(std::uint64_t, std::uint64_t, FloatContext&);                                    \
  template bool less_equal<F>(std::uint64_t, std::uint64_t, FloatContext&);                              \
  template std::uint64_t classify<F>(std::uint64_t);
VITRUVIAN_FLOAT_OPERATIONS(Half)
VITRUVIAN_FLOAT_OPERATIONS(Single)
VITRUVIAN_FLOAT_OPERATIONS(Double)
#undef VITRUVIAN_FLOAT_OPERATIONS
template std::uint64_t convert<Half, Single>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Half, Double>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Single, Half>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Single, Double>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Single, Bfloat16>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Bfloat16, Single>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Double, Single>(std::uint64_t, FloatContext&);
template std::uint64_t convert<Double, Half>(std::uint64_t, FloatContext&);

}  // namespace vitruvian::scalar
