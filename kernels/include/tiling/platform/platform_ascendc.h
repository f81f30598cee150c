// What host programs ask about the chip (host code).
#pragma once

#include <cstdint>
#include <string>

namespace platform_ascendc {

enum class CoreMemType { L0_A = 0, L0_B = 1, L0_C = 2, L1 = 3, L2 = 4, UB = 5, HBM = 6, RESERVED };
enum class SocVersion { ASCEND910 = 0, ASCEND910B, ASCEND310P, ASCEND310B, ASCEND910_93, RESERVED_VERSION = 99999 };

// A chip description of Vitruvian by name. Errors: vitruvian::Error for an unknown one.
class PlatformAscendC {
 public:
  explicit PlatformAscendC(const std::string& chip = "ascend910c");
  std::uint32_t GetCoreNum() const { return aiv_; }
  std::uint32_t GetCoreNumAic() const { return aic_; }
  std::uint32_t GetCoreNumAiv() const { return aiv_; }
  std::uint32_t GetCoreNumVector() const { return 0; }
  std::uint32_t CalcTschBlockDim(std::uint32_t sliceNum, std::uint32_t aicCoreNum, std::uint32_t aivCoreNum) const;
  SocVersion GetSocVersion() const { return SocVersion::ASCEND910B; }
  void GetCoreMemSize(const CoreMemType& type, std::uint64_t& size) const;
  // The table that Mmad starts from where a product has a bias (not in the public interface).
  std::uint64_t bias_table_bytes() const { return bias_table_; }
  // In front of the user's part of a workspace (GetUserWorkspace() of the device headers skips as much).
  std::uint32_t GetLibApiWorkSpaceSize() const { return 16u << 20; }

 private:
  std::uint32_t aic_ = 0, aiv_ = 0;
  std::uint64_t bias_table_ = 0;
  std::uint64_t bytes_[static_cast<int>(CoreMemType::RESERVED)] = {};
};

class PlatformAscendCManager {
 public:
  static PlatformAscendC* GetInstance();
  // Names of products ("Ascend910B1", "Ascend910_9391") or of chip descriptions.
  static PlatformAscendC* GetInstance(const char* soc);
};

}  // namespace platform_ascendc
