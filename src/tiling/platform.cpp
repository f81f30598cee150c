#include <tiling/platform/platform_ascendc.h>

#include <map>
#include <memory>
#include <mutex>

#include "src/chip/chip_spec.h"

namespace platform_ascendc {

using vitruvian::chip::Param;

PlatformAscendC::PlatformAscendC(const std::string& name) {
  const auto chip = vitruvian::chip::ChipSpec::load(name);
  aic_ = static_cast<std::uint32_t>(chip.get_integer(Param::aic_count));
  aiv_ = aic_ * static_cast<std::uint32_t>(chip.get_integer(Param::aiv_per_aic));
  bias_table_ = chip.get_integer(Param::bt_bytes);
  const auto set = [&](CoreMemType type, Param bytes) { bytes_[static_cast<int>(type)] = chip.get_integer(bytes); };
  set(CoreMemType::L0_A, Param::l0a_bytes);
  set(CoreMemType::L0_B, Param::l0b_bytes);
  set(CoreMemType::L0_C, Param::l0c_bytes);
  set(CoreMemType::L1, Param::l1_bytes);
  set(CoreMemType::L2, Param::l2_bytes);
  set(CoreMemType::UB, Param::ub_bytes);
  set(CoreMemType::HBM, Param::hbm_bytes);
}

void PlatformAscendC::GetCoreMemSize(const CoreMemType& type, std::uint64_t& size) const {
  const int index = static_cast<int>(type);
  size = index >= 0 && index < static_cast<int>(CoreMemType::RESERVED) ? bytes_[index] : 0;
}

std::uint32_t PlatformAscendC::CalcTschBlockDim(std::uint32_t slices, std::uint32_t aic, std::uint32_t aiv) const {
  if (aic == 0 || aiv == 0 || aic > aiv) return slices;
  const std::uint32_t ratio = aiv / aic;
  return (slices + ratio - 1) / ratio;
}

namespace {
// "Ascend910B1" and the product numbers of the 910C, by their chip descriptions; other names as they are.
std::string chip_of(const std::string& soc) {
  static const std::map<std::string, std::string> names = {
      {"Ascend910B1", "ascend910b1"}, {"Ascend910B2", "ascend910b2"}, {"Ascend910B3", "ascend910b3"}, {"Ascend910B4", "ascend910b4"}};
  if (const auto it = names.find(soc); it != names.end()) return it->second;
  return soc.rfind("Ascend910_93", 0) == 0 || soc == "Ascend910C" ? "ascend910c" : soc;
}
}  // namespace

PlatformAscendC* PlatformAscendCManager::GetInstance() { return GetInstance("ascend910c"); }

PlatformAscendC* PlatformAscendCManager::GetInstance(const char* soc) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<PlatformAscendC>> platforms;
  const std::lock_guard lock(mutex);
  auto& platform = platforms[chip_of(soc)];
  if (!platform) platform = std::make_unique<PlatformAscendC>(chip_of(soc));
  return platform.get();
}

}  // namespace platform_ascendc
