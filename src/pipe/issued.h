// The waist of the emulator: an operation of a Da Vinci pipe with its operand values. Rooms after this one never see a
// register number. Both front ends (rv64x now, c220 later) lead to it.
#pragma once

#include <array>
#include <cstdint>

#include <string>

#include "isa/instruction.h"
#include "vitruvian/fault.h"

namespace vitruvian::pipe {

// Special registers that pipe operations depend on, copied at issue.
struct SpecialState {
  std::array<std::uint64_t, 2> mask{~std::uint64_t{0}, ~std::uint64_t{0}};  // [0] lanes 0..63, [1] lanes 64..127
  std::uint64_t ctrl = 0;            // CTRL, bits as in the facts sheet (isa/control_words.h)
  std::uint64_t cmp_control = 0;     // control word of vcmpv/vcmpvs (register of this front end)
  std::uint64_t shift_distance = 0;  // vshl/vshr: distance 7:0, bit 8 rounds (register of this front end)
  std::uint64_t sel_mask = 0;        // vsel modes 1, 2: UB address of the mask bits (register of this front end)
  std::uint64_t deqscale = 0;        // vconv_deq scale: fp16 bits in 15:0 (fp32 bits for others)
  std::uint64_t fmatrix = 0;
  std::uint64_t fmatrix_b = 0;
  std::uint64_t l3d_rpt = 0;
  std::uint64_t padding = 0;         // load3D pad value
  std::uint64_t mov_pad_value = 0;   // DataCopyPad fill value
  std::uint64_t nd_para = 0;
  std::uint64_t fpc = 0;
  std::uint64_t quant_pre = 0;       // scalar fixpipe quantisation parameter (fp32 bits in 31:0)
  std::uint64_t lrelu_alpha = 0;
  std::uint64_t store_atomic = 0;
  std::array<std::uint64_t, 8> va{}; // VA registers of vnchwconv
  bool operator==(const SpecialState&) const = default;
};

struct Issued {
  isa::Op op{};
  isa::Pipe pipe{};
  std::array<std::uint64_t, 4> operand{};  // in the order of the table row: rd/dst, rs1, rs2, rs3
  std::uint64_t pc = 0;
  std::uint64_t sequence = 0;              // issue order within the core
  SpecialState special;
};

// How long an operation holds its pipe and when its results are visible, in core cycles from its start.
// The next operation of the pipe may start after `occupancy`; results are visible and flags go out after `latency`
// (latency >= occupancy; the pipe finishes in order).
struct Cost {
  std::uint64_t occupancy = 0;
  std::uint64_t latency = 0;
  bool assumed = false;  // read a chip value whose trust is `assumed`
};

// What is wrong with an operation's operands, before core, pc and line are known. kind == none: nothing.
struct OperandFault {
  FaultKind kind = FaultKind::none;
  std::string detail;  // one sentence: what, where, expected, got
  explicit operator bool() const { return kind != FaultKind::none; }
};

}  // namespace vitruvian::pipe
