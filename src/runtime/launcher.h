// Host code that launches the kernels of an image: what the CMake function vitruvian_kernel() compiles into a program.
#pragma once

#include <string>

namespace vitruvian::runtime {

// Writes folder/aclrtlaunch_KERNEL.h for each kernel of the ELF, and folder/STEM.host.cpp with the image in it and the host
// code of the kernel's source. Errors: Error if the folder cannot be written.
void write_launchers(const std::string& source, const std::string& elf, const std::string& folder);

}  // namespace vitruvian::runtime
