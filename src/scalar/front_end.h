// The scalar unit as the machine sees it: it runs its program ahead of simulated time until it meets something that needs
// the machine, and says what. One implementation per front end (rv64x now, c220 later).
//
//        program ──> [ decode cache ] ──> execute ──> Stop{issue | flag | memory | ...} ──> src/sim
//                     icache, dcache tags: time only
//
// Model: in order, one instruction at a time, latencies charged at use (load-use) or at once (branches); instruction and
// data caches are tags that cost time; data are always coherent.
// Approximations: the private window (stack, .data, .bss) always hits; the data cache does not hold stale data.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"
#include "vitruvian/fault.h"

namespace vitruvian::scalar {

using Cycle = std::uint64_t;

// Scalar addresses of the rv64x front end (ours). Everything at or above device memory's base is global memory.
inline constexpr std::uint64_t kUbWindow = 0;                 // UB of an AIV, at its own offsets; an AIC has none
inline constexpr std::uint64_t kUbWindowBytes = 0x0010'0000;
inline constexpr std::uint64_t kPrivateWindow = 0x0010'0000;  // argument block, then stack (grows down from the end)
inline constexpr std::uint64_t kPrivateBytes = 0x0002'0000;   // 128 KiB
inline constexpr std::uint64_t kExitAddress = 0x000f'fff0;    // the return address of a kernel: reaching it ends the core's program
inline constexpr std::uint64_t kDeviceMemoryBase = 0x10'0000'0000;

// Timing of the scalar unit in core cycles, carved from the chip description.
struct ScalarTiming {
  Cycle alu = 1, mul = 1, div = 1, fp = 1, fdiv = 1, branch_taken = 1;
  Cycle ub_load = 1, ub_store = 1, spr = 1, sys_cnt = 1, issue = 1;
  Cycle dcache_hit = 1, dcache_miss = 1, dcci = 1, icache_miss = 1;
  std::uint64_t icache_bytes = 0, icache_line = 1, icache_ways = 1, icache_prefetch = 0;
  std::uint64_t dcache_bytes = 0, dcache_line = 1, dcache_ways = 1;
  double core_clock = 1, system_counter = 1;
  static ScalarTiming from(const chip::ChipSpec& spec, bool is_aic);
};

// What the program of one core sees of the launch.
struct CoreIdentity {
  bool is_aic = true;
  std::uint32_t core_id = 0;        // physical, within the die and kind
  std::uint32_t block_id = 0;       // AIC numbering
  std::uint32_t block_num = 1;
  std::uint32_t sub_block_id = 0;
  std::uint32_t sub_block_dim = 1;
  std::uint32_t task_ratio = 1;
  std::uint64_t tiling_key = 0;
  std::uint64_t system_workspace = 0;
  std::string name;                 // "aic3"
};

// The program image that all cores of a launch share: code bytes at their run address, and the template of the per-core
// private data (.data and .bss).
struct Program {
  std::uint64_t code_base = 0;             // run address (in device memory)
  std::vector<std::uint8_t> code;          // executable bytes
  std::uint64_t private_base = 0;          // run address of .data/.bss
  std::vector<std::uint8_t> private_data;  // initial contents, .bss included
};

// Arguments by the RISC-V calling convention (lp64d), prepared by the runtime.
struct Arguments {
  std::vector<std::uint64_t> integer;   // a0.., overflow to the stack in order
  std::vector<std::uint64_t> floating;  // fa0.., raw bits, NaN-boxed
  std::vector<std::uint64_t> block;     // contents of the argument block at PARA_BASE
};

enum class StopKind : std::uint8_t {
  issue,         // `issued` is for a queue of another pipe; also set_flag/wait_flag/pipe_barrier/ffts_cross_core_sync rows
  wait_dev,      // wait_flag_dev: `issued.operand[0]` is the flag id
  memory,        // a load or store of UB or global memory at its own cycle: call complete_memory()
  result,        // read of a result register: call complete_result()
  cache,         // dcci or dsb: call complete_cache()
  print,         // host_print: operand[0] is the record's address: call skip()
  budget,        // ran the allowed number of instructions; call run() again
  end,           // returned from the kernel
  fault,         // `fault` says what (kind, pc, disassembly, detail); core, cycle and source line are filled by src/sim
};

struct MemoryAccess {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
  bool write = false;
  memory::Space space = memory::Space::GM;  // UB or GM
};

struct Stop {
  StopKind kind = StopKind::end;
  pipe::Issued issued;      // issue, wait_dev, print
  MemoryAccess access;      // memory
  Fault fault;              // fault
};

// Contract: after issue, wait_dev and print the instruction has retired and run() goes on behind it. After memory, result
// and cache the instruction is pending: src/sim advances simulated time to time(), then calls the complete_ function, which performs the
// access, charges its cycles and retires it.
class FrontEnd {
 public:
  virtual ~FrontEnd() = default;
  // `memory` outlives the front end.
  virtual void start(const CoreIdentity& identity, std::uint64_t entry, const Arguments& arguments, Cycle now) = 0;
  virtual Stop run(std::uint64_t budget) = 0;
  virtual Fault complete_memory() = 0;   // Fault{needs_data} when timing-only and the bytes are unknown
  virtual Fault complete_result() = 0;
  virtual void complete_cache() = 0;
  // The core's own time: the cycle at which the next instruction issues.
  virtual Cycle time() const = 0;
  virtual void set_time(Cycle now) = 0;  // never backwards
  virtual std::uint64_t pc() const = 0;  // of the instruction that stopped
  virtual std::uint64_t retired() const = 0;
  // Reads program memory as the scalar unit sees it (host_print, reports); false if outside.
  virtual bool peek(std::uint64_t address, std::span<std::uint8_t> bytes) const = 0;
  // Cycles by reason, all of them: their sum is time() - start.
  struct Counters {
    Cycle execute = 0, icache = 0, dcache = 0, ub = 0, load_use = 0, branch = 0, special = 0;
  };
  virtual const Counters& counters() const = 0;
};

// Text of a host_print record (kernels/include/vitruvian/print.h): {u32 magic, u32 argc, u64 fmt, u64 args[argc]}; a record that
// cannot be read gives a text that says so.
std::string format_print_record(const FrontEnd& front, std::uint64_t address);

// The rv64x front end. `program` and `memory` outlive it; several front ends share one DecodedProgram.
class DecodedProgram;
std::shared_ptr<DecodedProgram> decode_program(const Program& program);
std::unique_ptr<FrontEnd> make_rv64x(std::shared_ptr<DecodedProgram> program, memory::CoreMemory& memory,
                                     const ScalarTiming& timing);

}  // namespace vitruvian::scalar
