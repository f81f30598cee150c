// gemm and pto_gemm: C[m,n] = A[m,k] x B[k,n], row-major, B maybe stored as [n,k]; int8 sums in int32 and is dequantised to bf16 with a factor for each column.
#include <algorithm>

#include "src/workload/kernel_case.h"

namespace vitruvian::workload {
namespace {

// gemm_s8.cpp: a ring of four int32 tiles of 128 x 256 for each block.
constexpr std::uint64_t kWorkspaceOfBlock = 4 * 128 * 256 * sizeof(std::int32_t);

class GemmCase final : public KernelCase {
 public:
  GemmCase(const Parameters& parameters, bool pto) : pto_(pto) {
    const ParameterReader reader(parameters);
    m_ = reader.count("m");
    n_ = reader.count("n");
    k_ = reader.count("k");
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    if (pto) {
      set_pto();
      return;
    }
    input_ = reader.type("dtype", {ElementType::bf16, ElementType::f16, ElementType::s8});
    const ElementType usual = quantised() ? ElementType::bf16 : input_;
    output_ = reader.word("out") == "same" ? usual : reader.type("out", {usual, ElementType::f32});
    if (quantised() && output_ != usual) throw Error("int8 GEMMs give bf16", "out", "bf16", reader.word("out"));
    if (const std::string& layout = reader.word("b"); layout != "kn" && layout != "nk") throw Error("unknown layout of B", "b", "kn or nk", "'" + layout + "'");
    transposed_ = reader.word("b") == "nk";
  }

  std::string source() const override { return quantised() ? "gemm_s8.cpp" : "gemm.cpp"; }
  std::string symbol() const override {
    if (pto_) return "pto_gemm";
    std::string name = std::string("gemm_") + symbol_suffix(input_);
    if (output_ == ElementType::f32) name += "_f32";
    return transposed_ ? name + "_nt" : name;
  }

  std::uint32_t block_dim(const Device& device) const override {
    return cores_ == 0 ? device.aic_count() : static_cast<std::uint32_t>(cores_);
  }

  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    a_ = DeviceBuffer(device, m_ * k_ * bytes_of(input_));
    b_ = DeviceBuffer(device, k_ * n_ * bytes_of(input_));
    c_ = DeviceBuffer(device, m_ * n_ * bytes_of(output_));
    if (quantised()) {
      scale_ = DeviceBuffer(device, n_ * sizeof(float));
      workspace_ = DeviceBuffer(device, block_dim(device) * kWorkspaceOfBlock);
    }
    if (with_data) fill(seed);
    std::vector<NamedArgument> arguments{{"a", a_.address()}, {"b", b_.address()}, {"c", c_.address()}};
    if (quantised()) arguments.insert(arguments.end(), {{"scale", scale_.address()}, {"workspace", workspace_.address()}});
    arguments.insert(arguments.end(), {{"m", std::uint64_t{m_}}, {"n", std::uint64_t{n_}}, {"k", std::uint64_t{k_}}});
    return arguments;
  }

  Accuracy check() const override {
    const auto* scale = quantised() ? reinterpret_cast<const float*>(scale_.host()) : nullptr;
    return check_gemm({m_, n_, k_, input_, output_, a_.host(), b_.host(), scale, c_.host(), transposed_});
  }

  double useful_operations() const override { return 2.0 * static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_); }
  double useful_bytes() const override {
    const double inputs = static_cast<double>((m_ * k_ + k_ * n_) * bytes_of(input_));
    return inputs + static_cast<double>(m_ * n_ * bytes_of(output_) + (quantised() ? n_ * sizeof(float) : 0));
  }
  double type_ratio() const override { return cube_type_ratio(input_); }
  chip::BaselineProfile::Prediction baseline(const chip::BaselineProfile& profile) const override {
    return profile.gemm(static_cast<double>(m_), static_cast<double>(n_), static_cast<double>(k_), to_string(input_));
  }

 private:
  // The published kernel's types and layout.
  void set_pto() {
    input_ = ElementType::f16;
    output_ = ElementType::f32;
    transposed_ = true;
  }
  bool quantised() const { return input_ == ElementType::s8; }

  void fill(std::uint64_t seed) const {
    a_.clear();
    b_.clear();
    fill_random(input_, a_.host(), m_ * k_, seed);
    fill_random(input_, b_.host(), k_ * n_, seed + 1);
    c_.poison();
    if (!quantised()) return;
    scale_.clear();
    // Positive and of one magnitude, so that no column hides behind another's scale.
    fill_random(ElementType::f32, scale_.host(), n_, seed + 2);
    auto* scale = reinterpret_cast<float*>(scale_.host());
    std::for_each(scale, scale + n_, [](float& value) { value = (value + 3) * 0x1p-12f; });
  }

  std::uint64_t m_ = 0, n_ = 0, k_ = 0, cores_ = 0;
  ElementType input_{}, output_{};
  bool pto_ = false, transposed_ = false;
  DeviceBuffer a_, b_, c_, scale_, workspace_;
};

}  // namespace

std::unique_ptr<KernelCase> make_gemm(const Parameters& parameters) { return std::make_unique<GemmCase>(parameters, false); }
std::unique_ptr<KernelCase> make_pto_gemm(const Parameters& parameters) { return std::make_unique<GemmCase>(parameters, true); }

}  // namespace vitruvian::workload
