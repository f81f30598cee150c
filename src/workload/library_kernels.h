// The door of the library-kernel runner: a kernel by name, with seeded random data, checked against a host reference.
//
//   name, parameters --> compile (cached) --> load --> random inputs in device memory --> launch --> check --> KernelReport
//
// The emulator knows nothing of these kernels: this file is a user of include/vitruvian/vitruvian.h like any other.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "src/workload/gemm_reference.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian {
class Package;
}

namespace vitruvian::workload {

using Parameters = std::map<std::string, std::string>;

struct ParameterInfo {
  std::string name, default_value, meaning;
};

// What `vitruvian kernel --help` lists.
struct LibraryKernelInfo {
  std::string name, summary, error_formula;
  std::vector<ParameterInfo> parameters;
};
const std::vector<LibraryKernelInfo>& library_kernels();
// Errors: Error that names the kernels there are.
const LibraryKernelInfo& get_library_kernel(const std::string& name);

struct KernelRequest {
  std::string kernel;
  Parameters parameters;               // those left out have their defaults
  LaunchOptions options;               // block_dim is set by the runner
  std::uint64_t seed = 1;
  bool check = true;                   // against the host reference, in modes that compute data
  std::vector<std::string> flags;      // extra compiler flags; the tests break kernels with them
};

struct KernelReport {
  std::string kernel;                  // the library's name; run.kernel is the ELF's symbol
  LaunchResult run;
  Parameters parameters;
  double useful_operations = 0, useful_bytes = 0;
  double tflops = 0;
  double utilization = 0;              // of the cube's peak for the type over the core time
  double bandwidth = 0;                // useful bytes per second
  std::optional<Accuracy> accuracy;    // empty where nothing was checked
  std::string error_formula;
  double h100_time_us = 0, ratio_to_h100 = 0;
  std::string h100_basis;
  std::uint64_t seed = 0;

  bool passed() const { return !accuracy || accuracy->max_rel_error <= accuracy->bound; }
};

// Errors: Error for an unknown kernel, parameter or value; a fault of the kernel is in the report.
KernelReport run_library_kernel(Device& device, const KernelRequest& request);
// The same on die 0 of a package, whose other die and new peers the kernel may reach.
KernelReport run_library_kernel(Package& package, const KernelRequest& request);
// Whether the kernel with these parameters needs a package.
bool reaches_beyond_die(const std::string& kernel, const Parameters& parameters);
// Compiles it into the cache, if it is not there yet.
void compile_library_kernel(const std::string& kernel, const Parameters& parameters);

// The fields of `vitruvian kernel --json`.
nlohmann::ordered_json to_json(const KernelReport& report);

// The ELF of a source in kernels/lib, compiled once and kept in $VITRUVIAN_CACHE or ~/.cache/vitruvian under the hash of
// all that it is made from (source, device headers, instruction table, flags, revision).
std::string cached_elf(const std::string& source, const std::vector<std::string>& flags);

}  // namespace vitruvian::workload
