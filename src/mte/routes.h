// Private to src/mte: which way each instruction moves data, and the three functions of each kind of transfer.
#pragma once

#include "isa/control_words.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::mte {

using memory::Space;

enum class Kind : std::uint8_t { none, copy, align, nd2nz, load2d, transpose, image, fill };

struct Route {
  Kind kind = Kind::none;
  Space src = Space::GM, dst = Space::GM;
  std::uint8_t element = 1;  // bytes
};

Route route_of(isa::Op op);

inline std::uint8_t* pointer(memory::CoreMemory& memory, Space space, std::uint64_t address) {
  return space == Space::GM ? memory.gm->at(address) : memory.find(space)->data() + address;
}

// Alignment of an address in a buffer (ascendc/api.md, "Rules common to all rows"); GM by element.
std::uint16_t alignment_of(Space space);

pipe::OperandFault check_copy(const pipe::Issued& issued, const Route& route);
void footprint_copy(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_copy(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

pipe::OperandFault check_align(const pipe::Issued& issued, const Route& route);
void footprint_align(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_align(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

void footprint_nd2nz(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_nd2nz(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

void footprint_load2d(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_load2d(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);
void footprint_transpose(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_transpose(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

pipe::OperandFault check_image(const pipe::Issued& issued, const Route& route);
void footprint_image(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_image(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

void footprint_fill(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint);
void execute_fill(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory);

}  // namespace vitruvian::mte
