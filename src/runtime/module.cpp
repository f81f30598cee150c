#include "src/runtime/module.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitruvian::runtime {

LoadedModule::LoadedModule(std::shared_ptr<DeviceState> state, std::shared_ptr<const Image> image)
    : owner_(std::move(state)), state_(*owner_), image_(std::move(image)) {
  base_ = state_.allocator.allocate(image_->size());
  load_segments();
}

LoadedModule::~LoadedModule() { state_.allocator.release(base_); }

// Read-only parts lie in device memory, where S and DMA see them at the same address; .data and .bss are a template that each
// core copies.
void LoadedModule::load_segments() {
  std::vector<std::uint8_t> flat(image_->size(), 0);
  for (const Segment& segment : image_->segments()) std::memcpy(flat.data() + segment.offset, segment.bytes.data(), segment.bytes.size());
  for (const Image::Relocation& r : image_->relocations()) {
    const std::uint64_t value = base_ + r.addend;
    std::memcpy(flat.data() + r.slot, &value, sizeof value);
  }
  std::memcpy(state_.gm.at(base_), flat.data(), flat.size());
  state_.gm.mark(base_, flat.size(), false);
  std::uint64_t code_low = ~std::uint64_t{0}, code_high = 0, data_low = ~std::uint64_t{0}, data_high = 0;
  for (const Segment& segment : image_->segments()) {
    const std::uint64_t end = segment.offset + segment.bytes.size();
    if (segment.executable) {
      code_low = std::min(code_low, segment.offset);
      code_high = std::max(code_high, end);
    } else if (segment.writable) {
      data_low = std::min(data_low, segment.offset);
      data_high = std::max(data_high, end);
    }
  }
  const auto part = [&](std::uint64_t low, std::uint64_t high) {
    return std::vector<std::uint8_t>(flat.begin() + static_cast<std::ptrdiff_t>(low), flat.begin() + static_cast<std::ptrdiff_t>(high));
  };
  if (code_low < code_high) {
    program_.code_base = base_ + code_low;
    program_.code = part(code_low, code_high);
  }
  if (data_low < data_high) {
    program_.private_base = base_ + data_low;
    program_.private_data = part(data_low, data_high);
  }
  decoded_ = scalar::decode_program(program_);
}

std::vector<std::string> LoadedModule::kernels() const {
  std::vector<std::string> names;
  for (const KernelEntry& kernel : image_->kernels()) names.push_back(kernel.name);
  return names;
}

const KernelEntry& LoadedModule::get_kernel(const std::string& kernel) const {
  const KernelEntry* entry = image_->find_kernel(kernel);
  if (!entry) throw Error("no such kernel", image_->name(), fmt::format("one of: {}", fmt::join(kernels(), ", ")), kernel);
  return *entry;
}

std::string LoadedModule::signature(const std::string& kernel) const { return signature_of(get_kernel(kernel)); }

sim::LaunchPlan LoadedModule::plan(const std::string& kernel, std::span<const Argument> arguments, const LaunchOptions& options) const {
  const KernelEntry& entry = get_kernel(kernel);
  // blockDim of the Ascend C guide: [1, 65535].
  constexpr std::uint32_t kMostBlocks = 65535;
  if (options.block_dim == 0 || options.block_dim > kMostBlocks)
    throw Error("block_dim", kernel, fmt::format("1 to {}", kMostBlocks), fmt::format("{}", options.block_dim));
  if (options.first_core >= state_.context.aic)
    throw Error("first_core", kernel, fmt::format("below {}", state_.context.aic), fmt::format("{}", options.first_core));
  if (options.runahead_limit == 0) throw Error("runahead_limit", kernel, "at least 1", "0");
  sim::LaunchPlan plan;
  plan.kernel = kernel;
  plan.has_aic = entry.kind != CoreKind::aiv;
  plan.aiv_per_group = entry.kind == CoreKind::aic ? 0 : entry.kind == CoreKind::aiv ? 1 : entry.aiv_per_aic;
  if (plan.aiv_per_group > state_.context.aiv_per_aic)
    throw Error("the chip has not enough vector cores for the kernel", kernel, fmt::format("at most {} for each AIC", state_.context.aiv_per_aic),
                fmt::format("{}", plan.aiv_per_group));
  plan.block_dim = options.block_dim;
  plan.first_core = options.first_core;
  plan.options = options;
  const scalar::Arguments prepared = marshal(entry, arguments);
  const auto program = [&](const std::optional<std::uint64_t>& at) {
    sim::CoreProgram p;
    if (at) p = {decoded_, base_ + *at, prepared};
    return p;
  };
  plan.aic = program(entry.aic_entry);
  plan.aiv = program(entry.aiv_entry);
  plan.source_line = [image = image_, base = base_](std::uint64_t pc) { return image->source_line(pc - base); };
  plan.describe = [image = image_, base = base_, gm = &state_.gm](Fault& fault, std::uint64_t pc) {
    fault.source_line = image->source_line(pc - base);
    if (!gm->contains(pc, 2)) return;
    std::uint32_t word = 0;
    std::memcpy(&word, gm->at(pc), gm->contains(pc, 4) ? 4 : 2);
    fault.disassembly = isa::disassemble(isa::decode(word), pc);
  };
  return plan;
}

LaunchResult LoadedModule::launch(const std::string& kernel, std::span<const Argument> arguments, const LaunchOptions& options) {
  ConcurrentLaunch one{this, kernel, {arguments.begin(), arguments.end()}, options};
  return run_launches(state_, {&one, 1}).front();
}

std::shared_ptr<Module> make_module(std::shared_ptr<DeviceState> state, std::shared_ptr<const Image> image) {
  return std::make_shared<LoadedModule>(std::move(state), std::move(image));
}

}  // namespace vitruvian::runtime
