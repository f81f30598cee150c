// Kernels written with a published schedule, for comparison with published times: data_copy, bank_conflict,
// vector_add_published and matmul_published.
#include <algorithm>
#include <cmath>

#include "src/workload/kernel_case.h"

namespace vitruvian::workload {
namespace {

class DataCopyCase final : public KernelCase {
 public:
  explicit DataCopyCase(const Parameters& parameters) : values_(parameters) {
    const ParameterReader reader(values_);
    route_ = reader.word("route");
    if (route_ != "ub" && route_ != "nd2nz" && route_ != "l1" && route_ != "out") throw Error("unknown route", "route", "ub, nd2nz, l1 or out", "'" + route_ + "'");
    rows_ = reader.count("rows");
    columns_ = reader.count("columns");
    rounds_ = reader.count("rounds");
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    if (const std::string& wait = reader.word("wait"); wait != "0" && wait != "1") throw Error("bad value", "wait", "0 or 1", "'" + wait + "'");
  }
  std::string source() const override { return "data_copy.cpp"; }
  std::string symbol() const override { return "data_copy_" + route_; }
  std::uint32_t block_dim(const Device& device) const override {
    const bool vector = route_ == "ub" || route_ == "out";
    return cores_ == 0 ? (vector ? device.aiv_count() : device.aic_count()) : static_cast<std::uint32_t>(cores_);
  }
  std::vector<NamedArgument> prepare(Device& device, std::uint64_t, bool) override {
    matrix_ = DeviceBuffer(device, rows_ * columns_ * bytes_of(ElementType::f16));
    std::vector<NamedArgument> arguments{{"matrix", matrix_.address()}, {"rows", rows_}, {"columns", columns_}, {"rounds", rounds_}};
    const ParameterReader reader(values_);
    for (const char* name : {"tile_m", "tile_n", "slices"}) arguments.push_back({name, reader.count(name)});
    arguments.push_back({"wait", std::uint64_t{reader.word("wait") == "1"}});
    return arguments;
  }
  bool has_result() const override { return false; }
  double useful_operations() const override { return 0; }
  double useful_bytes() const override { return static_cast<double>(rows_ * columns_ * bytes_of(ElementType::f16)); }
  double type_ratio() const override { return cube_type_ratio(ElementType::f16); }

 private:
  Parameters values_;
  std::string route_;
  std::uint64_t rows_ = 0, columns_ = 0, rounds_ = 0, cores_ = 0;
  DeviceBuffer matrix_;
};

class BankConflictCase final : public KernelCase {
 public:
  explicit BankConflictCase(const Parameters& parameters) : values_(parameters) {
    const ParameterReader reader(values_);
    repeats_ = reader.count("repeats");
    count_ = reader.count("count");
    for (const char* name : kAddresses) number(name);
  }
  std::string source() const override { return "bank_conflict.cpp"; }
  std::string symbol() const override { return "bank_conflict"; }
  std::uint32_t block_dim(const Device&) const override { return 1; }
  std::vector<NamedArgument> prepare(Device&, std::uint64_t, bool) override {
    std::vector<NamedArgument> arguments{{"repeats", repeats_}, {"count", count_}};
    for (const char* name : kAddresses) arguments.push_back({name, number(name)});
    return arguments;
  }
  bool has_result() const override { return false; }
  double useful_operations() const override { return static_cast<double>(64 * repeats_ * count_); }
  double useful_bytes() const override { return 0; }
  double type_ratio() const override { return cube_type_ratio(ElementType::f32); }

 private:
  static constexpr const char* kAddresses[] = {"src0", "src1", "dst", "src0_block_stride", "src0_repeat_stride"};
  // Zero is an address, and hexadecimal reads better.
  std::uint64_t number(const std::string& name) const {
    const std::string& text = values_.at(name);
    std::size_t used = 0;
    std::uint64_t value = 0;
    try {
      value = std::stoull(text, &used, 0);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != text.size()) throw Error("bad value", name, "a whole number from 0 on, decimal or 0x...", "'" + text + "'");
    return value;
  }
  Parameters values_;
  std::uint64_t repeats_ = 0, count_ = 0;
};

class PublishedAddCase final : public KernelCase {
 public:
  explicit PublishedAddCase(const Parameters& parameters) : values_(parameters) {
    const ParameterReader reader(values_);
    rows_ = reader.count("rows");
    columns_ = reader.count("columns");
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    if (const std::string& overlap = reader.word("overlap_store"); overlap != "0" && overlap != "1") throw Error("bad value", "overlap_store", "0 or 1", "'" + overlap + "'");
  }
  std::string source() const override { return "vector_add_published.cpp"; }
  std::string symbol() const override { return "vector_add_published"; }
  std::uint32_t block_dim(const Device& device) const override { return cores_ == 0 ? device.aiv_count() : static_cast<std::uint32_t>(cores_); }
  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    const std::uint64_t count = rows_ * columns_;
    for (DeviceBuffer* buffer : {&x_, &y_, &z_}) *buffer = DeviceBuffer(device, count * bytes_of(ElementType::f16));
    if (with_data) {
      x_.clear();
      y_.clear();
      fill_random(ElementType::f16, x_.host(), count, seed);
      fill_random(ElementType::f16, y_.host(), count, seed + 1);
      z_.poison();
    }
    const ParameterReader reader(values_);
    return {{"x", x_.address()}, {"y", y_.address()}, {"z", z_.address()}, {"rows", rows_}, {"columns", columns_}, {"tile", reader.count("tile")},
            {"buffers", reader.count("buffers")}, {"overlap_store", std::uint64_t{reader.word("overlap_store") == "1"}}};
  }
  // max |z - (x + y)| / max (|x| + |y|); bound: one rounding.
  Accuracy check() const override {
    const std::uint64_t count = rows_ * columns_;
    std::vector<float> x(count), y(count), z(count);
    load_as_float(ElementType::f16, x_.host(), 0, x);
    load_as_float(ElementType::f16, y_.host(), 0, y);
    load_as_float(ElementType::f16, z_.host(), 0, z);
    double worst = 0, scale = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const double difference = std::abs(static_cast<double>(z[i]) - (static_cast<double>(x[i]) + static_cast<double>(y[i])));
      worst = std::isfinite(difference) ? std::max(worst, difference) : std::numeric_limits<double>::infinity();
      scale = std::max(scale, std::abs(static_cast<double>(x[i])) + std::abs(static_cast<double>(y[i])));
    }
    return {worst / scale, unit_roundoff(ElementType::f16)};
  }
  double useful_operations() const override { return static_cast<double>(rows_ * columns_); }
  double useful_bytes() const override { return 3 * static_cast<double>(rows_ * columns_ * bytes_of(ElementType::f16)); }
  double type_ratio() const override { return cube_type_ratio(ElementType::f16); }

 private:
  Parameters values_;
  std::uint64_t rows_ = 0, columns_ = 0, cores_ = 0;
  DeviceBuffer x_, y_, z_;
};

class PublishedMatmulCase final : public KernelCase {
 public:
  explicit PublishedMatmulCase(const Parameters& parameters) : values_(parameters) {
    const ParameterReader reader(values_);
    m_ = reader.count("m");
    n_ = reader.count("n");
    k_ = reader.count("k");
    split_m_ = reader.count("split_m");
    split_n_ = reader.count("split_n");
    if (const std::string& flag = reader.word("unit_flag"); flag != "0" && flag != "1") throw Error("bad value", "unit_flag", "0 or 1", "'" + flag + "'");
  }
  std::string source() const override { return "matmul_published.cpp"; }
  std::string symbol() const override { return "matmul_published"; }
  std::uint32_t block_dim(const Device&) const override { return static_cast<std::uint32_t>(split_m_ * split_n_); }
  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    a_ = DeviceBuffer(device, m_ * k_ * bytes_of(ElementType::f16));
    b_ = DeviceBuffer(device, k_ * n_ * bytes_of(ElementType::f16));
    c_ = DeviceBuffer(device, m_ * n_ * bytes_of(ElementType::f16));
    if (with_data) {
      a_.clear();
      b_.clear();
      fill_random(ElementType::f16, a_.host(), m_ * k_, seed);
      fill_random(ElementType::f16, b_.host(), k_ * n_, seed + 1);
      c_.poison();
    }
    std::vector<NamedArgument> arguments{{"a", a_.address()}, {"b", b_.address()}, {"c", c_.address()}, {"m", m_}, {"n", n_}, {"k", k_},
                                         {"split_m", split_m_}, {"split_n", split_n_}};
    const ParameterReader reader(values_);
    for (const char* name : {"rounds", "step_a", "step_b"}) arguments.push_back({name, reader.count(name)});
    arguments.push_back({"unit_flag", std::uint64_t{reader.word("unit_flag") == "1"}});
    return arguments;
  }
  Accuracy check() const override {
    constexpr bool transposed = true;
    return check_gemm({m_, n_, k_, ElementType::f16, ElementType::f16, a_.host(), b_.host(), nullptr, c_.host(), transposed});
  }
  double useful_operations() const override { return 2.0 * static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_); }
  double useful_bytes() const override { return static_cast<double>((m_ * k_ + k_ * n_ + m_ * n_) * bytes_of(ElementType::f16)); }
  double type_ratio() const override { return cube_type_ratio(ElementType::f16); }

 private:
  Parameters values_;
  std::uint64_t m_ = 0, n_ = 0, k_ = 0, split_m_ = 0, split_n_ = 0;
  DeviceBuffer a_, b_, c_;
};

}  // namespace

std::unique_ptr<KernelCase> make_data_copy(const Parameters& parameters) { return std::make_unique<DataCopyCase>(parameters); }
std::unique_ptr<KernelCase> make_bank_conflict(const Parameters& parameters) { return std::make_unique<BankConflictCase>(parameters); }
std::unique_ptr<KernelCase> make_vector_add_published(const Parameters& parameters) { return std::make_unique<PublishedAddCase>(parameters); }
std::unique_ptr<KernelCase> make_matmul_published(const Parameters& parameters) { return std::make_unique<PublishedMatmulCase>(parameters); }

}  // namespace vitruvian::workload
