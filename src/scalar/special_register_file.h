// The special registers of one core as the program reads and writes them.
#pragma once

#include <cstdint>

#include "isa/special_registers.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"
#include "src/scalar/floating_point.h"
#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

class SpecialRegisterFile {
 public:
  void reset(const CoreIdentity& identity);

  const pipe::SpecialState& special() const { return special_; }
  std::uint64_t read(isa::Spr spr) const;                 // rw and ro registers, but SYS_CNT, which needs the time
  void write(isa::Spr spr, std::uint64_t value);          // rw registers
  static std::uint64_t read_result(isa::Spr spr, const memory::ResultRegisters& result);

  // fflags, frm, fcsr.
  std::uint64_t read_float_csr(std::uint64_t csr) const;
  void write_float_csr(std::uint64_t csr, std::uint64_t value);
  std::uint8_t dynamic_rounding() const { return rounding_; }
  void accrue(std::uint8_t flags) { flags_ = static_cast<std::uint8_t>(flags_ | flags); }

 private:
  std::uint64_t* find(isa::Spr spr);

  CoreIdentity identity_;
  pipe::SpecialState special_;
  std::uint64_t ffts_base_ = 0;
  std::uint8_t rounding_ = 0, flags_ = 0;
};

}  // namespace vitruvian::scalar
