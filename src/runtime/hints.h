// Hints for names of Ascend C that a kernel used and the device headers lack, or offer in other forms.
#pragma once

#include <string>

namespace vitruvian::runtime {

// Lines "hint: ..." for the names in a compiler's diagnostics (clang and g++), from kernels/include/api.csv; empty if none applies.
std::string hints_for(const std::string& diagnostics);

}  // namespace vitruvian::runtime
