// The special registers of the core as CSRs of the rv64x front end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitruvian::isa {

// The value of an enumerator is its CSR number.
enum class Spr : std::uint16_t {
#define VITRUVIAN_SPR(identifier, csr, access, meaning, source) identifier = csr,
#include "isa/special_registers.def"
#undef VITRUVIAN_SPR
};

// result: written by a pipe operation; a read waits for the earlier operations of V.
enum class SprAccess : std::uint8_t { rw, ro, result };
const char* to_string(SprAccess access);

struct SprInfo {
  Spr spr{};
  const char* name = "";
  SprAccess access{};
  std::string_view meaning, source;
  std::uint16_t csr() const { return static_cast<std::uint16_t>(spr); }
};

// All special registers in the order of the table (ascending CSR numbers).
std::span<const SprInfo> special_registers();
// nullptr: no such special register.
const SprInfo* find_special_register(std::uint64_t csr);
const SprInfo* find_special_register(std::string_view name);
const char* to_string(Spr spr);

// "CTRL", "fcsr", or "0x123" for a CSR without a name.
std::string csr_name(std::uint64_t csr);
std::optional<std::uint16_t> find_csr(std::string_view name);

}  // namespace vitruvian::isa
