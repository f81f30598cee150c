// One library kernel with its parameters bound: what the runner asks of each (private to src/workload).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/workload/library_kernels.h"

namespace vitruvian {
class Package;
}

namespace vitruvian::workload {

// Parameter values as numbers and types.
class ParameterReader {
 public:
  explicit ParameterReader(const Parameters& values) : values_(values) {}
  const std::string& word(const std::string& name) const { return values_.at(name); }
  // Errors: Error unless it is a whole number from 1 on.
  std::uint64_t count(const std::string& name) const;
  ElementType type(const std::string& name, std::initializer_list<ElementType> allowed) const;

 private:
  const Parameters& values_;
};

// Device memory that is freed with it.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(Device& device, std::uint64_t bytes) : device_(&device), bytes_(bytes), address_(device.allocate(bytes)) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept : device_(std::exchange(other.device_, nullptr)), bytes_(other.bytes_), address_(other.address_) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(bytes_, other.bytes_);
    std::swap(address_, other.address_);
    return *this;
  }
  ~DeviceBuffer() {
    if (device_ != nullptr) device_->free(address_);
  }
  DeviceAddress address() const { return address_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint8_t* host() const { return device_->host_pointer(address_, bytes_); }
  // Memory that the host is about to write itself may still be marked as not computed by an earlier timing_only launch.
  void clear() const { device_->fill(address_, 0, bytes_); }
  // Not-a-number in every float type, so that an element that the kernel leaves out fails the check.
  void poison() const { device_->fill(address_, 0xff, bytes_); }

 private:
  Device* device_ = nullptr;
  std::uint64_t bytes_ = 0;
  DeviceAddress address_;
};

// An argument by the name that the kernel gives its parameter: the ELF's signature, not this file, knows the order.
// In ELFs without names (no DWARF) the order here counts.
struct NamedArgument {
  std::string name;
  Argument value;
};
// Errors: Error where names and signature disagree.
std::vector<Argument> bind_arguments(const std::string& signature, const std::vector<NamedArgument>& arguments);

class KernelCase {
 public:
  virtual ~KernelCase() = default;
  virtual std::string source() const = 0;      // in kernels/lib
  virtual std::string symbol() const = 0;
  virtual std::uint32_t block_dim(const Device& device) const = 0;
  // Called before prepare() where the device is die 0 of a package.
  virtual void join(Package&) {}
  // Allocates the buffers; fills them unless `with_data` is false (timing_only reads none of it).
  virtual std::vector<NamedArgument> prepare(Device& device, std::uint64_t seed, bool with_data) = 0;
  // A kernel that only moves data or measures has no result to check.
  virtual bool has_result() const { return true; }
  virtual Accuracy check() const { throw Error("the kernel has no result to check", source(), "has_result()", ""); }
  virtual double useful_operations() const = 0;
  virtual double useful_bytes() const = 0;     // compulsory traffic: each input read once, each output written once
  virtual double type_ratio() const = 0;       // cube rate relative to fp16
  virtual chip::BaselineProfile::Prediction baseline(const chip::BaselineProfile& profile) const { return profile.streaming(useful_bytes()); }
};

std::unique_ptr<KernelCase> make_gemm(const Parameters& parameters);
std::unique_ptr<KernelCase> make_pto_gemm(const Parameters& parameters);
std::unique_ptr<KernelCase> make_vector_add(const Parameters& parameters);
std::unique_ptr<KernelCase> make_rms_norm(const Parameters& parameters);
std::unique_ptr<KernelCase> make_softmax(const Parameters& parameters);
std::unique_ptr<KernelCase> make_data_copy(const Parameters& parameters);
std::unique_ptr<KernelCase> make_bank_conflict(const Parameters& parameters);
std::unique_ptr<KernelCase> make_vector_add_published(const Parameters& parameters);
std::unique_ptr<KernelCase> make_matmul_published(const Parameters& parameters);
std::unique_ptr<KernelCase> make_grouped_gemm(const Parameters& parameters);
std::unique_ptr<KernelCase> make_gm_copy(const Parameters& parameters);

}  // namespace vitruvian::workload
