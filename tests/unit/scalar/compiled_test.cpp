// C++ compiled by the reference compiler, loaded as an image, against the same C++ on the host.
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "src/runtime/image.h"
#include "tests/unit/scalar/compiled_programs.h"
#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;

namespace {

constexpr std::uint64_t kBase = kDeviceMemoryBase + 0x10000, kOut = kDeviceMemoryBase + 0x80000;

std::shared_ptr<const runtime::Image> compile(const std::string& optimisation) {
  std::string pattern = (std::filesystem::temp_directory_path() / "vitruvian_scalar_XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()));
  const std::filesystem::path directory = pattern, source = directory / "programs.cpp", elf = directory / "programs.elf";
  std::ofstream(source) << "#include \"tests/unit/scalar/compiled_programs.h\"\n"
                           "extern \"C\" __attribute__((section(\"vitruvian_kernel\"), used)) void programs_kernel(unsigned long long* out, unsigned long long seed) {\n"
                           "  out[0] = static_cast<unsigned long long>(programs::run_all(out + 1, seed));\n}\n";
  const std::string command = "clang++-19 --target=riscv64-unknown-elf -march=rv64imfdc_zfh -mabi=lp64d -mcmodel=medany -fpie -std=c++20 -ffp-contract=off -ffreestanding "
                              "-fno-math-errno -nostdlib -fno-exceptions -fno-rtti -fuse-ld=lld -Wl,-pie,--no-dynamic-linker,-z,norelro,-e,0 -I" VITRUVIAN_SOURCE_DIR " " +
                              optimisation + " " + source.string() + " -o " + elf.string();
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
  auto image = runtime::Image::load(elf.string());
  std::filesystem::remove_all(directory);
  return image;
}

// Places segments as the runtime does: code and constants in device memory, data as each core's template.
Program place(const runtime::Image& image, memory::DeviceMemory& gm) {
  Program program;
  for (const runtime::Segment& segment : image.segments()) {
    std::memcpy(gm.at(kBase + segment.offset), segment.bytes.data(), segment.bytes.size());
    if (segment.executable) {
      REQUIRE(program.code.empty());
      program.code_base = kBase + segment.offset;
      program.code = segment.bytes;
    } else if (segment.writable) {
      REQUIRE(program.private_data.empty());
      program.private_base = kBase + segment.offset;
      program.private_data = segment.bytes;
    }
  }
  for (const auto& relocation : image.relocations()) {
    const std::uint64_t value = kBase + relocation.addend, slot = kBase + relocation.slot;
    REQUIRE(slot - program.private_base + 8 <= program.private_data.size());
    std::memcpy(program.private_data.data() + (slot - program.private_base), &value, 8);
  }
  return program;
}

}  // namespace

TEST_CASE("compiled programs give the host's words at each optimisation level") {
  constexpr std::uint64_t kSeed = 0x9e37'79b9'7f4a'7c15;
  std::vector<unsigned long long> expected(512);
  expected[0] = static_cast<unsigned long long>(programs::run_all(expected.data() + 1, kSeed));
  REQUIRE(expected[0] > 100);
  for (const char* optimisation : {"-O0", "-O1", "-O2", "-Os", "-O3"}) {
    const auto image = compile(optimisation);
    memory::DeviceMemory gm(kDeviceMemoryBase, 1 << 20);
    memory::CoreMemory memory;
    memory.gm = &gm;
    const Program program = place(*image, gm);
    const auto core = make_rv64x(decode_program(program), memory, test_timing());
    CoreIdentity identity;
    core->start(identity, kBase + *image->find_kernel("programs_kernel")->aiv_entry, Arguments{{kOut, kSeed}, {}, {}}, 0);
    Stop stop;
    do {
      stop = core->run(1 << 16);
      if (stop.kind == StopKind::memory) REQUIRE(!core->complete_memory());
    } while (stop.kind == StopKind::memory || stop.kind == StopKind::budget);
    INFO(optimisation << '\n' << stop.fault.report());
    REQUIRE(stop.kind == StopKind::end);
    for (std::size_t i = 0; i <= expected[0]; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, gm.at(kOut + 8 * i), 8);
      INFO("word " << i);
      CHECK(word == expected[i]);
    }
  }
}
