// What one compiler pass made of a kernel source: its kernels, and which core kind each of them needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vitruvian::runtime {

// Bit of a task type that an API proposes (REGIST_MATMUL_OBJ); the kernel's own KERNEL_TASK_TYPE_DEFAULT wins over it.
inline constexpr int kTaskTypeDefault = 0x100;

struct ObjectKernel {
  std::string symbol;
  bool has_cube_operations = false;    // reaches operations that only an AIC has
  bool has_vector_operations = false;  // reaches operations that only an AIV has
  std::optional<int> task_type;        // KERNEL_TASK_TYPE_DEFAULT inside it or what it calls
};

// The kernels of a relocatable RISC-V object: global functions in sections .text.vitruvian_kernel*.
// Errors: Error if the file is no such object.
std::vector<ObjectKernel> read_object_kernels(const std::string& path);

}  // namespace vitruvian::runtime
