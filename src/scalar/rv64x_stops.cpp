// Instructions outside the hot loop: those that need the machine, jumps, special registers, faults.
#include <fmt/format.h>

#include "src/scalar/rv64x.h"
#include "vitruvian/error.h"

namespace vitruvian::scalar {

using isa::Op;

Rv64x::Outcome Rv64x::execute_rare(const Decoded& d, Stop& stop) {
  stopped_pc_ = program_->address_of(at_);
  switch (d.group) {
    case Group::floating: return execute_float(d, stop);
    case Group::branch:
    case Group::jump: return jump_to(stopped_pc_ + 2 * static_cast<std::uint64_t>(std::int64_t{d.imm}), d, stop);
    case Group::jump_register: return jump_to((registers_[d.rs1] + static_cast<std::uint64_t>(std::int64_t{d.imm})) & ~std::uint64_t{1}, d, stop);
    case Group::load:
    case Group::store: return stop_for_memory(d, stop);
    case Group::csr: return execute_csr(d, stop);
    case Group::issue4:
    case Group::issue3: return issue(d, stop);
    case Group::issue_immediate: return issue_immediate(d, stop);
    case Group::system:
      if (d.op == Op::ebreak) return refuse(FaultKind::trap, "the program ran into ebreak", stop);
      return refuse(FaultKind::unsupported, "ecall: the core has no environment to call", stop);
    case Group::illegal: return refuse(FaultKind::illegal_instruction, fmt::format("no instruction has the word {:#010x}", program_->word_at(stopped_pc_)), stop);
    case Group::outside:
      return refuse(FaultKind::out_of_bounds, fmt::format("the program ran past the end of its code [{:#x}, {:#x})", program_->program().code_base, program_->code_end()), stop);
    case Group::compute: break;
  }
  ensure(false, "the hot loop handles computations");
  return Outcome::stopped;
}

Fault Rv64x::fault_here(FaultKind kind, std::string detail) const {
  Fault fault;
  fault.kind = kind;
  fault.core = identity_.name;
  fault.pipe = isa::to_string(isa::Pipe::S);
  fault.pc = stopped_pc_;
  fault.cycle = time_;
  fault.disassembly = isa::disassemble(isa::decode(program_->word_at(stopped_pc_)), stopped_pc_);
  fault.detail = std::move(detail);
  return fault;
}

Rv64x::Outcome Rv64x::refuse(FaultKind kind, std::string detail, Stop& stop) {
  stop.kind = StopKind::fault;
  stop.fault = fault_here(kind, std::move(detail));
  return Outcome::stopped;
}

Rv64x::Outcome Rv64x::jump_to(std::uint64_t target, const Decoded& d, Stop& stop) {
  const bool ends = target == kExitAddress;
  if (!ends && !program_->contains(target))
    return refuse(FaultKind::out_of_bounds, fmt::format("jump to {:#x}, outside the code [{:#x}, {:#x})", target, program_->program().code_base, program_->code_end()), stop);
  write(d.rd, stopped_pc_ + 2u * d.slots, time_ + timing_.alu);
  spend(timing_.branch_taken, counters_.branch);
  if (ends) {
    ended_ = true;
    stop.kind = StopKind::end;
    return Outcome::stopped_retired;
  }
  at_ = program_->at(target);
  return Outcome::retired;
}

Rv64x::Outcome Rv64x::stop_for_memory(const Decoded& d, Stop& stop) {
  const bool is_store = d.group == Group::store;
  const std::uint64_t address = registers_[d.rs1] + static_cast<std::uint64_t>(std::int64_t{d.imm});
  const std::uint32_t bytes = 1u << d.width;
  const char* what = is_store ? "store" : "load";
  if ((address & (bytes - 1)) != 0)
    return refuse(FaultKind::misaligned, fmt::format("{} of {} bytes at {:#x}; expected a multiple of {}", what, bytes, address, bytes), stop);
  const auto space = space_.find_shared(address, bytes);
  if (is_store && space_.in_code(address)) return refuse(FaultKind::out_of_bounds, fmt::format("store of {} bytes at {:#x}, in the program's code", bytes, address), stop);
  if (!space) {
    const char* where = address >= kUbWindow + kUbWindowBytes ? "outside the private window, the program and device memory"
                        : identity_.is_aic                    ? "in the UB window, and an AIC has no UB"
                                                              : "outside UB";
    const std::string bounds = address < kUbWindow + kUbWindowBytes && !identity_.is_aic ? fmt::format(" of {} bytes", memory_.ub.size()) : std::string{};
    return refuse(FaultKind::out_of_bounds, fmt::format("{} of {} bytes at {:#x}, {}{}", what, bytes, address, where, bounds), stop);
  }
  access_ = {address, bytes, is_store, *space};
  stop.kind = StopKind::memory;
  stop.access = access_;
  pending_ = Pending::memory;
  return Outcome::stopped;
}

bool Rv64x::misses_cache() const {
  ensure(pending_ == Pending::memory, "a memory stop is pending");
  return access_.space == memory::Space::GM && !access_.write && !dcache_.holds(dcache_.line_of(access_.address));
}

Fault Rv64x::complete_memory(bool fetched) {
  ensure(pending_ == Pending::memory, "complete_memory() answers a memory stop");
  const Decoded& d = *at_;
  const bool ub = access_.space == memory::Space::UB;
  if (!access_.write && space_.any_unknown(access_))
    return fault_here(FaultKind::needs_data, fmt::format("load of {} bytes at {:#x} in {}: they were not computed in this timing-only run", access_.bytes, access_.address,
                                                         memory::to_string(access_.space)));
  const bool hit = ub || dcache_.touch(dcache_.line_of(access_.address));
  if (access_.write) {
    space_.write(access_, &registers_[d.rs2]);  // the low bytes: the host is little-endian, as the core is
    if (ub) spend(timing_.ub_store, counters_.ub);
    else time_ += timing_.alu;
  } else {
    std::uint64_t raw = 0;
    space_.read(access_, &raw);
    if (!hit && !fetched) spend(timing_.dcache_miss, counters_.dcache);
    const Cycle latency = ub ? timing_.ub_load : hit ? timing_.dcache_hit : 0;
    write(d.rd, extend(raw, d.width, static_cast<Extension>(d.detail)), time_ + latency);
    if (hit) time_ += timing_.alu;
  }
  pending_ = Pending::none;
  retire(d);
  return {};
}

std::uint64_t Rv64x::system_counter() const {
  __extension__ using Wide = unsigned __int128;
  // Hertz are whole numbers far below 2^53, so both conversions are exact.
  return static_cast<std::uint64_t>(static_cast<Wide>(time_) * static_cast<std::uint64_t>(timing_.system_counter) / static_cast<std::uint64_t>(timing_.core_clock));
}

std::uint64_t Rv64x::read_csr(CsrKind kind, std::uint64_t csr) const {
  constexpr std::uint64_t kCycle = 0xc00, kTime = 0xc01;
  switch (kind) {
    case CsrKind::standard: return special_.read_float_csr(csr);
    case CsrKind::counter: return csr == kCycle ? time_ : csr == kTime ? system_counter() : retired_;
    case CsrKind::rw:
    case CsrKind::ro: return static_cast<isa::Spr>(csr) == isa::Spr::SYS_CNT ? system_counter() : special_.read(static_cast<isa::Spr>(csr));
    case CsrKind::unknown:
    case CsrKind::result: break;
  }
  ensure(false, "result registers are read when they are complete");
  return 0;
}

void Rv64x::write_csr(const Decoded& d, std::uint64_t csr, std::uint64_t old) {
  const bool immediate = d.op == Op::csrrwi || d.op == Op::csrrsi || d.op == Op::csrrci;
  const std::uint64_t operand = immediate ? d.width : registers_[d.rs1];
  std::uint64_t value = operand;
  if (d.op == Op::csrrs || d.op == Op::csrrsi) value = old | operand;
  if (d.op == Op::csrrc || d.op == Op::csrrci) value = old & ~operand;
  if (static_cast<CsrKind>(d.detail) == CsrKind::standard) special_.write_float_csr(csr, value);
  else special_.write(static_cast<isa::Spr>(csr), value);
}

Rv64x::Outcome Rv64x::execute_csr(const Decoded& d, Stop& stop) {
  const auto csr = static_cast<std::uint64_t>(d.imm);
  const auto kind = static_cast<CsrKind>(d.detail);
  const bool swaps = d.op == Op::csrrw || d.op == Op::csrrwi;
  const bool writes = swaps || d.rs1 != 0 || d.width != 0;
  if (kind == CsrKind::unknown) return refuse(FaultKind::illegal_instruction, fmt::format("the core has no special register {:#x}", csr), stop);
  if (writes && kind != CsrKind::standard && kind != CsrKind::rw)
    return refuse(FaultKind::illegal_instruction, fmt::format("write of the read-only register {}", isa::csr_name(csr)), stop);
  if (kind == CsrKind::result) {
    pending_ = Pending::result;
    stop.kind = StopKind::result;
    return Outcome::stopped;
  }
  const std::uint64_t old = read_csr(kind, csr);
  if (writes) write_csr(d, csr, old);
  const bool counter = kind == CsrKind::ro && static_cast<isa::Spr>(csr) == isa::Spr::SYS_CNT;
  spend(counter ? timing_.sys_cnt : timing_.spr, counters_.special);
  write(d.rd, old, time_);
  at_ += d.slots;
  return Outcome::retired;
}

Fault Rv64x::complete_result() {
  ensure(pending_ == Pending::result, "complete_result() answers a result stop");
  const Decoded& d = *at_;
  const auto csr = static_cast<std::uint64_t>(d.imm);
  if (memory_.result.unknown)
    return fault_here(FaultKind::needs_data, fmt::format("read of {}: it was not computed in this timing-only run", isa::csr_name(csr)));
  spend(timing_.spr, counters_.special);
  write(d.rd, SpecialRegisterFile::read_result(static_cast<isa::Spr>(csr), memory_.result), time_);
  pending_ = Pending::none;
  retire(d);
  return {};
}

void Rv64x::fill_issued(const Decoded& d, pipe::Issued& issued) {
  issued.op = d.op;
  issued.pipe = static_cast<isa::Pipe>(d.detail);
  issued.pc = stopped_pc_;
  issued.sequence = sequence_++;
  issued.special = special_.special();
}

Rv64x::Outcome Rv64x::issue(const Decoded& d, Stop& stop) {
  wait_for(d.rd);
  fill_issued(d, stop.issued);
  stop.issued.operand = {registers_[d.rd], registers_[d.rs1], registers_[d.rs2], 0};
  if (d.group == Group::issue4) {
    wait_for(d.rs3);
    stop.issued.operand[3] = registers_[d.rs3];
  }
  time_ += timing_.issue;
  at_ += d.slots;
  stop.kind = StopKind::issue;
  return Outcome::stopped_retired;
}

Rv64x::Outcome Rv64x::issue_immediate(const Decoded& d, Stop& stop) {
  const auto immediate = static_cast<std::uint64_t>(d.imm);
  const std::uint64_t value = registers_[d.rs1];
  stop.kind = StopKind::issue;
  stop.issued.operand = {immediate, value, 0, 0};
  switch (d.op) {
    case Op::dcci:
    case Op::dsb:
      pending_ = Pending::cache;
      stop.kind = StopKind::cache;
      return Outcome::stopped;
    case Op::host_print:
      stop.kind = StopKind::print;
      stop.issued.operand = {value, immediate, 0, 0};
      break;
    case Op::wait_flag_dev:
      stop.kind = StopKind::wait_dev;
      stop.issued.operand = {immediate + value, 0, 0, 0};
      break;
    default: break;
  }
  fill_issued(d, stop.issued);
  if (stop.kind != StopKind::print) time_ += timing_.issue;  // printing is the host's work
  at_ += d.slots;
  return Outcome::stopped_retired;
}

void Rv64x::complete_cache() {
  ensure(pending_ == Pending::cache, "complete_cache() answers a cache stop");
  const Decoded& d = *at_;
  if (d.op == Op::dcci) {
    constexpr std::int32_t kWholeCache = 1;
    if (d.imm & kWholeCache) dcache_.clear();
    else dcache_.invalidate(dcache_.line_of(registers_[d.rs1]));
    spend(timing_.dcci, counters_.special);
  } else {
    spend(timing_.alu, counters_.special);
  }
  pending_ = Pending::none;
  retire(d);
}

}  // namespace vitruvian::scalar
