#include "src/scalar/special_register_file.h"

#include "vitruvian/error.h"

namespace vitruvian::scalar {

using isa::Spr;

namespace {
constexpr std::uint64_t kFflags = 0x001, kFrm = 0x002;  // fcsr is 0x003
constexpr std::uint8_t kFlagBits = 5, kFlagMask = (1 << kFlagBits) - 1, kRoundingMask = 7;
}  // namespace

void SpecialRegisterFile::reset(const CoreIdentity& identity) {
  identity_ = identity;
  special_ = {};
  ffts_base_ = 0;
  rounding_ = flags_ = 0;
}

// The rw registers: one place each.
std::uint64_t* SpecialRegisterFile::find(Spr spr) {
  switch (spr) {
    case Spr::CTRL: return &special_.ctrl;
    case Spr::FMATRIX: return &special_.fmatrix;
    case Spr::FMATRIX_B: return &special_.fmatrix_b;
    case Spr::ND_PARA: return &special_.nd_para;
    case Spr::MASK0: return &special_.mask[0];
    case Spr::MASK1: return &special_.mask[1];
    case Spr::DEQSCALE: return &special_.deqscale;
    case Spr::L3D_RPT: return &special_.l3d_rpt;
    case Spr::PADDING: return &special_.padding;
    case Spr::MOV_PAD_VALUE: return &special_.mov_pad_value;
    case Spr::FPC: return &special_.fpc;
    case Spr::QUANT_PRE: return &special_.quant_pre;
    case Spr::LRELU_ALPHA: return &special_.lrelu_alpha;
    case Spr::STORE_ATOMIC: return &special_.store_atomic;
    case Spr::CMP_CONTROL: return &special_.cmp_control;
    case Spr::SHIFT_DISTANCE: return &special_.shift_distance;
    case Spr::SEL_MASK: return &special_.sel_mask;
    case Spr::FFTS_BASE: return &ffts_base_;
    case Spr::VA0: case Spr::VA1: case Spr::VA2: case Spr::VA3: case Spr::VA4: case Spr::VA5: case Spr::VA6: case Spr::VA7:
      return &special_.va[static_cast<std::size_t>(spr) - static_cast<std::size_t>(Spr::VA0)];
    default: return nullptr;
  }
}

std::uint64_t SpecialRegisterFile::read(Spr spr) const {
  switch (spr) {
    case Spr::BLOCKID: return identity_.block_id;
    case Spr::PARA_BASE: return kPrivateWindow;
    case Spr::COREID: return identity_.core_id;
    case Spr::SYS_VA_BASE: return kUbWindow;
    case Spr::SUBBLOCKDIM: return identity_.sub_block_dim;
    case Spr::SUBBLOCKID: return identity_.sub_block_id;
    case Spr::TILING_KEY: return identity_.tiling_key;
    case Spr::SYS_WORKSPACE: return identity_.system_workspace;
    case Spr::BLOCKNUM: return identity_.block_num;
    case Spr::TASKRATIO: return identity_.task_ratio;
    default: break;
  }
  const std::uint64_t* place = const_cast<SpecialRegisterFile*>(this)->find(spr);
  ensure(place != nullptr, "every readable special register has a value");
  return *place;
}

void SpecialRegisterFile::write(Spr spr, std::uint64_t value) {
  std::uint64_t* place = find(spr);
  ensure(place != nullptr, "every rw special register has a place");
  *place = value;
}

std::uint64_t SpecialRegisterFile::read_result(Spr spr, const memory::ResultRegisters& result) {
  switch (spr) {
    case Spr::RSVD_CNT: return result.rsvd_cnt;
    case Spr::ACC_VAL: return result.acc_val;
    case Spr::MAX_MIN_CNT: return result.max_min_cnt;
    case Spr::VMS4_SR: return result.vms4_sr;
    default: break;
  }
  ensure(false, "every result register has a value");
  return 0;
}

std::uint64_t SpecialRegisterFile::read_float_csr(std::uint64_t csr) const {
  if (csr == kFflags) return flags_;
  if (csr == kFrm) return rounding_;
  return static_cast<std::uint64_t>(rounding_ << kFlagBits | flags_);
}

void SpecialRegisterFile::write_float_csr(std::uint64_t csr, std::uint64_t value) {
  if (csr != kFrm) flags_ = static_cast<std::uint8_t>(value & kFlagMask);
  if (csr != kFflags) rounding_ = static_cast<std::uint8_t>((csr == kFrm ? value : value >> kFlagBits) & kRoundingMask);
}

}  // namespace vitruvian::scalar
