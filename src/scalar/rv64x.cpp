#include "src/scalar/rv64x.h"

#include <algorithm>
#include <cstring>

#include "src/scalar/integer_operations.h"
#include "vitruvian/error.h"

namespace vitruvian::scalar {

namespace {

// Registers of the calling convention lp64d.
constexpr std::uint8_t kRa = 1, kSp = 2, kA0 = 10, kFa0 = kFloatRegisters + 10;
constexpr std::size_t kArgumentRegisters = 8;
constexpr std::uint64_t kStackAlignment = 16;

// Loads and stores of memory that the core has for itself; their width is known to the compiler in each case.
std::uint64_t load_raw(const std::uint8_t* from, unsigned log2_bytes) {
  std::uint64_t raw = 0;
  switch (log2_bytes) {
    case 0: return *from;
    case 1: std::memcpy(&raw, from, 2); return raw;
    case 2: std::memcpy(&raw, from, 4); return raw;
    default: std::memcpy(&raw, from, 8); return raw;
  }
}
void store_raw(std::uint8_t* to, std::uint64_t raw, unsigned log2_bytes) {
  switch (log2_bytes) {
    case 0: *to = static_cast<std::uint8_t>(raw); return;
    case 1: std::memcpy(to, &raw, 2); return;
    case 2: std::memcpy(to, &raw, 4); return;
    default: std::memcpy(to, &raw, 8); return;
  }
}

}  // namespace

Rv64x::Rv64x(std::shared_ptr<DecodedProgram> program, memory::CoreMemory& memory, const ScalarTiming& timing)
    : program_(std::move(program)),
      memory_(memory),
      timing_(timing),
      latency_{timing.alu, timing.mul, timing.div, timing.fp, timing.fdiv},
      space_(program_->program(), memory),
      icache_(timing.icache_bytes, timing.icache_line, timing.icache_ways),
      dcache_(timing.dcache_bytes, timing.dcache_line, timing.dcache_ways) {}

void Rv64x::start(const CoreIdentity& identity, std::uint64_t entry, const Arguments& arguments, Cycle now) {
  ensure(program_->contains(entry), "a kernel's entry lies in its code");
  identity_ = identity;
  space_.reset(identity.is_aic, arguments.block);
  special_.reset(identity);
  icache_.clear();
  dcache_.clear();
  line_begin_ = line_end_ = nullptr;
  registers_ = {};
  ready_.fill(now);
  time_ = start_ = now;
  waited_outside_ = retired_ = sequence_ = 0;
  counters_ = {};
  ended_ = false;
  pending_ = Pending::none;
  at_ = program_->at(entry);
  stopped_pc_ = entry;
  set_arguments(arguments);
}

void Rv64x::set_arguments(const Arguments& arguments) {
  const std::size_t in_registers = std::min(arguments.integer.size(), kArgumentRegisters);
  std::copy_n(arguments.integer.begin(), in_registers, registers_.begin() + kA0);
  ensure(arguments.floating.size() <= kArgumentRegisters, "floating-point arguments beyond fa7 travel as integers");
  std::copy(arguments.floating.begin(), arguments.floating.end(), registers_.begin() + kFa0);
  const std::uint64_t overflow = 8 * (arguments.integer.size() - in_registers);
  const std::uint64_t sp = (kPrivateWindow + kPrivateBytes - overflow) / kStackAlignment * kStackAlignment;
  if (overflow) {
    std::uint8_t* stack = space_.find_private(sp, overflow);
    ensure(stack != nullptr, "stack arguments fit the private window");
    std::memcpy(stack, arguments.integer.data() + in_registers, overflow);
  }
  registers_[kSp] = sp;
  registers_[kRa] = kExitAddress;
}

void Rv64x::set_time(Cycle now) {
  ensure(now >= time_, "the scalar unit's time never goes backwards");
  waited_outside_ += now - time_;
  time_ = now;
}

const FrontEnd::Counters& Rv64x::counters() const {
  // What no other reason took: one addition less for each instruction.
  const Counters& c = counters_;
  counters_.execute = time_ - start_ - waited_outside_ - (c.icache + c.dcache + c.ub + c.load_use + c.branch + c.special);
  return counters_;
}

Stop Rv64x::run(std::uint64_t budget) {
  Stop stop;
  ensure(pending_ == Pending::none, "a pending instruction is completed before the run goes on");
  if (ended_) {
    stop.kind = StopKind::end;
    return stop;
  }
  run_until_stop(budget, stop);
  return stop;
}

// Makes the line of `at` the line in hand.
void Rv64x::fetch(const Decoded* at) {
  line_begin_ = program_->begin();
  line_end_ = program_->end() + 2;
  if (!icache_.modelled()) return;
  const std::uint64_t line = icache_.line_of(program_->address_of(at));
  const std::uint64_t first = std::max(line * icache_.line_bytes(), program_->program().code_base);
  const std::uint64_t last = std::min((line + 1) * icache_.line_bytes(), program_->code_end());
  if (at < program_->end()) {
    line_begin_ = program_->at(first);
    line_end_ = program_->at(last);
    if (icache_.touch(line)) return;
    spend(timing_.icache_miss, counters_.icache);
    for (std::uint64_t ahead = 1; ahead <= timing_.icache_prefetch; ++ahead) icache_.touch(line + ahead);
  }
}

void Rv64x::wait_for(std::uint8_t source) {
  if (ready_[source] > time_) spend(ready_[source] - time_, counters_.load_use);
}

// The hot loop. Its state lives in locals: members would have to be stored around every write of a register.
void Rv64x::run_until_stop(std::uint64_t budget, Stop& stop) {
  const Decoded* at = at_;
  Cycle time = time_;
  std::uint64_t left = budget;
  const std::uint64_t retired_before = retired_;
  const Cycle alu = timing_.alu, branch_taken = timing_.branch_taken, private_load = timing_.dcache_hit;
  stop.kind = StopKind::budget;
  while (left != 0) {
    if (at < line_begin_ || at >= line_end_) [[unlikely]] {
      time_ = time;
      fetch(at);
      time = time_;
    }
    const Decoded& d = *at;
    const Cycle ready = std::max(ready_[d.rs1], ready_[d.rs2]);
    if (ready > time) {
      counters_.load_use += ready - time;
      time = ready;
    }
    const std::uint64_t a = registers_[d.rs1], b = registers_[d.rs2];
    switch (d.group) {
      case Group::compute:
        write(d.rd, compute(d.op, a, b, d.imm, program_->address_of(at)), time + latency_[static_cast<std::size_t>(d.latency)]);
        break;
      case Group::branch: {
        if (!is_taken(d.op, a, b)) break;
        const std::ptrdiff_t target = at - program_->begin() + d.imm;
        if (target < 0 || target >= program_->end() - program_->begin()) [[unlikely]] goto rare;
        at += d.imm;
        time += branch_taken;
        counters_.branch += branch_taken;
        --left;
        continue;
      }
      case Group::load: {
        const std::uint64_t address = a + static_cast<std::uint64_t>(std::int64_t{d.imm}), bytes = std::uint64_t{1} << d.width;
        const std::uint8_t* from = space_.find_readable(address, bytes);
        if (from == nullptr || (address & (bytes - 1)) != 0) goto rare;
        write(d.rd, extend(load_raw(from, d.width), d.width, static_cast<Extension>(d.detail)), time + private_load);
        break;
      }
      case Group::store: {
        const std::uint64_t address = a + static_cast<std::uint64_t>(std::int64_t{d.imm}), bytes = std::uint64_t{1} << d.width;
        std::uint8_t* to = space_.find_private(address, bytes);
        if (to == nullptr || (address & (bytes - 1)) != 0) goto rare;
        store_raw(to, b, d.width);
        break;
      }
      default:
      rare: {
        time_ = time;
        at_ = at;
        retired_ = retired_before + (budget - left);
        const Outcome outcome = execute_rare(d, stop);
        if (outcome != Outcome::stopped) ++retired_;
        if (outcome != Outcome::retired) return;
        time = time_;
        at = at_;
        --left;
        continue;
      }
    }
    time += alu;
    at += d.slots;
    --left;
  }
  at_ = at;
  time_ = time;
  retired_ = retired_before + budget;
  stopped_pc_ = program_->address_of(at);
}

std::unique_ptr<FrontEnd> make_rv64x(std::shared_ptr<DecodedProgram> program, memory::CoreMemory& memory, const ScalarTiming& timing) {
  return std::make_unique<Rv64x>(std::move(program), memory, timing);
}

}  // namespace vitruvian::scalar
