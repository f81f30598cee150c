// The rv64x front end: RV64IMFDC with Zicsr and Zfh, and the pipe operations in RISC-V's custom opcodes.
//
//   decoded program ──> run(): register file + ready times ──> Stop
//                          │ fetch: icache tags   │ loads, stores: address space, dcache tags
//
// Model: one instruction issues in `alu` cycles; its result is ready after the latency of its class, and an instruction
// waits for its operands. A taken branch or jump costs branch_taken cycles in all; special registers, issue and UB stores
// hold the unit for their cost.
// Approximations:
//  - a miss of either cache holds the unit until the line is there; prefetched lines come with the line that missed;
//  - a scalar store to global memory brings its line into the tags and costs an issue cycle, as a hit does (a write buffer
//    hides the rest), so dsb finds nothing outstanding and costs an issue cycle too;
//  - an instruction that straddles two cache lines is fetched with the first one;
//  - dcci of the whole cache costs as much as of one line.
#pragma once

#include <array>
#include <memory>

#include "src/scalar/address_space.h"
#include "src/scalar/decoded_program.h"
#include "src/scalar/front_end.h"
#include "src/scalar/special_register_file.h"
#include "src/scalar/tag_cache.h"

namespace vitruvian::scalar {

class Rv64x final : public FrontEnd {
 public:
  Rv64x(std::shared_ptr<DecodedProgram> program, memory::CoreMemory& memory, const ScalarTiming& timing);

  void start(const CoreIdentity& identity, std::uint64_t entry, const Arguments& arguments, Cycle now) override;
  Stop run(std::uint64_t budget) override;
  bool misses_cache() const override;
  Fault complete_memory(bool fetched = false) override;
  Fault complete_result() override;
  void complete_cache() override;
  Cycle time() const override { return time_; }
  void set_time(Cycle now) override;
  std::uint64_t pc() const override { return stopped_pc_; }
  std::uint64_t retired() const override { return retired_; }
  bool peek(std::uint64_t address, std::span<std::uint8_t> bytes) const override { return space_.peek(address, bytes); }
  const Counters& counters() const override;

 private:
  enum class Pending : std::uint8_t { none, memory, result, cache };
  // What became of an instruction that the hot loop does not handle itself.
  enum class Outcome : std::uint8_t { retired, stopped_retired, stopped };

  void set_arguments(const Arguments& arguments);
  void run_until_stop(std::uint64_t budget, Stop& stop);
  void fetch(const Decoded* at);
  void write(std::uint8_t rd, std::uint64_t value, Cycle ready) {
    registers_[rd] = value;
    ready_[rd] = ready;
  }
  void wait_for(std::uint8_t source);
  void spend(Cycle cycles, Cycle& counter) {
    time_ += cycles;
    counter += cycles;
  }

  // rv64x_stops.cpp: instructions outside the hot loop. They see time_ and at_ of the instruction.
  Outcome execute_rare(const Decoded& d, Stop& stop);
  Outcome stop_for_memory(const Decoded& d, Stop& stop);
  Outcome jump_to(std::uint64_t target, const Decoded& d, Stop& stop);
  Outcome execute_csr(const Decoded& d, Stop& stop);
  void write_csr(const Decoded& d, std::uint64_t csr, std::uint64_t old);
  std::uint64_t read_csr(CsrKind kind, std::uint64_t csr) const;
  std::uint64_t system_counter() const;
  Outcome issue(const Decoded& d, Stop& stop);
  Outcome issue_immediate(const Decoded& d, Stop& stop);
  void fill_issued(const Decoded& d, pipe::Issued& issued);
  Outcome refuse(FaultKind kind, std::string detail, Stop& stop);
  Fault fault_here(FaultKind kind, std::string detail) const;
  void retire(const Decoded& d) {
    at_ += d.slots;
    ++retired_;
  }

  // rv64x_float.cpp
  Outcome execute_float(const Decoded& d, Stop& stop);
  template <class F> std::uint64_t float_result(const Decoded& d, FloatContext& context) const;
  template <class F> std::uint64_t unbox(std::uint8_t source) const;

  std::shared_ptr<DecodedProgram> program_;
  memory::CoreMemory& memory_;
  const ScalarTiming timing_;
  std::array<Cycle, static_cast<std::size_t>(Latency::kCount)> latency_;
  AddressSpace space_;
  SpecialRegisterFile special_;
  TagCache icache_, dcache_;
  CoreIdentity identity_;

  std::array<std::uint64_t, kRegisters> registers_{};
  std::array<Cycle, kRegisters> ready_{};
  const Decoded* at_ = nullptr;
  const Decoded *line_begin_ = nullptr, *line_end_ = nullptr;  // the instruction line in hand
  Cycle time_ = 0, start_ = 0, waited_outside_ = 0;
  std::uint64_t retired_ = 0, sequence_ = 0, stopped_pc_ = 0;
  bool ended_ = false;
  Pending pending_ = Pending::none;
  MemoryAccess access_;
  mutable Counters counters_;
};

// Sign-extends, zero-extends or NaN-boxes the low 2^log2_bytes bytes.
inline std::uint64_t extend(std::uint64_t raw, unsigned log2_bytes, Extension extension) {
  const unsigned shift = 64 - (8u << log2_bytes);
  switch (extension) {
    case Extension::sign: return static_cast<std::uint64_t>(static_cast<std::int64_t>(raw << shift) >> shift);
    case Extension::zero: return raw << shift >> shift;
    case Extension::box: return shift == 0 ? raw : raw | ~std::uint64_t{0} << (64 - shift);
  }
  return raw;
}

}  // namespace vitruvian::scalar
