// gm_copy: vector cores that copy within a die's memory, to or from the other die of the package, or a peer on the fabric.
#include <cstring>
#include <limits>

#include "src/workload/kernel_case.h"
#include "vitruvian/package.h"

namespace vitruvian::workload {
namespace {

void require_word(const std::string& name, const std::string& word, std::initializer_list<const char*> allowed) {
  std::string list;
  for (const char* each : allowed) {
    if (word == each) return;
    list += (list.empty() ? "" : ", ") + std::string(each);
  }
  throw Error("unknown " + name, name, list, "'" + word + "'");
}

class CopyCase final : public KernelCase {
 public:
  explicit CopyCase(const Parameters& parameters) {
    const ParameterReader reader(parameters);
    bytes_ = reader.count("bytes");
    tile_ = reader.count("tile");
    buffers_ = reader.count("buffers");
    rounds_ = reader.count("rounds");
    cores_ = reader.word("cores") == "all" ? 0 : reader.count("cores");
    work_ = reader.word("work");
    require_word("work", work_, {"copy", "read", "write"});
    beyond_ = reader.word("beyond");
    require_word("beyond", beyond_, {"none", "die", "near", "far"});
    side_ = reader.word("side");
    require_word("side", side_, {"from", "to"});
  }
  std::string source() const override { return "gm_copy.cpp"; }
  std::string symbol() const override { return "gm_" + work_; }
  std::uint32_t block_dim(const Device& device) const override { return cores_ == 0 ? device.aiv_count() : static_cast<std::uint32_t>(cores_); }

  void join(Package& package) override {
    package_ = &package;
    if (beyond_ == "near" || beyond_ == "far") peer_ = package.add_peer({.bytes = bytes_, .far = beyond_ == "far"});
  }

  std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) override {
    if (beyond_ != "none" && package_ == nullptr) throw Error("the copy leaves the die, and the device is none of a package", "beyond", "none, or a package", "'" + beyond_ + "'");
    near_ = DeviceBuffer(device, bytes_);
    DeviceAddress other;
    if (peer_) {
      other = package_->peer_memory(*peer_);
    } else {
      Device& owner = beyond_ == "die" ? package_->die(1) : device;
      other_ = DeviceBuffer(owner, bytes_);
      other = other_.address();
    }
    from_ = side_ == "from" ? other : near_.address();
    to_ = side_ == "from" ? near_.address() : other;
    if (with_data) fill(seed);
    return {{"from", from_}, {"to", to_}, {"bytes", bytes_}, {"tile", tile_}, {"buffers", buffers_}, {"rounds", rounds_}};
  }
  // Copies are exact: the error is 0, or not a number where a byte differs.
  bool has_result() const override { return work_ == "copy" && !peer_; }
  Accuracy check() const override {
    const bool same = std::memcmp(near_.host(), other_.host(), bytes_) == 0;
    return {same ? 0 : std::numeric_limits<double>::infinity(), 0};
  }
  double useful_operations() const override { return 0; }
  double useful_bytes() const override { return static_cast<double>(bytes_ * rounds_); }
  double type_ratio() const override { return cube_type_ratio(ElementType::f16); }

 private:
  void fill(std::uint64_t seed) const {
    std::vector<std::uint8_t> values((bytes_ + 1) / 2 * 2);
    fill_random(ElementType::f16, values.data(), values.size() / 2, seed);
    if (peer_ && side_ == "from") {
      package_->copy_in(from_, values.data(), bytes_);
      return;
    }
    const DeviceBuffer& source = side_ == "from" ? other_ : near_;
    source.clear();
    std::memcpy(source.host(), values.data(), bytes_);
    if (!peer_) (side_ == "from" ? near_ : other_).poison();
  }

  std::uint64_t bytes_ = 0, tile_ = 0, buffers_ = 0, rounds_ = 0, cores_ = 0;
  std::string work_, beyond_, side_;
  Package* package_ = nullptr;
  std::optional<std::uint32_t> peer_;
  DeviceBuffer near_, other_;
  DeviceAddress from_, to_;
};

}  // namespace

std::unique_ptr<KernelCase> make_gm_copy(const Parameters& parameters) { return std::make_unique<CopyCase>(parameters); }

}  // namespace vitruvian::workload
