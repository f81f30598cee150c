// ACLRT_LAUNCH_KERNEL and the generated header; and what a faulty launch looks like to the host.
#include <cstdint>
#include <cstdio>

#include "acl/acl.h"
#include "aclrtlaunch_matmul_leakyrelu_custom.h"

int main() {
  aclInit(nullptr);
  aclrtSetDevice(0);
  aclrtStream stream = nullptr;
  aclrtCreateStream(&stream);
  // No memory behind the tiling: the kernel's scalar load faults.
  void* nothing = nullptr;
  ACLRT_LAUNCH_KERNEL(matmul_leakyrelu_custom)(1, stream, nothing, nothing, nothing, nothing, nothing, nothing);
  const aclError error = aclrtSynchronizeStream(stream);
  std::printf("synchronise: %d\n", error);
  aclrtDestroyStream(stream);
  aclFinalize();
  return error == ACL_ERROR_RT_AICORE_EXCEPTION ? 0 : 1;
}
