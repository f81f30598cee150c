// vector_add, rms_norm and softmax: kernels of the vector cores, bound by memory.
#include <algorithm>
#include <cmath>
#include <limits>

#include "src/workload/kernel_case.h"

namespace vitruvian::workload {
namespace {

std::vector<float> floats(ElementType type, const DeviceBuffer& buffer, std::uint64_t first, std::uint64_t count) {
  std::vector<float> values(count);
  load_as_float(type, buffer.host(), first, values);
  return values;
}

// Gathers max |out - ref| and the largest scale over all elements.
class ErrorMeter {
 public:
  void see(float out, double reference, double scale) {
    const double difference = std::abs(static_cast<double>(out) - reference);
    worst_ = std::isfinite(difference) ? std::max(worst_, difference) : std::numeric_limits<double>::infinity();
    scale_ = std::max(scale_, scale);
  }
  Accuracy result(double bound) const { return {scale_ == 0 ? (worst_ == 0 ? 0 : std::numeric_limits<double>::infinity()) : worst_ / scale_, bound}; }

 private:
  double worst_ = 0, scale_ = 0;
};

std::uint32_t blocks(const Device& device, std::uint64_t cores) { return cores == 0 ? device.aiv_count() : static_cast<std::uint32_t>(cores); }

class VectorAddCase final : public KernelCase {
 public:
  explicit VectorAddCase(const Parameters& parameters) {
    const ParameterReader reader(parameters);
    total_ = reader.count("n");
    type_ = reader.type("dtype", {ElementType::f16, ElementType::f32, ElementType::bf16});
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    tile_ = reader.count("tile");
    buffers_ = reader.count("buffers");
  }
  std::string source() const override { return "vector_add.cpp"; }
  std::string symbol() const override {
    // Only fp16 has a kernel whose tile and buffers are arguments; the others fix them.
    return std::string("vector_add_") + symbol_suffix(type_) + (type_ == ElementType::f16 ? "_tile" : "");
  }
  std::uint32_t block_dim(const Device& device) const override { return blocks(device, cores_); }

  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    for (DeviceBuffer* buffer : {&x_, &y_, &z_}) *buffer = DeviceBuffer(device, total_ * bytes_of(type_));
    if (with_data) {
      x_.clear();
      y_.clear();
      fill_random(type_, x_.host(), total_, seed);
      fill_random(type_, y_.host(), total_, seed + 1);
      z_.poison();
    }
    return {{"x", x_.address()}, {"y", y_.address()}, {"z", z_.address()}, {"count", total_}, {"tile", tile_}, {"buffers", buffers_}};
  }

  // max |z - (x + y)| / max (|x| + |y|); bound: one rounding to the type (bf16 goes through fp32: a second one).
  Accuracy check() const override {
    ErrorMeter meter;
    const std::uint64_t chunk = 1u << 20;
    for (std::uint64_t first = 0; first < total_; first += chunk) {
      const std::uint64_t count = std::min(chunk, total_ - first);
      const auto x = floats(type_, x_, first, count), y = floats(type_, y_, first, count), z = floats(type_, z_, first, count);
      for (std::uint64_t i = 0; i < count; ++i) {
        const double a = static_cast<double>(x[i]), b = static_cast<double>(y[i]);
        meter.see(z[i], a + b, std::abs(a) + std::abs(b));
      }
    }
    return meter.result(unit_roundoff(type_) + 0x1p-24);
  }

  double useful_operations() const override { return static_cast<double>(total_); }
  double useful_bytes() const override { return 3 * static_cast<double>(total_ * bytes_of(type_)); }
  double type_ratio() const override { return cube_type_ratio(type_); }

 private:
  std::uint64_t total_ = 0, cores_ = 0, tile_ = 0, buffers_ = 0;
  ElementType type_{};
  DeviceBuffer x_, y_, z_;
};

// A kernel that maps rows to rows; its reference of one row is what the two differ in.
class RowCase : public KernelCase {
 public:
  RowCase(const Parameters& parameters, std::string name) : name_(std::move(name)) {
    const ParameterReader reader(parameters);
    rows_ = reader.count("rows");
    columns_ = reader.count("columns");
    type_ = reader.type("dtype", {ElementType::bf16, ElementType::f16, ElementType::f32});
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
  }
  std::string source() const override { return name_ + ".cpp"; }
  std::string symbol() const override { return name_ + "_" + symbol_suffix(type_); }
  std::uint32_t block_dim(const Device& device) const override { return blocks(device, cores_); }

  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    x_ = DeviceBuffer(device, rows_ * columns_ * bytes_of(type_));
    y_ = DeviceBuffer(device, rows_ * columns_ * bytes_of(type_));
    if (with_data) {
      x_.clear();
      fill_random(type_, x_.host(), rows_ * columns_, seed, input_scale());
      y_.poison();
    }
    return {{"x", x_.address()}, {"y", y_.address()}, {"rows", rows_}, {"width", columns_}};
  }

  // max |y - ref| / max |ref|; bound: two roundings to the type, and fp32 sums and functions of a few units each.
  Accuracy check() const override {
    ErrorMeter meter;
    std::vector<double> reference(columns_);
    for (std::uint64_t row = 0; row < rows_; ++row) {
      const auto x = floats(type_, x_, row * columns_, columns_), y = floats(type_, y_, row * columns_, columns_);
      reference_row(x, reference);
      for (std::uint64_t i = 0; i < columns_; ++i) meter.see(y[i], reference[i], std::abs(reference[i]));
    }
    return meter.result(2 * unit_roundoff(type_) + 8 * (std::sqrt(static_cast<double>(columns_)) + 64) * 0x1p-24);
  }

  double useful_bytes() const override { return 2 * elements() * static_cast<double>(bytes_of(type_)); }
  double type_ratio() const override { return cube_type_ratio(type_); }

 protected:
  virtual void reference_row(const std::vector<float>& x, std::vector<double>& reference) const = 0;
  virtual float input_scale() const { return 1; }
  double elements() const { return static_cast<double>(rows_) * static_cast<double>(columns_); }

  std::string name_;
  std::uint64_t rows_ = 0, columns_ = 0, cores_ = 0;
  ElementType type_{};
  DeviceBuffer x_, y_;
};

// y = x / sqrt(mean(x^2) + epsilon) * gamma, for each row.
class RmsNormCase final : public RowCase {
 public:
  explicit RmsNormCase(const Parameters& parameters) : RowCase(parameters, "rms_norm"), epsilon_(std::stof(parameters.at("epsilon"))) {}

  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    auto arguments = RowCase::prepare(device, seed, with_data);
    gamma_ = DeviceBuffer(device, columns_ * bytes_of(type_));
    if (with_data) {
      gamma_.clear();
      fill_random(type_, gamma_.host(), columns_, seed + 1);
    }
    arguments.insert(arguments.begin() + 1, {"weight", gamma_.address()});
    arguments.push_back({"epsilon", epsilon_});
    return arguments;
  }
  double useful_operations() const override { return 4 * elements(); }  // square, add, two products
  double useful_bytes() const override { return RowCase::useful_bytes() + static_cast<double>(columns_ * bytes_of(type_)); }

 protected:
  void reference_row(const std::vector<float>& x, std::vector<double>& reference) const override {
    const auto gamma = floats(type_, gamma_, 0, columns_);
    double squares = 0;
    for (float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(columns_) + static_cast<double>(epsilon_));
    for (std::uint64_t i = 0; i < columns_; ++i) reference[i] = static_cast<double>(x[i]) * factor * static_cast<double>(gamma[i]);
  }

 private:
  float epsilon_;
  DeviceBuffer gamma_;
};

// y = exp(x - max x) / sum exp(x - max x), for each row.
class SoftmaxCase final : public RowCase {
 public:
  explicit SoftmaxCase(const Parameters& parameters) : RowCase(parameters, "softmax") {}
  double useful_operations() const override { return 5 * elements(); }  // max, subtract, exp, add, multiply

 protected:
  float input_scale() const override { return 8; }
  void reference_row(const std::vector<float>& x, std::vector<double>& reference) const override {
    const double largest = static_cast<double>(*std::max_element(x.begin(), x.end()));
    double sum = 0;
    for (std::uint64_t i = 0; i < columns_; ++i) sum += reference[i] = std::exp(static_cast<double>(x[i]) - largest);
    for (double& value : reference) value /= sum;
  }
};

}  // namespace

std::unique_ptr<KernelCase> make_vector_add(const Parameters& parameters) { return std::make_unique<VectorAddCase>(parameters); }
std::unique_ptr<KernelCase> make_rms_norm(const Parameters& parameters) { return std::make_unique<RmsNormCase>(parameters); }
std::unique_ptr<KernelCase> make_softmax(const Parameters& parameters) { return std::make_unique<SoftmaxCase>(parameters); }

}  // namespace vitruvian::workload
