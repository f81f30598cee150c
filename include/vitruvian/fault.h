// A program's fault: a value in the result of a launch, never an exception.
#pragma once

#include <cstdint>
#include <string>

namespace vitruvian {

enum class FaultKind : std::uint8_t {
  none,
  illegal_instruction,  // a word that no table row matches
  unsupported,          // a known instruction that this version does not execute
  misaligned,           // an address or length that breaks the instruction's alignment rule
  out_of_bounds,        // outside a buffer, device memory or the program's segments
  runaway,              // more instructions than the limit without an end
  deadlock,             // no pipe can go on
  hazard,               // strict sync: two operations conflict and nothing orders them
  needs_data,           // timing_only: control flow reads data that was not computed
  flag_misuse,          // a flag set twice, an id out of range, a cross-core counter overflow
  trap,                 // ebreak, a failed device assert
  illegal_operand,      // an operand field outside its documented range
};

const char* to_string(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::none;
  std::string core;         // "aic3", "aiv17"
  std::string pipe;         // "S", "MTE2", ...
  std::uint64_t pc = 0;
  std::uint64_t cycle = 0;
  std::string disassembly;
  std::string source_line;  // "gemm.cpp:120", empty without line tables
  std::string detail;       // one sentence; a deadlock has one line per waiting pipe

  explicit operator bool() const { return kind != FaultKind::none; }
  // One readable report with all fields.
  std::string report() const;
};

}  // namespace vitruvian
