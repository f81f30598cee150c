// The compiler driver: kinds of kernels, names, diagnostics.
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "vitruvian-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
};

// Compiles a source and returns the bytes of the image.
std::string compiled(const Folder& folder, const std::string& text, const vitruvian::CompileOptions& options = {}) {
  const fs::path source = folder.path / "kernel.cpp", elf = folder.path / "kernel.elf";
  std::ofstream(source) << "#include \"kernel_operator.h\"\nusing namespace AscendC;\n" << text;
  vitruvian::compile(source.string(), elf.string(), options);
  std::ifstream file(elf, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has(const std::string& image, const std::string& line) { return image.find(line) != std::string::npos; }

const std::string kVector = "Add(LocalTensor<float>(TPosition::VECIN, 0, 64), LocalTensor<float>(TPosition::VECIN, 256, 64), LocalTensor<float>(TPosition::VECIN, 512, 64), 64);";
const std::string kCube = "Mmad(LocalTensor<float>(TPosition::CO1, 0, 256), LocalTensor<half>(TPosition::A2, 0, 256), LocalTensor<half>(TPosition::B2, 0, 256), MmadParams(16, 16, 16, 0, false, true));";

}  // namespace

TEST_CASE("the kind of a kernel follows from its operations") {
  Folder folder;
  const std::string image = compiled(folder, "extern \"C\" __global__ __aicore__ void on_vector(GM_ADDR) {" + kVector + "}\n" +
                                                 "extern \"C\" __global__ __aicore__ void on_cube(GM_ADDR) {" + kCube + "}\n" +
                                                 "extern \"C\" __global__ __aicore__ void on_both(GM_ADDR) {" + kVector + kCube + "}\n" +
                                                 "extern \"C\" __global__ __aicore__ void on_nothing() {}\n");
  CHECK(has(image, "on_vector aiv 1\n"));
  CHECK(has(image, "on_cube aic 1\n"));
  CHECK(has(image, "on_both mix 2\n"));
  CHECK(has(image, "on_nothing aiv 1\n"));
  CHECK(has(image, "on_both_mix_aic"));
  CHECK(has(image, "on_both_mix_aiv"));
}

TEST_CASE("operations are found behind calls that are not inlined") {
  Folder folder;
  const std::string image = compiled(folder, "__attribute__((noinline)) void inner() {" + kCube + "}\n__attribute__((noinline)) void outer() { inner(); }\n" +
                                                 "extern \"C\" __global__ __aicore__ void calls(GM_ADDR) { outer(); }\n"
                                                 "extern \"C\" __global__ __aicore__ void does_not(GM_ADDR) {}\n");
  CHECK(has(image, "calls aic 1\n"));
  CHECK(has(image, "does_not aiv 1\n"));
}

TEST_CASE("KERNEL_TASK_TYPE_DEFAULT wins over the operations, for its kernel only") {
  Folder folder;
  const std::string image = compiled(folder, "extern \"C\" __global__ __aicore__ void declared(GM_ADDR) { KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_MIX_AIC_1_1);" + kVector + "}\n" +
                                                 "extern \"C\" __global__ __aicore__ void plain(GM_ADDR) {" + kVector + "}\n");
  CHECK(has(image, "declared mix 1\n"));
  CHECK(has(image, "plain aiv 1\n"));
}

TEST_CASE("a kernel without extern C is known by its plain name") {
  Folder folder;
  CHECK(has(compiled(folder, "__global__ __aicore__ void plain_kernel(GM_ADDR x, uint32_t n) {" + kVector + "}\n"), "plain_kernel aiv 1\n"));
}

TEST_CASE("static tables with addresses link into a position independent image") {
  Folder folder;
  CHECK(has(compiled(folder, "static const int first = 1, second = 2;\nconst int* const table[2] = {&first, &second};\n"
                             "extern \"C\" __global__ __aicore__ void reads(GM_ADDR out, uint32_t i) { *(volatile int*)out = *table[i]; }\n"),
            "reads aiv 1\n"));
}

TEST_CASE("flags reach the compiler") {
  Folder folder;
  CHECK(has(compiled(folder, "extern \"C\" __global__ __aicore__ void NAME(GM_ADDR) {" + kVector + "}\n", {.flags = {"-DNAME=by_flag"}}), "by_flag aiv 1\n"));
}

TEST_CASE("a source that does not compile is an Error with the compiler's diagnostics") {
  Folder folder;
  try {
    compiled(folder, "extern \"C\" __global__ __aicore__ void broken(GM_ADDR) { no_such_function(); }\n");
    FAIL("no error");
  } catch (const vitruvian::Error& error) {
    CHECK(has(error.what(), "no_such_function"));
    CHECK(has(error.what(), "kernel.cpp"));
  }
}

TEST_CASE("a source without a kernel, and a missing source, are Errors") {
  Folder folder;
  CHECK_THROWS_AS(compiled(folder, "int nothing;\n"), vitruvian::Error);
  CHECK_THROWS_AS(vitruvian::compile((folder.path / "missing.cpp").string(), (folder.path / "x.elf").string()), vitruvian::Error);
}

TEST_CASE("a missing compiler is an Error that names the Debian package") {
  Folder folder;
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder.path.c_str(), 1);
  std::string text;
  try {
    compiled(folder, "");
  } catch (const vitruvian::Error& error) {
    text = error.what();
  }
  setenv("PATH", path.c_str(), 1);
  CHECK(has(text, "clang-19"));
}

TEST_CASE("every library kernel compiles to its kind of core") {
  Folder folder;
  const auto image_of = [&](const char* source) {
    const fs::path elf = folder.path / "library.elf";
    vitruvian::compile(vitruvian::data_directory() + "/kernels/lib/" + source, elf.string());
    std::ifstream file(elf, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  CHECK(has(image_of("vector_add.cpp"), "vector_add_bf16 aiv 1\nvector_add_f16 aiv 1\nvector_add_f16_tile aiv 1\nvector_add_f32 aiv 1\n"));
  CHECK(has(image_of("rms_norm.cpp"), "rms_norm_bf16 aiv 1\nrms_norm_f16 aiv 1\nrms_norm_f32 aiv 1\n"));
  CHECK(has(image_of("softmax.cpp"), "softmax_bf16 aiv 1\nsoftmax_f16 aiv 1\nsoftmax_f32 aiv 1\n"));
  CHECK(has(image_of("gemm.cpp"), "gemm_bf16 aic 1\ngemm_bf16_f32 aic 1\ngemm_bf16_nt aic 1\ngemm_f16 aic 1\ngemm_f16_f32 aic 1\npto_gemm aic 1\n"));
  CHECK(has(image_of("gemm_s8.cpp"), "gemm_s8 mix 2\ngemm_s8_nt mix 2\n"));
}
