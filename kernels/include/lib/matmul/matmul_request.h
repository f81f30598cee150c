// What an AIV asks of its AIC, and where both find it: one region of the system workspace for each vector core.
//
//   region of AIV i:  | orders: ring of 8 lines | the AIC's answer | state | 4 products | A | B | bias | four tiles of C |
//
// A product is what the object's setters say; an order names a product and a run of its tiles, so that a loop over tiles moves
// one line a tile. The server polls the order's number, computes, and answers with the number of the last finished order.
// Numbers rise over all launches: the server starts each launch at a new base, beyond what the last one left in the lines, and
// then lets the clients start (flag 0).
#pragma once

#include "lib/matmul/matmul_types.h"

namespace AscendC {
namespace matmul_library {

using Bytes = std::uint64_t;

// Everything about C = A x B + bias that the setters fix: the cube core holds no state of an object.
struct Product {
  std::uint64_t a, b, bias;                                        // addresses in global memory
  std::uint64_t quant_scalar, quant_vector;
  std::int32_t single_m, single_n, single_k;
  std::int32_t pitch_a, pitch_b, pitch_c;                          // elements of a row as stored (Nz: rows of a column)
  std::int32_t base_m, base_n, base_k;
  std::uint32_t object;                                            // position in REGIST_MATMUL_OBJ
  std::uint8_t transposed_a, transposed_b, has_bias, n_first;      // n_first: iterateOrder 1
  std::uint8_t hf32, quantised;                                    // quantised: 1 scalar, 2 one parameter a column
  std::uint16_t reserved;
};
// Tiles [first, first + count) of a product to c.
struct Order {
  std::uint64_t c;
  std::int32_t first, count;                                       // count 0: the client leaves
  std::uint8_t atomic;                                             // 0 store, 1 add, 2 max, 3 min
  std::uint8_t sequential;                                         // 1: a tile fills [base_m, base_n] at c
  std::uint16_t reserved[3];
  std::uint64_t product;                                           // its number; place number % kProducts
  std::uint64_t number;                                            // last word: written when the rest is there
};
inline constexpr Bytes kLine = 64;
inline constexpr std::uint32_t kRing = 8, kProducts = 4;
inline constexpr Bytes kProductBytes = 256;
static_assert(sizeof(Order) <= kLine && sizeof(Product) <= kProductBytes && sizeof(Product) % 8 == 0);

// Offsets inside a region. Tensors in UB travel through A, B and bias; a C tile is at most L0C.
// The line of the answer has the base of the launch behind it; the state is the base once the client has registered.
inline constexpr Bytes kAnswer = kRing * kLine, kBase = kAnswer + 8, kState = kAnswer + kLine, kProductRing = kState + kLine;
inline constexpr std::uint64_t kBaseStep = 1ull << 32;
inline constexpr Bytes kUbCopy = 192 * 1024, kBiasCopy = 32 * 1024, kTileBytes = 128 * 1024;
inline constexpr Bytes kA = 4096, kB = kA + kUbCopy, kBias = kB + kUbCopy, kC = kBias + kBiasCopy;
inline constexpr Bytes kRegion = 1024 * 1024;
// Tiles under way at once: a round trip of messages takes longer than a tile.
inline constexpr std::uint32_t kPlaces = 4;
static_assert(kProductRing + kProducts * kProductBytes <= kA && kC + kPlaces * kTileBytes <= kRegion);
inline constexpr std::uint32_t kClientsPerServer = 2;
inline constexpr std::uint16_t kReadyFlag = 0;  // AIC -> AIVs: the base stands

template <typename T>
VITRUVIAN_INLINE T load_shared(std::uint64_t address) {
  ::dcci(reinterpret_cast<const void*>(address), 0);
  return *reinterpret_cast<volatile T*>(address);
}
template <typename T>
VITRUVIAN_INLINE void store_shared(std::uint64_t address, T value) {
  *reinterpret_cast<volatile T*>(address) = value;
  ::dcci(reinterpret_cast<const void*>(address), 0);
}
VITRUVIAN_INLINE void copy_words(std::uint64_t* to, const std::uint64_t* from, std::uint32_t words) {
  for (std::uint32_t i = 0; i < words; ++i) reinterpret_cast<volatile std::uint64_t*>(to)[i] = from[i];
}

}  // namespace matmul_library

}  // namespace AscendC
