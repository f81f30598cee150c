// grouped_gemm_published: the R1 kernel (kernels/r1/grouped_gemm.cpp) with equal groups, for the published times of such a product.
// Its bits are tested where the kernel is at home (tests/python); here it is timed.
#include <cstring>

#include "src/workload/kernel_case.h"

namespace vitruvian::workload {
namespace {

// kernels/r1/matmul_vector.h: a ring of blocks and parts of split tiles, 128 x 128 of four bytes each, for every core group.
constexpr std::uint64_t kWorkspaceOfGroup = (4 + 4) * 128 * 128 * sizeof(std::int32_t);

class GroupedGemmCase final : public KernelCase {
 public:
  explicit GroupedGemmCase(const Parameters& parameters) {
    const ParameterReader reader(parameters);
    groups_ = reader.count("groups");
    m_ = reader.count("m");
    n_ = reader.count("n");
    k_ = reader.count("k");
    tile_m_ = reader.count("tile_m");
    tile_n_ = reader.count("tile_n");
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    // Weights are packed in whole fractals; with these sizes packing changes no size.
    if (n_ % 16 != 0 || k_ % 32 != 0) throw Error("sizes that are not whole fractals", "n, k", "n a multiple of 16, k of 32", reader.word("n") + ", " + reader.word("k"));
  }
  std::string source() const override { return "../r1/grouped_gemm.cpp"; }
  std::string symbol() const override { return "grouped_gemm_int8"; }
  std::uint32_t block_dim(const Device& device) const override { return cores_ == 0 ? device.aic_count() : static_cast<std::uint32_t>(cores_); }
  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    const std::uint64_t rows = groups_ * m_;
    a_ = DeviceBuffer(device, rows * k_);
    w_ = DeviceBuffer(device, groups_ * n_ * k_);
    a_scale_ = DeviceBuffer(device, rows * sizeof(float));
    w_scale_ = DeviceBuffer(device, groups_ * n_ * sizeof(float));
    y_ = DeviceBuffer(device, rows * n_ * bytes_of(ElementType::bf16));
    workspace_ = DeviceBuffer(device, block_dim(device) * kWorkspaceOfGroup);
    counts_ = DeviceBuffer(device, groups_ * sizeof(std::int32_t));
    const std::vector<std::int32_t> counts(groups_, static_cast<std::int32_t>(m_));
    device.copy_in(counts_.address(), counts.data(), counts_.bytes());  // control flow reads it, so timing needs it too
    if (with_data) fill(seed);
    return {{"a", a_.address()}, {"a_scale", a_scale_.address()}, {"w", w_.address()}, {"w_scale", w_scale_.address()}, {"rows", counts_.address()}, {"y", y_.address()},
            {"workspace", workspace_.address()}, {"groups", groups_}, {"n", n_}, {"k", k_}, {"tile_m", tile_m_}, {"tile_n", tile_n_}};
  }
  bool has_result() const override { return false; }
  double useful_operations() const override { return 2.0 * static_cast<double>(groups_ * m_) * static_cast<double>(n_) * static_cast<double>(k_); }
  double useful_bytes() const override { return static_cast<double>(a_.bytes() + w_.bytes() + a_scale_.bytes() + w_scale_.bytes() + y_.bytes()); }
  double type_ratio() const override { return cube_type_ratio(ElementType::s8); }
  chip::BaselineProfile::Prediction baseline(const chip::BaselineProfile& profile) const override {
    return profile.gemm(static_cast<double>(groups_ * m_), static_cast<double>(n_), static_cast<double>(k_), to_string(ElementType::s8));
  }

 private:
  void fill(std::uint64_t seed) const {
    for (const DeviceBuffer* buffer : {&a_, &w_, &a_scale_, &w_scale_}) buffer->clear();
    fill_random(ElementType::s8, a_.host(), a_.bytes(), seed);
    fill_random(ElementType::s8, w_.host(), w_.bytes(), seed + 1);
    fill_random(ElementType::f32, a_scale_.host(), groups_ * m_, seed + 2);
    fill_random(ElementType::f32, w_scale_.host(), groups_ * n_, seed + 3);
  }

  std::uint64_t groups_ = 0, m_ = 0, n_ = 0, k_ = 0, tile_m_ = 0, tile_n_ = 0, cores_ = 0;
  DeviceBuffer a_, w_, a_scale_, w_scale_, y_, workspace_, counts_;
};

}  // namespace

std::unique_ptr<KernelCase> make_grouped_gemm(const Parameters& parameters) { return std::make_unique<GroupedGemmCase>(parameters); }

}  // namespace vitruvian::workload
