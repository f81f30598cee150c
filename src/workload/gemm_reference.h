// The host's own GEMM, against which the emulated ones are checked.
#pragma once

#include <cstdint>

#include "src/workload/element_type.h"

namespace vitruvian::workload {

// How far an output is from the reference, in the measure.
struct Accuracy {
  double max_rel_error = 0;  // infinite where the output is not a number
  double bound = 0;          // what the types and the summation allow
};

// C[m,n] = A[m,k] x B[k,n], row-major and dense, B maybe stored as its transpose [n,k]; int8 inputs have a factor for each column of the output.
struct GemmProblem {
  std::uint64_t m = 0, n = 0, k = 0;
  ElementType input = ElementType::bf16, output = ElementType::bf16;
  const std::uint8_t* a = nullptr;
  const std::uint8_t* b = nullptr;
  const float* column_scale = nullptr;
  const std::uint8_t* c = nullptr;   // what to check
  bool b_transposed = false;
};

// max_rel_error = max |C - ref| / max (|A||B|). The reference is OpenBLAS sgemm on inputs that fp32 holds exactly; for
// int8 it is exact (sums of at most 1024 products stay below 2^24, then int64). A sample of elements is computed again
// in fp64, so that a wrong reference cannot pass (ensure()).
// bound = (u_out max |ref| + 16 sqrt(k) 2^-24 max (|A||B|)) / max (|A||B|): one rounding to the output's type, and the
// probabilistic error of two fp32 summations of k terms (Higham and Mary 2019, lambda = 8 for each); int8 sums exactly.
// Approximation: beyond 1024 rows, max (|A||B|) is taken over an even sample of 1024 rows.
Accuracy check_gemm(const GemmProblem& problem);

}  // namespace vitruvian::workload
