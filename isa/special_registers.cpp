#include "isa/special_registers.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace vitruvian::isa {
namespace {

constexpr std::array kSpecialRegisters{
#define VITRUVIAN_SPR(identifier, csr, access, meaning, source) SprInfo{Spr::identifier, #identifier, SprAccess::access, meaning, source},
#include "isa/special_registers.def"
#undef VITRUVIAN_SPR
};

constexpr bool csr_numbers_are_valid() {
  for (std::size_t i = 0; i < kSpecialRegisters.size(); ++i) {
    const unsigned csr = static_cast<unsigned>(kSpecialRegisters[i].spr);
    // Custom ranges of RISC-V's unprivileged CSRs: 0x800..0x8ff read/write, 0xcc0..0xcff read-only.
    const bool read_write = csr >= 0x800 && csr <= 0x8ff, read_only = csr >= 0xcc0 && csr <= 0xcff;
    if (!read_write && !read_only) return false;
    if (read_only && kSpecialRegisters[i].access == SprAccess::rw) return false;
    if (i > 0 && kSpecialRegisters[i - 1].spr >= kSpecialRegisters[i].spr) return false;
  }
  return true;
}
static_assert(csr_numbers_are_valid(), "a CSR number is outside the custom ranges, used twice or out of order");

struct StandardCsr {
  std::uint16_t csr;
  const char* name;
};
constexpr std::array kStandardCsrs{StandardCsr{0x001, "fflags"}, StandardCsr{0x002, "frm"},  StandardCsr{0x003, "fcsr"},
                                   StandardCsr{0xc00, "cycle"},  StandardCsr{0xc01, "time"}, StandardCsr{0xc02, "instret"}};

}  // namespace

const char* to_string(SprAccess access) {
  switch (access) {
    case SprAccess::rw: return "rw";
    case SprAccess::ro: return "ro";
    case SprAccess::result: return "result";
  }
  return "?";
}

std::span<const SprInfo> special_registers() { return kSpecialRegisters; }

const SprInfo* find_special_register(std::uint64_t csr) {
  const auto found = std::ranges::lower_bound(kSpecialRegisters, csr, {}, [](const SprInfo& spr) { return std::uint64_t{spr.csr()}; });
  return found != kSpecialRegisters.end() && found->csr() == csr ? &*found : nullptr;
}

const SprInfo* find_special_register(std::string_view name) {
  const auto found = std::ranges::find_if(kSpecialRegisters, [&](const SprInfo& spr) { return spr.name == name; });
  return found != kSpecialRegisters.end() ? &*found : nullptr;
}

const char* to_string(Spr spr) {
  const SprInfo* found = find_special_register(static_cast<std::uint64_t>(spr));
  return found != nullptr ? found->name : "?";
}

std::string csr_name(std::uint64_t csr) {
  if (const SprInfo* spr = find_special_register(csr)) return spr->name;
  for (const StandardCsr& standard : kStandardCsrs)
    if (standard.csr == csr) return standard.name;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(csr));
  return text.data();
}

std::optional<std::uint16_t> find_csr(std::string_view name) {
  if (const SprInfo* spr = find_special_register(name)) return spr->csr();
  for (const StandardCsr& standard : kStandardCsrs)
    if (standard.name == name) return standard.csr;
  return std::nullopt;
}

}  // namespace vitruvian::isa
