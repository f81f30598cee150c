// What the generated aclrtlaunch_KERNEL headers call (host code).
#pragma once

#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include "acl/acl.h"

namespace vitruvian::acl {

// An ELF of vitruvian cc in the program's own memory.
struct KernelImage {
  const unsigned char *begin, *end;
};

// A kernel argument on its way: an address or integer, a float, or the bytes of a struct.
struct LaunchValue {
  enum Kind { integer, real, bytes } kind;
  std::uint64_t word = 0;
  double number = 0;
  std::vector<std::uint8_t> data = {};
};
template <typename T>
LaunchValue launch_value(T value) {
  if constexpr (std::is_pointer_v<T>) return {LaunchValue::integer, reinterpret_cast<std::uintptr_t>(value)};
  else if constexpr (std::is_null_pointer_v<T>) return {LaunchValue::integer, 0};
  else if constexpr (std::is_floating_point_v<T>) return {LaunchValue::real, 0, static_cast<double>(value)};
  else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) return {LaunchValue::integer, static_cast<std::uint64_t>(static_cast<std::int64_t>(value))};
  else {
    static_assert(std::is_trivially_copyable_v<T>, "a kernel argument by value is plain data");
    LaunchValue out{LaunchValue::bytes};
    out.data.resize(sizeof value);
    std::memcpy(out.data.data(), &value, sizeof value);
    return out;
  }
}

// ACL_SUCCESS, or the error that the stream's synchronisation repeats.
std::uint32_t run(const KernelImage& image, const char* kernel, std::uint32_t blocks, aclrtStream stream, const std::vector<LaunchValue>& arguments);

template <typename... Arguments>
std::uint32_t launch(const KernelImage& image, const char* kernel, std::uint32_t blocks, aclrtStream stream, Arguments... arguments) {
  return run(image, kernel, blocks, stream, {launch_value(arguments)...});
}

}  // namespace vitruvian::acl
