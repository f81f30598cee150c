#include "src/runtime/image.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "vitruvian/error.h"

using namespace vitruvian;
using namespace vitruvian::runtime;
using Catch::Matchers::ContainsSubstring;

namespace {

std::filesystem::path work_directory() {
  static const std::filesystem::path directory = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "vitruvian_image_XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()));
    return std::filesystem::path(pattern);
  }();
  return directory;
}

// Compiles one source to an ELF with the flags of `vitruvian cc`.
std::filesystem::path compile(const std::string& name, const std::string& source, const std::string& extra = "-g") {
  const auto cpp = work_directory() / (name + ".cpp"), elf = work_directory() / (name + ".elf");
  std::ofstream(cpp) << source;
  const std::string command =
      "clang++-19 --target=riscv64-unknown-elf -march=rv64imfdc_zfh -mabi=lp64d -mcmodel=medany -fpie -O2 -ffreestanding -nostdlib -fno-exceptions "
      "-fno-rtti -fuse-ld=lld -Wl,-pie,--no-dynamic-linker,-z,norelro,-e,0 " +
      extra + " " + cpp.string() + " -o " + elf.string();
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
  return elf;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Lines are counted: `out[0] = n;` stands on line 14.
const char* const kSource = R"(
using uint32_t = unsigned int;
#define KERNEL extern "C" __attribute__((section("vitruvian_kernel"), used))
struct Tiling { int tiles; short tail; };
enum class Layout : unsigned char { nd, nz };
int counter = 7;
static int hidden[4];
int* pointer = &counter;
static const float kTable[3] = {1, 2, 3};

namespace inner { __attribute__((noinline)) float table(int i) { return kTable[i] + static_cast<float>(hidden[i]); } }

KERNEL void fill(uint32_t* out, const float& scale, uint32_t n, long signed_n, _Float16 h, float f, double d, Tiling t, Layout layout, bool flag) {
  out[0] = n;
  hidden[1] = *pointer + t.tiles;
  out[1] = static_cast<uint32_t>(inner::table(static_cast<int>(signed_n)) * scale * static_cast<float>(h) * f * static_cast<float>(d)) + static_cast<uint32_t>(layout) + flag;
}
KERNEL void gemm_mix_aic(void* a, unsigned long m) { *static_cast<unsigned long*>(a) = m; }
KERNEL void gemm_mix_aiv(void* a, unsigned long m) { *static_cast<unsigned long*>(a) = m + 1; }
)";

std::shared_ptr<const Image> sample() {
  static const std::shared_ptr<const Image> image = Image::load(compile("sample", kSource));
  return image;
}

}  // namespace

TEST_CASE("an image has segments with code, data and bss") {
  const auto image = sample();
  bool executable = false, writable = false;
  for (const Segment& segment : image->segments()) {
    CHECK(segment.offset + segment.bytes.size() <= image->size());
    CHECK(!(segment.executable && segment.writable));
    executable |= segment.executable;
    writable |= segment.writable;
    if (segment.executable) {
      const std::uint64_t entry = *image->find_kernel("fill")->aiv_entry;
      CHECK((entry >= segment.offset && entry < segment.offset + segment.bytes.size()));
    }
  }
  CHECK(executable);
  CHECK(writable);
}

TEST_CASE("relative relocations name slot and target") {
  const auto image = sample();
  REQUIRE(!image->relocations().empty());
  // `pointer` holds the address of `counter`, whose word is 7.
  bool found = false;
  for (const auto& relocation : image->relocations())
    for (const Segment& segment : image->segments())
      if (relocation.addend >= segment.offset && relocation.addend + 4 <= segment.offset + segment.bytes.size()) {
        std::uint32_t word = 0;
        std::memcpy(&word, segment.bytes.data() + (relocation.addend - segment.offset), 4);
        found |= word == 7;
      }
  CHECK(found);
}

TEST_CASE("kernels come from the kernel section, with mix pairs as one") {
  const auto image = sample();
  REQUIRE(image->kernels().size() == 2);
  const KernelEntry* fill = image->find_kernel("fill");
  REQUIRE(fill);
  CHECK(fill->kind == CoreKind::aiv);
  CHECK(!fill->aic_entry);
  const KernelEntry* gemm = image->find_kernel("gemm");
  REQUIRE(gemm);
  CHECK(gemm->kind == CoreKind::mix);
  CHECK(gemm->aiv_per_aic == 2);
  CHECK(gemm->aic_entry != gemm->aiv_entry);
  CHECK(gemm->parameters.size() == 2);
  CHECK(image->find_kernel("gemm_mix_aic") == nullptr);
}

TEST_CASE("parameters have name, type, kind and size") {
  const KernelEntry* fill = sample()->find_kernel("fill");
  REQUIRE(fill);
  REQUIRE(fill->has_signature);
  struct Row {
    const char *name, *type;
    Parameter::Kind kind;
    std::uint32_t bytes;
    bool is_signed;
  };
  using Kind = Parameter::Kind;
  const std::vector<Row> expected = {
      {"out", "uint32_t*", Kind::pointer, 8, false},     {"scale", "const float&", Kind::pointer, 8, false}, {"n", "uint32_t", Kind::integer, 4, false},
      {"signed_n", "long", Kind::integer, 8, true},      {"h", "_Float16", Kind::float16, 2, false},         {"f", "float", Kind::float32, 4, false},
      {"d", "double", Kind::float64, 8, false},          {"t", "Tiling", Kind::aggregate, 8, false},         {"layout", "Layout", Kind::integer, 1, false},
      {"flag", "bool", Kind::integer, 1, false}};
  REQUIRE(fill->parameters.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO(expected[i].name);
    CHECK(fill->parameters[i].name == expected[i].name);
    CHECK(fill->parameters[i].type == expected[i].type);
    CHECK(fill->parameters[i].kind == expected[i].kind);
    CHECK(fill->parameters[i].bytes == expected[i].bytes);
    CHECK(fill->parameters[i].is_signed == expected[i].is_signed);
  }
}

TEST_CASE("code offsets have functions and source lines") {
  const auto image = sample();
  const std::uint64_t entry = *image->find_kernel("fill")->aiv_entry;
  CHECK(image->source_line(entry) == "sample.cpp:13");
  CHECK(image->function_at(entry) == "fill");
  CHECK(image->source_line(0).empty());
  CHECK(image->source_line(image->size() + 4096).empty());
  CHECK(image->function_at(image->size() + 4096).empty());
  // Some instruction of the kernel belongs to the store of line 14, and the namespace's function has its readable name.
  bool line_14 = false, table = false;
  for (std::uint64_t offset = 0; offset < image->size(); offset += 2) {
    line_14 |= image->source_line(offset) == "sample.cpp:14";
    table |= image->function_at(offset) == "inner::table(int)";
  }
  CHECK(line_14);
  CHECK(table);
}

TEST_CASE("an image without debug information has kernels but no signature") {
  const auto image = Image::load(compile("plain", kSource, ""));
  const KernelEntry* fill = image->find_kernel("fill");
  REQUIRE(fill);
  CHECK(!fill->has_signature);
  CHECK(fill->parameters.empty());
  CHECK(image->source_line(*fill->aiv_entry).empty());
}

TEST_CASE("the kernel list says core kinds") {
  const std::string list = R"(
__attribute__((section(".vitruvian.kernels"), used)) static const char list[] = "fill aic 1\ngemm mix 1\nfill aiv 1\n";
)";
  const auto image = Image::load(compile("listed", kSource + list));
  REQUIRE(image->kernels().size() == 2);
  CHECK(image->find_kernel("fill")->kind == CoreKind::aic);
  CHECK(image->find_kernel("fill")->aic_entry.has_value());
  CHECK(!image->find_kernel("fill")->aiv_entry.has_value());
  CHECK(image->find_kernel("gemm")->aiv_per_aic == 1);
  // The list alone is enough where the linker has folded the kernels' section into .text.
  const auto folded = Image::load(compile("folded", R"(
extern "C" __attribute__((used)) void one(int* p) { *p = 1; }
__attribute__((section(".vitruvian.kernels"), used)) static const char list[] = "one aic 1\n";)"));
  CHECK(folded->find_kernel("one")->kind == CoreKind::aic);
  CHECK_THROWS_WITH(Image::load(compile("broken", kSource + std::string(R"(
__attribute__((section(".vitruvian.kernels"), used)) static const char list[] = "fill cube 1\n";)"))),
                    ContainsSubstring("expected NAME aic|aiv|mix RATIO, got \"fill cube 1\""));
  CHECK_THROWS_WITH(Image::load(compile("missing", kSource + std::string(R"(
__attribute__((section(".vitruvian.kernels"), used)) static const char list[] = "absent aiv 1\n";)"))),
                    ContainsSubstring("kernel absent has no code"));
}

TEST_CASE("what is no kernel file is an Error that says why") {
  CHECK_THROWS_WITH(Image::load((work_directory() / "absent.elf").string()), ContainsSubstring("absent.elf: cannot read the file"));
  CHECK_THROWS_WITH(Image::parse({'h', 'e', 'l', 'l', 'o'}, "x.elf"), ContainsSubstring("truncated: the ELF header"));
  CHECK_THROWS_WITH(Image::parse(std::vector<std::uint8_t>(4096, 'x'), "x.elf"), ContainsSubstring("not an ELF file; expected magic 7f 45 4c 46, got 78 78 78 78"));
  CHECK_THROWS_WITH(Image::load(compile("none", "int nothing() { return 1; }")), ContainsSubstring("the file has no kernel"));
  auto machine = read_file(compile("sample", kSource));
  machine[18] = 62;  // x86-64
  CHECK_THROWS_WITH(Image::parse(machine, "x.elf"), ContainsSubstring("wrong machine; expected RISC-V (243), got 62"));
}

TEST_CASE("a truncated file is an Error at every length") {
  const auto whole = read_file(compile("sample", kSource));
  // The section headers lie at the end: every shorter file lacks some of them.
  for (std::size_t length = 0; length < whole.size(); length += 1 + length / 16) {
    INFO(length << " of " << whole.size() << " bytes");
    CHECK_THROWS_AS(Image::parse({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, "cut.elf"), Error);
  }
  CHECK_THROWS_WITH(Image::parse({whole.begin(), whole.end() - 1}, "cut.elf"),
                    ContainsSubstring("cut.elf: the file is truncated: the section headers does not fit") || ContainsSubstring("the file is truncated"));
}

TEST_CASE("a damaged header never reads outside the file") {
  const auto whole = read_file(compile("sample", kSource));
  // Each byte of the ELF header and the first program headers in turn set to 0xff: an Error or a good image, never a crash.
  for (std::size_t at = 0; at < 64 + 4 * 56; ++at) {
    auto damaged = whole;
    damaged[at] = 0xff;
    try {
      Image::parse(damaged, "damaged.elf");
    } catch (const Error&) {
    }
  }
  SUCCEED();
}
