// What the table says about an operation.
#include "isa/instruction.h"

#include "isa/formats.h"
#include "isa/table.h"

namespace vitruvian::isa {

const char* to_string(Pipe pipe) {
  switch (pipe) {
    case Pipe::S: return "S";
    case Pipe::V: return "V";
    case Pipe::M: return "M";
    case Pipe::MTE1: return "MTE1";
    case Pipe::MTE2: return "MTE2";
    case Pipe::MTE3: return "MTE3";
    case Pipe::ALL: return "ALL";
    case Pipe::FIX: return "FIX";
  }
  return "?";
}

const char* mnemonic(Op op) { return row_of(op).mnemonic; }
bool is_pipe_operation(Op op) { return row_of(op).is_pipe_operation; }
Pipe pipe_of(Op op) { return row_of(op).pipe; }
std::string_view cost_class(Op op) { return row_of(op).cost; }
std::string_view operation_text(Op op) { return row_of(op).text; }
std::string_view source_of(Op op) { return row_of(op).source; }

int operand_count(Op op) {
  const Row& row = row_of(op);
  if (!row.is_pipe_operation) return 0;
  switch (row.format) {
    case Format::P4: return 4;
    case Format::P3: return 3;
    default: return 1;
  }
}

}  // namespace vitruvian::isa
