// Predictions of a baseline profile.
//
// A measured point (m, n, k, type, TFLOPS) gives the share of its own roofline that the silicon reached: roofline time over
// measured time, between 0 and 1, whether the shape is bound by compute or by memory. A shape's share is the mean of the
// points' shares, weighted by 1 / distance^4 with distance^2 = sum of squared log2 ratios of m, n, k: it is a point's own
// value at the point, a smooth blend between, and never outside the measured range. A point of another element type
// counts as kTypeDistance doublings further away, so a type with few points borrows the dependence on shape.
// Approximation: shares far from all points are those of the nearest ones; the basis names it.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "src/chip/chip_spec.h"
#include "vitruvian/error.h"

namespace vitruvian::chip {

namespace {

constexpr double kTypeDistance = 3;      // in doublings of one dimension
constexpr double kFarDistance = 3;       // beyond it the basis says that no point is near
constexpr double kUsPerSecond = 1e6;

struct ElementType {
  std::string_view name;
  double in_bytes, out_bytes;
  std::string_view points;  // the type whose points it counts as its own
};

// 8-bit GEMMs write 16-bit results, as DeepGEMM's do.
constexpr std::array kTypes{
    ElementType{"bf16", 2, 2, "bf16"}, ElementType{"fp16", 2, 2, "bf16"}, ElementType{"fp8", 1, 2, "fp8"},
    ElementType{"int8", 1, 2, "fp8"},  ElementType{"tf32", 4, 4, "tf32"}, ElementType{"fp32", 4, 4, "fp32"},
};

const ElementType* find_type(std::string_view dtype) {
  const auto row = std::find_if(kTypes.begin(), kTypes.end(), [&](const ElementType& type) { return type.name == dtype; });
  return row == kTypes.end() ? nullptr : &*row;
}

double compulsory_bytes(double m, double n, double k, const ElementType& type) {
  return (m * k + k * n) * type.in_bytes + m * n * type.out_bytes;
}

double operations(double m, double n, double k) { return 2 * m * n * k; }

double squared(double x) { return x * x; }

}  // namespace

double BaselineProfile::peak(std::string_view dtype) const {
  const auto row = peaks_.find(dtype);
  if (row != peaks_.end()) return row->second;
  std::string known;
  for (const auto& [name, value] : peaks_) known += (known.empty() ? "" : ", ") + name;
  throw Error(fmt::format("{} has no peak for '{}'", name_, dtype), file_, known, std::string(dtype));
}

double BaselineProfile::roofline_us(double m, double n, double k, std::string_view dtype) const {
  const double compute = operations(m, n, k) / peak(dtype);
  const ElementType* type = find_type(dtype);
  ensure(type != nullptr, "a type with a peak has sizes");
  return std::max(compute, compulsory_bytes(m, n, k, *type) / memory_bandwidth_) * kUsPerSecond;
}

BaselineProfile::Prediction BaselineProfile::gemm(double m, double n, double k, std::string_view dtype) const {
  if (!(m > 0 && n > 0 && k > 0)) throw Error("a GEMM needs positive m, n, k", {}, "m, n, k > 0", fmt::format("{}, {}, {}", m, n, k));
  const double roofline = roofline_us(m, n, k, dtype);
  const std::string_view own_points = find_type(dtype)->points;

  double weight_sum = 0, share_sum = 0, best = INFINITY;
  bool far = true;
  const EfficiencyPoint* nearest_point = nullptr;
  for (const EfficiencyPoint& point : gemm_points_) {
    const double measured_us = operations(point.m, point.n, point.k) / (point.tflops * 1e12) * kUsPerSecond;
    const double share = roofline_us(point.m, point.n, point.k, point.dtype) / measured_us;
    const double shape2 = squared(std::log2(m / point.m)) + squared(std::log2(n / point.n)) + squared(std::log2(k / point.k));
    const double distance2 = shape2 + (point.dtype == own_points ? 0 : squared(kTypeDistance));
    const double weight = 1 / squared(std::max(distance2, 1e-9));  // the floor makes a point's own shape its value
    weight_sum += weight;
    share_sum += weight * share;
    far = far && shape2 > squared(kFarDistance);
    if (distance2 < best) {
      best = distance2;
      nearest_point = &point;
    }
  }
  if (nearest_point == nullptr) return {roofline + launch_us_, "roofline at peak: the profile has no measured points"};

  const double share = std::min(share_sum / weight_sum, 1.0);
  std::string basis = fmt::format("{:.0f} % of the roofline, from {} measured GEMMs; nearest {:g}x{:g}x{:g} {} at {:g} TFLOPS ({})",
                                  100 * share, gemm_points_.size(), nearest_point->m, nearest_point->n, nearest_point->k,
                                  nearest_point->dtype, nearest_point->tflops, nearest_point->source);
  if (own_points != dtype) basis += fmt::format("; {} taken as {}", dtype, own_points);
  if (far) basis += "; far from every measured shape";
  return {roofline / share + launch_us_, std::move(basis)};
}

BaselineProfile::Prediction BaselineProfile::streaming(double bytes) const {
  if (!(bytes >= 0)) throw Error("a transfer needs 0 bytes or more", {}, {}, fmt::format("{}", bytes));
  const double seconds = bytes / (memory_bandwidth_ * memory_efficiency_);
  return {seconds * kUsPerSecond + launch_us_,
          fmt::format("{:.0f} % of {:g} TB/s", 100 * memory_efficiency_, memory_bandwidth_ / 1e12)};
}

}  // namespace vitruvian::chip
