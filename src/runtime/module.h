// A loaded image: its program in device memory and its kernels.
#pragma once

#include <memory>

#include "src/runtime/device_state.h"
#include "src/runtime/image.h"

namespace vitruvian::runtime {

class LoadedModule final : public Module {
 public:
  LoadedModule(std::shared_ptr<DeviceState> state, std::shared_ptr<const Image> image);
  ~LoadedModule() override;
  const std::string& name() const override { return image_->name(); }
  std::vector<std::string> kernels() const override;
  std::string signature(const std::string& kernel) const override;
  LaunchResult launch(const std::string& kernel, std::span<const Argument> arguments, const LaunchOptions& options) override;

  bool belongs_to(const DeviceState& state) const { return &state == &state_; }
  // Resolves a launch. Errors: Error for unknown kernel, argument count or type, block dimension, core range, run-ahead, or a chip without the
  // kernel's vector cores.
  sim::LaunchPlan plan(const std::string& kernel, std::span<const Argument> arguments, const LaunchOptions& options) const;

 private:
  const KernelEntry& get_kernel(const std::string& kernel) const;
  void load_segments();

  std::shared_ptr<DeviceState> owner_;
  DeviceState& state_;
  std::shared_ptr<const Image> image_;
  std::uint64_t base_ = 0;
  scalar::Program program_;   // decoded_ refers to it
  std::shared_ptr<scalar::DecodedProgram> decoded_;
};

std::shared_ptr<Module> make_module(std::shared_ptr<DeviceState> state, std::shared_ptr<const Image> image);

// Arguments by the RISC-V calling convention. Errors: Error for a count or type that does not fit the signature.
scalar::Arguments marshal(const KernelEntry& kernel, std::span<const Argument> arguments);
std::string signature_of(const KernelEntry& kernel);

}  // namespace vitruvian::runtime
