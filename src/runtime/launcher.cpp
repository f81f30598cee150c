#include "src/runtime/launcher.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "src/runtime/image.h"
#include "src/runtime/single_source.h"
#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::runtime {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) throw Error("cannot write", path.string(), "a writable folder", {});
}

std::string identifier(std::string text) {
  for (char& c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return text;
}

std::string header_of(const std::string& kernel, const std::string& image) {
  return fmt::format(R"(// Made by vitruvian cc: launches the kernel {0}.
#pragma once
#include <acl/launch.h>
extern "C" const unsigned char {1}_begin[], {1}_end[];
template <typename... Arguments>
uint32_t aclrtlaunch_{0}(uint32_t blockDim, aclrtStream stream, Arguments... arguments) {{
  return vitruvian::acl::launch({{{1}_begin, {1}_end}}, "{0}", blockDim, stream, arguments...);
}}
)",
                     kernel, image);
}

}  // namespace

void write_launchers(const std::string& source, const std::string& elf, const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  const auto image = Image::load(elf);
  const std::string symbol = "vitruvian_image_" + identifier(fs::path(source).stem().string());
  std::string host = fmt::format(R"(// Made by vitruvian cc from {0}.
asm(".pushsection .rodata\n.balign 16\n.globl {1}_begin\n{1}_begin:\n.incbin \"{2}\"\n.globl {1}_end\n{1}_end:\n.popsection");
#include <cstdint>
)",
                                 source, symbol, fs::absolute(elf).string());
  for (const KernelEntry& kernel : image->kernels()) {
    write(fs::path(folder) / fmt::format("aclrtlaunch_{}.h", kernel.name), header_of(kernel.name, symbol));
    host += fmt::format("#include \"aclrtlaunch_{}.h\"\n", kernel.name);
  }
  std::ifstream file(source);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const SplitSource split = split_source(text, source, fs::absolute(source).parent_path().string(), data_directory() + "/kernels/include");
  // Names that using directives of the shared part may mention.
  if (split.has_host_code) host += fmt::format("namespace AscendC {{}}\nnamespace matmul {{}}\n#line 1 \"{}\"\n{}", fs::absolute(source).string(), split.host);
  write(fs::path(folder) / (fs::path(source).stem().string() + ".host.cpp"), host);
}

}  // namespace vitruvian::runtime
