// A robust least-squares step within bounds: pure arithmetic.
//
//   minimise  sum_i huber(residual_i + sum_j slope_ij x_j) + weight * sum_j ((x_j - centre_j) / width_j)^2,   low_j <= x_j <= high_j
//
// The second sum is what is known without the rows: one that they do not tell stays at its centre.
#pragma once

#include <vector>

namespace vitruvian::workload {

struct LeastSquares {
  std::vector<double> residual;             // of each row at x = 0
  std::vector<std::vector<double>> slope;   // rows x unknowns
  std::vector<double> low, high;            // bounds; their middle is the centre, half their distance the width
  double huber = 0.05;                      // residuals beyond it count with their amount, not with its square
};

std::vector<double> solve(const LeastSquares& problem);
// The mean of |residual + slope x|.
double mean_absolute(const LeastSquares& problem, const std::vector<double>& x);

}  // namespace vitruvian::workload
