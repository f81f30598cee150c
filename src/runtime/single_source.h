// Kernel sources that hold host code too: `kernel<<<blocks, control, stream>>>(...)` calls and the functions around them.
// The split is lexical, by top-level declarations; both halves keep the source's lines.
#pragma once

#include <string>

namespace vitruvian::runtime {

struct SplitSource {
  bool has_host_code = false;  // false: compile the file as it is
  std::string device;          // without host functions and includes that only a host compiler has
  std::string host;            // without device code; launches are calls of aclrtlaunch_KERNEL(blocks, stream, ...)
};

// folder: of the source, device_includes: folders of the device compiler; both to tell device headers from host headers.
// Errors: Error for a launch that cannot be read.
SplitSource split_source(const std::string& text, const std::string& name, const std::string& folder, const std::string& device_includes);

}  // namespace vitruvian::runtime
