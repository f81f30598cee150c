#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "isa/instruction.h"
#include "src/cli/command.h"
#include "src/runtime/image.h"

namespace vitruvian::cli {
namespace {

// A 16-bit step keeps in time behind an illegal word: the low two bits of RISC-V tell the length.
std::uint32_t word_at(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(4, bytes.size() - at));
  return word;
}

void print_segment(const runtime::Image& image, const runtime::Segment& segment, const std::string& only) {
  std::string function, line;
  for (std::size_t at = 0; at + 2 <= segment.bytes.size();) {
    const std::uint64_t pc = segment.offset + at;
    const std::uint32_t word = word_at(segment.bytes, at);
    const isa::Instruction instruction = isa::decode(word);
    const std::size_t length = (word & 3u) == 3u ? 4 : 2;
    const std::string here = image.function_at(pc);
    if (only.empty() || here == only) {
      if (here != function) fmt::print("\n{}:\n", function = here);
      if (const std::string source = image.source_line(pc); source != line) {
        line = source;
        if (!line.empty()) fmt::print("; {}\n", line);
      }
      const std::string bits = length == 4 ? fmt::format("{:08x}", word) : fmt::format("{:04x}", word & 0xffffu);
      fmt::print("{:8x}  {:8}  {}\n", pc, bits, isa::disassemble(instruction, pc));
    }
    at += length;
  }
}

}  // namespace

void add_disasm(CLI::App& app, int& status) {
  struct Options {
    std::string elf, function;
    bool list = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("disasm", "Disassemble a kernel ELF with its source lines");
  command->add_option("elf", options->elf, "ELF file")->required();
  command->add_option("--function", options->function, "Only this function");
  command->add_flag("--kernels", options->list, "Only list the kernels");
  command->callback([options, &status] {
    const auto image = runtime::Image::load(options->elf);
    for (const runtime::KernelEntry& kernel : image->kernels()) {
      std::string parameters;
      for (const runtime::Parameter& parameter : kernel.parameters)
        parameters += fmt::format("{}{}: {}", parameters.empty() ? "" : ", ", parameter.name, parameter.type);
      fmt::print("; kernel {} ({}): ({})\n", kernel.name, runtime::to_string(kernel.kind), kernel.has_signature ? parameters : "no signature");
    }
    if (!options->list)
      for (const runtime::Segment& segment : image->segments())
        if (segment.executable) print_segment(*image, segment, options->function);
    status = kDone;
  });
}

}  // namespace vitruvian::cli
