#include "vitruvian/error.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "vitruvian/fault.h"

namespace vitruvian {

void report_bug(std::string_view sentence, const std::source_location& where) {
  // A thrown logic_error unwinds to the CLI or to Python, which say that this is a bug of Vitruvian.
  throw std::logic_error(fmt::format("bug in Vitruvian: not true that {} ({}:{})", sentence, where.file_name(), where.line()));
}

const char* to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::none: return "none";
    case FaultKind::illegal_instruction: return "illegal_instruction";
    case FaultKind::unsupported: return "unsupported";
    case FaultKind::misaligned: return "misaligned";
    case FaultKind::out_of_bounds: return "out_of_bounds";
    case FaultKind::runaway: return "runaway";
    case FaultKind::deadlock: return "deadlock";
    case FaultKind::hazard: return "hazard";
    case FaultKind::needs_data: return "needs_data";
    case FaultKind::flag_misuse: return "flag_misuse";
    case FaultKind::trap: return "trap";
    case FaultKind::illegal_operand: return "illegal_operand";
  }
  return "?";
}

std::string Fault::report() const {
  std::string text = fmt::format("fault: {}\n  core   {}  pipe {}\n  cycle  {}\n  pc     {:#x}", to_string(kind), core, pipe, cycle, pc);
  if (!disassembly.empty()) text += "\n  instr  " + disassembly;
  if (!source_line.empty()) text += "\n  source " + source_line;
  if (!detail.empty()) text += "\n  " + detail;
  return text;
}

}  // namespace vitruvian
