#include "src/scalar/decoded_program.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "isa/special_registers.h"

namespace vitruvian::scalar {

namespace {

using isa::Instruction;
using isa::Op;

// Base instruction of a compressed one. Decoding has filled in the implied registers.
Op base_of(Op op) {
  switch (op) {
    case Op::c_addi4spn: case Op::c_nop: case Op::c_addi: case Op::c_li: case Op::c_addi16sp: return Op::addi;
    case Op::c_fld: case Op::c_fldsp: return Op::fld;
    case Op::c_lw: case Op::c_lwsp: return Op::lw;
    case Op::c_ld: case Op::c_ldsp: return Op::ld;
    case Op::c_fsd: case Op::c_fsdsp: return Op::fsd;
    case Op::c_sw: case Op::c_swsp: return Op::sw;
    case Op::c_sd: case Op::c_sdsp: return Op::sd;
    case Op::c_addiw: return Op::addiw;
    case Op::c_lui: return Op::lui;
    case Op::c_srli: return Op::srli;
    case Op::c_srai: return Op::srai;
    case Op::c_slli: return Op::slli;
    case Op::c_andi: return Op::andi;
    case Op::c_sub: return Op::sub;
    case Op::c_xor: return Op::xor_;
    case Op::c_or: return Op::or_;
    case Op::c_and: return Op::and_;
    case Op::c_subw: return Op::subw;
    case Op::c_addw: return Op::addw;
    case Op::c_add: case Op::c_mv: return Op::add;
    case Op::c_j: return Op::jal;
    case Op::c_beqz: return Op::beq;
    case Op::c_bnez: return Op::bne;
    case Op::c_jr: case Op::c_jalr: return Op::jalr;
    case Op::c_ebreak: return Op::ebreak;
    default: return op;
  }
}

struct FloatRow {
  FloatOp operation;
  std::array<Op, 3> op;  // half, single, double
};
constexpr FloatRow kFloatRows[] = {
    {FloatOp::add, {Op::fadd_h, Op::fadd_s, Op::fadd_d}},
    {FloatOp::subtract, {Op::fsub_h, Op::fsub_s, Op::fsub_d}},
    {FloatOp::multiply, {Op::fmul_h, Op::fmul_s, Op::fmul_d}},
    {FloatOp::divide, {Op::fdiv_h, Op::fdiv_s, Op::fdiv_d}},
    {FloatOp::square_root, {Op::fsqrt_h, Op::fsqrt_s, Op::fsqrt_d}},
    {FloatOp::madd, {Op::fmadd_h, Op::fmadd_s, Op::fmadd_d}},
    {FloatOp::msub, {Op::fmsub_h, Op::fmsub_s, Op::fmsub_d}},
    {FloatOp::nmsub, {Op::fnmsub_h, Op::fnmsub_s, Op::fnmsub_d}},
    {FloatOp::nmadd, {Op::fnmadd_h, Op::fnmadd_s, Op::fnmadd_d}},
    {FloatOp::sign, {Op::fsgnj_h, Op::fsgnj_s, Op::fsgnj_d}},
    {FloatOp::sign_not, {Op::fsgnjn_h, Op::fsgnjn_s, Op::fsgnjn_d}},
    {FloatOp::sign_xor, {Op::fsgnjx_h, Op::fsgnjx_s, Op::fsgnjx_d}},
    {FloatOp::minimum, {Op::fmin_h, Op::fmin_s, Op::fmin_d}},
    {FloatOp::maximum, {Op::fmax_h, Op::fmax_s, Op::fmax_d}},
    {FloatOp::equal, {Op::feq_h, Op::feq_s, Op::feq_d}},
    {FloatOp::less, {Op::flt_h, Op::flt_s, Op::flt_d}},
    {FloatOp::less_equal, {Op::fle_h, Op::fle_s, Op::fle_d}},
    {FloatOp::classify, {Op::fclass_h, Op::fclass_s, Op::fclass_d}},
    {FloatOp::move_to_x, {Op::fmv_x_h, Op::fmv_x_w, Op::fmv_x_d}},
    {FloatOp::move_from_x, {Op::fmv_h_x, Op::fmv_w_x, Op::fmv_d_x}},
    {FloatOp::to_w, {Op::fcvt_w_h, Op::fcvt_w_s, Op::fcvt_w_d}},
    {FloatOp::to_wu, {Op::fcvt_wu_h, Op::fcvt_wu_s, Op::fcvt_wu_d}},
    {FloatOp::to_l, {Op::fcvt_l_h, Op::fcvt_l_s, Op::fcvt_l_d}},
    {FloatOp::to_lu, {Op::fcvt_lu_h, Op::fcvt_lu_s, Op::fcvt_lu_d}},
    {FloatOp::from_w, {Op::fcvt_h_w, Op::fcvt_s_w, Op::fcvt_d_w}},
    {FloatOp::from_wu, {Op::fcvt_h_wu, Op::fcvt_s_wu, Op::fcvt_d_wu}},
    {FloatOp::from_l, {Op::fcvt_h_l, Op::fcvt_s_l, Op::fcvt_d_l}},
    {FloatOp::from_lu, {Op::fcvt_h_lu, Op::fcvt_s_lu, Op::fcvt_d_lu}},
    // Between formats: the column is the destination.
    {FloatOp::from_half, {Op::illegal, Op::fcvt_s_h, Op::fcvt_d_h}},
    {FloatOp::from_single, {Op::fcvt_h_s, Op::illegal, Op::fcvt_d_s}},
    {FloatOp::from_double, {Op::fcvt_h_d, Op::fcvt_s_d, Op::illegal}},
    {FloatOp::from_bfloat16, {Op::illegal, Op::fcvt_s_bf16, Op::illegal}},
    {FloatOp::to_bfloat16, {Op::illegal, Op::fcvt_bf16_s, Op::illegal}},
};

bool writes_x(FloatOp o) { return o >= FloatOp::equal && o <= FloatOp::to_lu && o != FloatOp::move_from_x; }
bool reads_x(FloatOp o) { return o == FloatOp::move_from_x || (o >= FloatOp::from_w && o <= FloatOp::from_lu); }

bool reads_second(FloatOp o) { return o <= FloatOp::less_equal && o != FloatOp::square_root; }
bool reads_third(FloatOp o) { return o >= FloatOp::madd && o <= FloatOp::nmadd; }

struct LoadStoreRow {
  Op op;
  bool store, floating;
  std::uint8_t log2_bytes;
  Extension extension;
};
constexpr LoadStoreRow kLoadStoreRows[] = {
    {Op::lb, false, false, 0, Extension::sign},  {Op::lh, false, false, 1, Extension::sign},  {Op::lw, false, false, 2, Extension::sign},
    {Op::ld, false, false, 3, Extension::sign},  {Op::lbu, false, false, 0, Extension::zero}, {Op::lhu, false, false, 1, Extension::zero},
    {Op::lwu, false, false, 2, Extension::zero}, {Op::flh, false, true, 1, Extension::box},   {Op::flw, false, true, 2, Extension::box},
    {Op::fld, false, true, 3, Extension::box},   {Op::sb, true, false, 0, Extension::zero},   {Op::sh, true, false, 1, Extension::zero},
    {Op::sw, true, false, 2, Extension::zero},   {Op::sd, true, false, 3, Extension::zero},   {Op::fsh, true, true, 1, Extension::zero},
    {Op::fsw, true, true, 2, Extension::zero},   {Op::fsd, true, true, 3, Extension::zero},
};

std::uint8_t target(std::uint8_t x) { return x == 0 ? kScrap : x; }
std::uint8_t f(std::uint8_t number) { return static_cast<std::uint8_t>(kFloatRegisters + number); }

CsrKind csr_kind(std::int64_t csr) {
  if (csr >= 0x001 && csr <= 0x003) return CsrKind::standard;  // fflags, frm, fcsr
  if (csr >= 0xc00 && csr <= 0xc02) return CsrKind::counter;   // cycle, time, instret
  const isa::SprInfo* info = isa::find_special_register(static_cast<std::uint64_t>(csr));
  if (info == nullptr) return CsrKind::unknown;
  switch (info->access) {
    case isa::SprAccess::rw: return CsrKind::rw;
    case isa::SprAccess::ro: return CsrKind::ro;
    case isa::SprAccess::result: return CsrKind::result;
  }
  return CsrKind::unknown;
}

Latency latency_of(Op op) {
  switch (op) {
    case Op::mul: case Op::mulh: case Op::mulhsu: case Op::mulhu: case Op::mulw: return Latency::mul;
    case Op::div: case Op::divu: case Op::rem: case Op::remu: case Op::divw: case Op::divuw: case Op::remw: case Op::remuw: return Latency::div;
    default: return Latency::alu;
  }
}

Decoded decode_pipe(const Instruction& in, Decoded d) {
  d.detail = static_cast<std::uint8_t>(isa::pipe_of(in.op));
  d.rd = in.rd;  // a source here: x0 reads as zero
  d.rs3 = in.rs3;
  const int operands = isa::operand_count(in.op);
  d.group = operands == 4 ? Group::issue4 : operands == 3 ? Group::issue3 : Group::issue_immediate;
  if (d.group == Group::issue_immediate) d.rd = kScrap;
  return d;
}

bool decode_floating(const Instruction& in, Decoded& d) {
  for (const FloatRow& row : kFloatRows)
    for (std::uint8_t width = 0; width < row.op.size(); ++width) {
      if (row.op[width] != in.op || in.op == Op::illegal) continue;
      d.group = Group::floating;
      d.detail = static_cast<std::uint8_t>(row.operation);
      d.width = width;
      d.rd = writes_x(row.operation) ? target(in.rd) : f(in.rd);
      d.rs1 = reads_x(row.operation) ? in.rs1 : f(in.rs1);
      // Operands that an operation does not have are x0, which nobody waits for.
      d.rs2 = reads_second(row.operation) ? f(in.rs2) : 0;
      d.rs3 = reads_third(row.operation) ? f(in.rs3) : 0;
      const bool slow = row.operation == FloatOp::divide || row.operation == FloatOp::square_root;
      d.latency = slow ? Latency::fdiv : Latency::fp;
      return true;
    }
  return false;
}

bool decode_load_store(const Instruction& in, Decoded& d) {
  for (const LoadStoreRow& row : kLoadStoreRows) {
    if (row.op != in.op) continue;
    d.group = row.store ? Group::store : Group::load;
    d.width = row.log2_bytes;
    d.detail = static_cast<std::uint8_t>(row.extension);
    if (row.store) {
      d.rs2 = row.floating ? f(in.rs2) : in.rs2;
      d.rd = kScrap;
    } else {
      d.rd = row.floating ? f(in.rd) : target(in.rd);
      d.rs2 = 0;
    }
    return true;
  }
  return false;
}

Decoded decode_one(std::uint32_t word) {
  Instruction in = isa::decode(word);
  in.op = base_of(in.op);
  Decoded d;
  d.slots = static_cast<std::uint8_t>(in.length / 2);
  d.op = in.op;
  d.rd = target(in.rd);
  d.rs1 = in.rs1;
  d.rs2 = in.rs2;
  d.rounding = in.rm;
  d.imm = static_cast<std::int32_t>(in.imm);
  d.latency = latency_of(in.op);
  d.group = Group::compute;
  if (in.op == Op::illegal) {
    d.group = Group::illegal;
    d.rs1 = d.rs2 = 0;
    return d;
  }
  if (isa::is_pipe_operation(in.op)) return decode_pipe(in, d);
  if (decode_floating(in, d) || decode_load_store(in, d)) return d;
  switch (in.op) {
    case Op::beq: case Op::bne: case Op::blt: case Op::bge: case Op::bltu: case Op::bgeu:
      d.group = Group::branch;
      d.rd = kScrap;
      d.imm /= 2;
      break;
    case Op::jal:
      d.group = Group::jump;
      d.imm /= 2;
      break;
    case Op::jalr: d.group = Group::jump_register; break;
    case Op::csrrwi: case Op::csrrsi: case Op::csrrci:
      d.width = in.rs1;
      d.rs1 = 0;
      [[fallthrough]];
    case Op::csrrw: case Op::csrrs: case Op::csrrc:
      d.group = Group::csr;
      d.rs2 = 0;
      d.detail = static_cast<std::uint8_t>(csr_kind(in.imm));
      break;
    case Op::ecall: case Op::ebreak: d.group = Group::system; break;
    case Op::fence: case Op::fence_tso: case Op::fence_i:
      // In order and coherent: nothing to wait for.
      d.rd = kScrap;
      d.rs1 = d.rs2 = 0;
      break;
    default: break;
  }
  return d;
}

}  // namespace

DecodedProgram::DecodedProgram(const Program& program) : program_(program), slots_(program.code.size() / 2), table_(slots_ + 2) {
  for (std::size_t i = 0; i < slots_; ++i) {
    const Decoded d = decode_one(word_at(program.code_base + 2 * i));
    if (i + d.slots <= slots_) table_[i] = d;  // a word cut off by the end of the code stays `outside`
  }
}

std::uint32_t DecodedProgram::word_at(std::uint64_t address) const {
  const std::size_t offset = address - program_.code_base;
  std::uint32_t word = 0;
  if (offset < program_.code.size()) std::memcpy(&word, program_.code.data() + offset, std::min<std::size_t>(4, program_.code.size() - offset));
  return word;
}

std::shared_ptr<DecodedProgram> decode_program(const Program& program) { return std::make_shared<DecodedProgram>(program); }

}  // namespace vitruvian::scalar
