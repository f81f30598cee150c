// The public C++ API of Vitruvian: devices, compiled modules, launches, results.
//
//   vitruvian::Device device("ascend910c");
//   auto module = device.load("add_custom.elf");
//   auto x = device.allocate(bytes);  device.copy_in(x, host, bytes);
//   vitruvian::LaunchResult run = module->launch("add_custom", {x, y, z, std::uint32_t{2048}}, {.block_dim = 8});
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "vitruvian/error.h"
#include "vitruvian/fault.h"

namespace vitruvian {

enum class Mode : std::uint8_t { full, timing_only, functional_only, automatic };  // automatic: timing_only, full on needs_data
enum class Sync : std::uint8_t { automatic, strict };
enum class L2State : std::uint8_t { cold, warm, carried };  // warm: the launch's buffers are resident as far as they fit
const char* to_string(Mode mode);
const char* to_string(Sync sync);
const char* to_string(L2State state);
// Errors: Error if the word is none of the names.
Mode mode_from(const std::string& word);
Sync sync_from(const std::string& word);
L2State l2_state_from(const std::string& word);

// An address in device memory.
struct DeviceAddress {
  std::uint64_t value = 0;
};

// Values by position of the kernel's parameters; pointers are DeviceAddress. Integers and floats are converted to the
// parameter's type where the image has the signature.
using Argument = std::variant<DeviceAddress, std::int64_t, std::uint64_t, double, float, std::vector<std::uint8_t>>;

// Why a pipe was not busy.
enum class StallReason : std::uint8_t {
  flag,         // wait_flag not set yet
  barrier,      // pipe_barrier drain
  hazard,       // automatic sync: an earlier conflicting operation had not finished
  memory,       // waits for outstanding slots or data of the memory system
  queue_full,   // S: the destination queue is full
  cross_core,   // wait_flag_dev
  unit_flag,    // cube and fixpipe handshake
  fetch,        // S: instruction cache
  load,         // S: load-use, data cache, UB access
  kCount
};
const char* to_string(StallReason reason);

struct PipeCounters {
  std::string pipe;                   // "S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX"
  std::uint64_t operations = 0;
  std::uint64_t busy = 0;             // cycles
  std::array<std::uint64_t, static_cast<std::size_t>(StallReason::kCount)> stall{};
  std::uint64_t idle = 0;             // nothing issued to it
  std::uint64_t bytes = 0;            // moved, for transfer pipes
  std::uint64_t assumed_busy = 0;     // part of busy whose cost read an assumed value
  std::uint64_t total() const;        // busy + stalls + idle = cycles of the core
};

struct CoreCounters {
  std::string core;                   // "aic0", "aiv5"
  bool is_aic = true;
  std::uint64_t start = 0, end = 0;   // cycles from launch; end is the launch's, the same for all cores
  std::uint64_t finished = 0;         // this core's own end
  std::uint64_t instructions = 0;     // retired by the scalar unit
  std::vector<PipeCounters> pipes;
};

struct MemoryCounters {
  std::uint64_t requests = 0, l2_hits = 0, l2_misses = 0, l2_writebacks = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;         // on the core ports
  std::uint64_t hbm_bytes_read = 0, hbm_bytes_written = 0;
  double l2_busy_share = 0, hbm_busy_share = 0;             // of the launch's cycles, mean over slices and stacks
  // In a package: what this die's cores moved beyond it, and how busy its ways out were (the fabric's busier direction).
  std::uint64_t remote_bytes_read = 0, remote_bytes_written = 0;
  double die_link_busy_share = 0, fabric_busy_share = 0;
};

// One event of the trace. Times in cycles from launch.
struct TraceEvent {
  std::uint16_t core = 0;             // index into LaunchResult::cores
  std::uint8_t pipe = 0;              // index into CoreCounters::pipes
  std::uint16_t op = 0;               // isa::Op
  StallReason stall = StallReason::kCount;  // why it started late, kCount: it did not
  std::uint64_t pc = 0, issue = 0, start = 0, finish = 0;
  std::uint32_t bytes = 0;
};

struct LaunchOptions {
  std::uint32_t block_dim = 1;
  Mode mode = Mode::full;
  Sync sync = Sync::automatic;
  L2State l2 = L2State::cold;
  bool trace = false;                              // keep TraceEvents in the result
  std::uint32_t first_core = 0;                    // first core group of the range that the blocks run on
  std::uint64_t runahead_limit = 1u << 16;         // scalar instructions between returns to the machine
  std::uint64_t instruction_limit = 2'000'000'000; // for each core: runaway beyond it
  std::uint64_t tiling_key = 0;
  // timing_only: vector operations and transfers of at most this many bytes, all of whose inputs are known, are carried out all
  // the same, so that counts and index lists go through UB; 0: none.
  std::uint32_t steering_bytes = 0;
  std::function<bool(double)> progress;            // called now and then with a guess of the share done; false stops the run
};

struct LaunchResult {
  std::string kernel, chip, mode, sync, l2;
  std::uint32_t die = 0;                           // of the package
  bool reran_in_full = false;                      // mode automatic met needs_data
  std::uint64_t cycles = 0;                        // launch to the last core's end (0 for functional_only)
  double time_us = 0;
  double core_time_us = 0;                         // first core's start to last core's end
  std::vector<CoreCounters> cores;
  MemoryCounters memory;
  std::uint64_t hazard_waits = 0;                  // automatic sync: operations that were held back
  Fault fault;                                     // kind none: the kernel ended well
  double wall_s = 0;                               // the simulation alone
  std::uint64_t pipe_operations = 0, scalar_instructions = 0;
  double assumed_share = 0;                        // share of busy cycles whose cost read an assumed value
  std::string bound;                               // cube, vector, scalar, mte1, mte2, mte3, fixpipe, hbm, l2, die_link, fabric, sync, launch
  std::vector<TraceEvent> events;
  std::vector<std::string> printed;                // host_print lines

  // Sums over cores by pipe name.
  std::map<std::string, PipeCounters> pipes() const;
  // Writes Perfetto / Chrome trace JSON: one process per core, one thread per pipe. Errors: Error if not traced or not writable.
  void write_trace(const std::string& path) const;
};

class Device;

// A compiled kernel file, loaded into a device, whose memory it keeps alive.
class Module {
 public:
  virtual ~Module() = default;
  virtual const std::string& name() const = 0;
  virtual std::vector<std::string> kernels() const = 0;
  // "add_custom(x: pointer, y: pointer, z: pointer, total: uint32)" for each kernel.
  virtual std::string signature(const std::string& kernel) const = 0;
  // Runs a kernel to its end. Errors: Error for unknown kernel, argument count or type, block dimension.
  virtual LaunchResult launch(const std::string& kernel, std::span<const Argument> arguments,
                              const LaunchOptions& options) = 0;
};

// Several launches in one simulation, on disjoint cores, contending for L2 and HBM; in a package also on different dies.
struct ConcurrentLaunch {
  Module* module = nullptr;
  std::string kernel;
  std::vector<Argument> arguments;
  LaunchOptions options;             // mode, sync, l2 of the first one count for all
};

class Device {
 public:
  // Errors: Error for an unknown chip or override.
  explicit Device(const std::string& chip, const std::map<std::string, double>& overrides = {});
  ~Device();
  Device(Device&&) noexcept;

  const std::string& chip() const;
  double clock_hz() const;
  std::uint32_t aic_count() const;
  std::uint32_t aiv_count() const;
  bool shares_package(const Device& other) const;  // both are dies of one package
  std::string provenance() const;    // chip file, overrides, revision

  // Device memory, 512 B aligned. Errors: Error when full.
  DeviceAddress allocate(std::uint64_t bytes);
  void free(DeviceAddress address);
  void copy_in(DeviceAddress to, const void* from, std::uint64_t bytes);
  void copy_out(void* to, DeviceAddress from, std::uint64_t bytes);
  void fill(DeviceAddress to, std::uint8_t value, std::uint64_t bytes);
  // Host pointer to device memory (the mapping itself).
  std::uint8_t* host_pointer(DeviceAddress address, std::uint64_t bytes);

  std::shared_ptr<Module> load(const std::string& elf_path);
  std::shared_ptr<Module> load(std::vector<std::uint8_t> elf, const std::string& name);
  std::vector<LaunchResult> run_concurrently(std::span<ConcurrentLaunch> launches);
  // The named sc_module tree, one line each, indented.
  std::string hierarchy() const;

 private:
  friend class Package;
  struct State;
  explicit Device(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;     // a module keeps it alive
};

// Compiles a kernel source for the device with the stock compiler (clang++-19): both core kinds where needed, one ELF.
struct CompileOptions {
  std::vector<std::string> flags;    // extra -D, -I, -include, -O
  bool keep_temporaries = false;
  std::string compiler{};            // name or path of a clang++ or riscv64 g++; empty: $VITRUVIAN_CLANG, or clang++-19 and its neighbours
};
// Errors: Error with the compiler's diagnostics, or naming the Debian package of a missing compiler.
void compile(const std::string& source, const std::string& elf, const CompileOptions& options = {});

// Where the installed or source tree keeps chips/, kernels/: $VITRUVIAN_HOME, or found from the library's place.
std::string data_directory();
// Git revision and version of this build.
std::string revision();

}  // namespace vitruvian
