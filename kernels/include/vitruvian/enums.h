// Pipes, events, positions and modes by their public names.
#pragma once

#include "vitruvian/types.h"

enum pipe_t {
  PIPE_S = 0,
  PIPE_V = 1,
  PIPE_M = 2,
  PIPE_MTE1 = 3,
  PIPE_MTE2 = 4,
  PIPE_MTE3 = 5,
  PIPE_ALL = 6,
  PIPE_FIX = 10,
};

enum event_t { EVENT_ID0 = 0, EVENT_ID1, EVENT_ID2, EVENT_ID3, EVENT_ID4, EVENT_ID5, EVENT_ID6, EVENT_ID7 };

namespace AscendC {

using TEventID = std::int8_t;
inline constexpr int kEventIds = 8;

// An event orders a source pipe before a destination pipe: source << 4 | destination.
enum class HardEvent : std::uint8_t {
#define VITRUVIAN_EVENT(a, b) a##_##b = PIPE_##a << 4 | PIPE_##b,
  VITRUVIAN_EVENT(MTE2, MTE1) VITRUVIAN_EVENT(MTE1, MTE2) VITRUVIAN_EVENT(MTE2, V) VITRUVIAN_EVENT(V, MTE2)
  VITRUVIAN_EVENT(MTE3, V) VITRUVIAN_EVENT(V, MTE3) VITRUVIAN_EVENT(M, V) VITRUVIAN_EVENT(V, M) VITRUVIAN_EVENT(V, V)
  VITRUVIAN_EVENT(MTE3, MTE1) VITRUVIAN_EVENT(MTE1, MTE3) VITRUVIAN_EVENT(MTE1, V) VITRUVIAN_EVENT(MTE2, M)
  VITRUVIAN_EVENT(M, MTE2) VITRUVIAN_EVENT(V, MTE1) VITRUVIAN_EVENT(M, FIX) VITRUVIAN_EVENT(FIX, M)
  VITRUVIAN_EVENT(MTE3, MTE2) VITRUVIAN_EVENT(MTE2, MTE3) VITRUVIAN_EVENT(S, V) VITRUVIAN_EVENT(V, S)
  VITRUVIAN_EVENT(S, MTE2) VITRUVIAN_EVENT(MTE2, S) VITRUVIAN_EVENT(S, MTE3) VITRUVIAN_EVENT(MTE3, S)
  VITRUVIAN_EVENT(MTE2, FIX) VITRUVIAN_EVENT(FIX, MTE2) VITRUVIAN_EVENT(FIX, S) VITRUVIAN_EVENT(S, FIX)
  VITRUVIAN_EVENT(M, S) VITRUVIAN_EVENT(S, M) VITRUVIAN_EVENT(FIX, MTE3) VITRUVIAN_EVENT(MTE3, FIX)
  VITRUVIAN_EVENT(M, MTE1) VITRUVIAN_EVENT(MTE1, M) VITRUVIAN_EVENT(MTE1, FIX) VITRUVIAN_EVENT(FIX, MTE1)
  VITRUVIAN_EVENT(FIX, FIX) VITRUVIAN_EVENT(FIX, V) VITRUVIAN_EVENT(MTE1, S) VITRUVIAN_EVENT(S, MTE1)
#undef VITRUVIAN_EVENT
  MAX = 0xff,
};
constexpr pipe_t source_pipe(HardEvent event) { return static_cast<pipe_t>(static_cast<int>(event) >> 4); }
constexpr pipe_t destination_pipe(HardEvent event) { return static_cast<pipe_t>(static_cast<int>(event) & 15); }

enum class TPosition : std::uint8_t {
  GM, A1, A2, B1, B2, C1, C2, CO1, CO2, VECIN, VECOUT, VECCALC, LCM = VECCALC, SPM, SHM = SPM, TSCM, C2PIPE2GM, C2PIPE2LOCAL, MAX
};
using QuePosition = TPosition;

enum class Hardware : std::uint8_t { GM, UB, L1, L0A, L0B, L0C, BIAS, FIXBUF, MAX };

constexpr Hardware hardware_of(TPosition position) {
  switch (position) {
    case TPosition::GM: return Hardware::GM;
    case TPosition::A1: case TPosition::B1: case TPosition::C1: case TPosition::TSCM: case TPosition::SPM: return Hardware::L1;
    case TPosition::A2: return Hardware::L0A;
    case TPosition::B2: return Hardware::L0B;
    case TPosition::C2: return Hardware::BIAS;
    case TPosition::CO1: return Hardware::L0C;
    case TPosition::C2PIPE2GM: case TPosition::C2PIPE2LOCAL: return Hardware::FIXBUF;
    default: return Hardware::UB;
  }
}

enum class RoundMode : std::uint8_t { CAST_NONE, CAST_RINT, CAST_FLOOR, CAST_CEIL, CAST_ROUND, CAST_TRUNC, CAST_ODD };
enum class CMPMODE : std::uint8_t { LT, GT, EQ, LE, GE, NE };
enum class SELMODE : std::uint8_t { VSEL_CMPMASK_SPR, VSEL_TENSOR_SCALAR_MODE, VSEL_TENSOR_TENSOR_MODE };
enum class ReduceOrder : std::uint8_t { ORDER_VALUE_INDEX, ORDER_INDEX_VALUE, ORDER_ONLY_VALUE, ORDER_ONLY_INDEX };
enum class MaskMode : std::uint8_t { NORMAL, COUNTER };
enum class CacheMode : std::uint8_t { CACHE_MODE_DISABLE, CACHE_MODE_NORMAL, CACHE_MODE_LAST, CACHE_MODE_PERSISTENT };
enum class CacheRwMode : std::uint8_t { READ = 1, WRITE = 2, RW = 3 };
enum class CacheLine : std::uint8_t { SINGLE_CACHE_LINE, ENTIRE_DATA_CACHE };
enum class DcciDst : std::uint8_t { CACHELINE_ALL, CACHELINE_UB, CACHELINE_OUT, CACHELINE_ATOMIC };
enum class MemDsbT : std::uint8_t { ALL, DDR, UB, SEQ };
enum class BlockMode : std::uint8_t { BLOCK_MODE_NORMAL, BLOCK_MODE_MATRIX, BLOCK_MODE_VECTOR };
enum class CubeFormat : std::uint8_t { ND, NZ, ZN, ZZ, NN, VECTOR, SCALAR, ND_ALIGN };
enum class FmatrixMode : std::uint8_t { FMATRIX_LEFT, FMATRIX_RIGHT };

// Fixpipe conversions; the numbers are the codes of the control word.
enum QuantMode_t : std::uint8_t {
  NoQuant = 0, F322F16 = 1, VDEQF16 = 10, DEQF16 = 11, VREQ8 = 8, REQ8 = 9, VQF322B8_PRE = 23, QF322B8_PRE = 24, F322BF16 = 16,
  VDEQS16 = 12, DEQS16 = 13,
};

}  // namespace AscendC
