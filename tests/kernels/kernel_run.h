// What the kernel tests share: compile once, put arrays on a device, launch, guard zones behind outputs.
#pragma once

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "vitruvian/vitruvian.h"

namespace kernel_tests {

enum class Type { bf16, f16, f32, s8 };

inline std::size_t size_of(Type type) { return type == Type::f32 ? 4 : type == Type::s8 ? 1 : 2; }

// One value in its element type, rounded to nearest even.
inline void put(std::uint8_t* to, Type type, float value) {
  switch (type) {
    case Type::bf16: {
      std::uint32_t bits;
      std::memcpy(&bits, &value, 4);
      const auto half = static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
      std::memcpy(to, &half, 2);
      return;
    }
    case Type::f16: {
      const auto half = static_cast<_Float16>(value);
      std::memcpy(to, &half, 2);
      return;
    }
    case Type::f32: std::memcpy(to, &value, 4); return;
    case Type::s8: *to = static_cast<std::uint8_t>(static_cast<std::int8_t>(value)); return;
  }
}
inline float get(const std::uint8_t* from, Type type) {
  switch (type) {
    case Type::bf16: {
      std::uint16_t half;
      std::memcpy(&half, from, 2);
      const std::uint32_t bits = std::uint32_t{half} << 16;
      float value;
      std::memcpy(&value, &bits, 4);
      return value;
    }
    case Type::f16: {
      _Float16 half;
      std::memcpy(&half, from, 2);
      return static_cast<float>(half);
    }
    case Type::f32: {
      float value;
      std::memcpy(&value, from, 4);
      return value;
    }
    case Type::s8: return static_cast<float>(static_cast<std::int8_t>(*from));
  }
  return 0;
}

// A device with the kernels of one source.
class Bench {
 public:
  explicit Bench(const std::string& source, const std::vector<std::string>& flags = {}) : device("ascend910c") {
    const std::string elf = (std::filesystem::temp_directory_path() / ("vitruvian-kernel-test-" + std::to_string(getpid()) + ".elf")).string();
    vitruvian::compile(source, elf, {.flags = flags});
    module = device.load(elf);
    std::filesystem::remove(elf);
  }

  vitruvian::DeviceAddress upload(const std::vector<float>& values, Type type) {
    std::vector<std::uint8_t> bytes(values.size() * size_of(type));
    for (std::size_t i = 0; i < values.size(); ++i) put(bytes.data() + i * size_of(type), type, values[i]);
    const auto address = device.allocate(bytes.size());
    device.copy_in(address, bytes.data(), bytes.size());
    return address;
  }
  // An output filled with a pattern, with a guard zone behind it.
  vitruvian::DeviceAddress output(std::size_t count, Type type) {
    const auto address = device.allocate(count * size_of(type) + kGuard);
    device.fill(address, kPattern, count * size_of(type) + kGuard);
    return address;
  }
  struct Result {
    std::vector<float> values;
    bool guard_intact = true;
  };
  Result download(vitruvian::DeviceAddress address, std::size_t count, Type type) {
    std::vector<std::uint8_t> bytes(count * size_of(type) + kGuard);
    device.copy_out(bytes.data(), address, bytes.size());
    Result result;
    for (std::size_t i = 0; i < count; ++i) result.values.push_back(get(bytes.data() + i * size_of(type), type));
    for (std::size_t i = count * size_of(type); i < bytes.size(); ++i) result.guard_intact &= bytes[i] == kPattern;
    return result;
  }
  vitruvian::LaunchResult launch(const std::string& kernel, const std::vector<vitruvian::Argument>& arguments, vitruvian::LaunchOptions options) {
    return module->launch(kernel, arguments, options);
  }

  vitruvian::Device device;
  std::shared_ptr<vitruvian::Module> module;

 private:
  static constexpr std::size_t kGuard = 1024;
  static constexpr std::uint8_t kPattern = 0xee;
};

inline std::string library(const std::string& file) { return vitruvian::data_directory() + "/kernels/lib/" + file; }

}  // namespace kernel_tests
