#include "src/workload/least_squares.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "vitruvian/error.h"

namespace vitruvian::workload {
namespace {

constexpr int kReweightings = 60, kSweeps = 200;
constexpr double kConverged = 1e-9;

double rest_of(const LeastSquares& problem, std::size_t row, const std::vector<double>& x) {
  double rest = problem.residual[row];
  for (std::size_t j = 0; j < x.size(); ++j) rest += problem.slope[row][j] * x[j];
  return rest;
}

// One unknown after the other to its own minimum, cut off at its bounds: for a convex quadratic this ends at the bounded minimum.
void descend(const LeastSquares& problem, const std::vector<double>& weight, std::vector<double>& x) {
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double moved = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double width = (problem.high[j] - problem.low[j]) / 2, centre = (problem.high[j] + problem.low[j]) / 2;
      // The range counts as much as one row whose error is that at which a residual begins to count less.
      const double prior = problem.huber * problem.huber / (width * width);
      double top = prior * centre, bottom = prior;
      for (std::size_t i = 0; i < problem.residual.size(); ++i) {
        const double slope = problem.slope[i][j];
        if (slope == 0) continue;
        top -= weight[i] * slope * (rest_of(problem, i, x) - slope * x[j]);
        bottom += weight[i] * slope * slope;
      }
      const double next = std::clamp(top / bottom, problem.low[j], problem.high[j]);
      moved = std::max(moved, std::abs(next - x[j]));
      x[j] = next;
    }
    if (moved < kConverged) return;
  }
}

}  // namespace

std::vector<double> solve(const LeastSquares& problem) {
  ensure(problem.low.size() == problem.high.size(), "each unknown has two bounds");
  for (std::size_t j = 0; j < problem.low.size(); ++j) ensure(problem.low[j] < problem.high[j], "the bounds of an unknown leave room");
  std::vector<double> x;
  for (std::size_t j = 0; j < problem.low.size(); ++j) x.push_back(std::clamp(0.0, problem.low[j], problem.high[j]));
  std::vector<double> weight(problem.residual.size(), 1);
  for (int i = 0; i < kReweightings; ++i) {
    const std::vector<double> before = x;
    descend(problem, weight, x);
    for (std::size_t row = 0; row < weight.size(); ++row) weight[row] = std::min(1.0, problem.huber / std::max(problem.huber, std::abs(rest_of(problem, row, x))));
    double moved = 0;
    for (std::size_t j = 0; j < x.size(); ++j) moved = std::max(moved, std::abs(x[j] - before[j]));
    if (i > 0 && moved < kConverged) break;
  }
  return x;
}

double mean_absolute(const LeastSquares& problem, const std::vector<double>& x) {
  if (problem.residual.empty()) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < problem.residual.size(); ++i) sum += std::abs(rest_of(problem, i, x));
  return sum / static_cast<double>(problem.residual.size());
}

}  // namespace vitruvian::workload
