// Tiling data: host values that arrive as the last argument of a launch, and the tiling key of the launch.
#pragma once

#include "vitruvian/workspace.h"

namespace vitruvian {
// Copies a structure from global memory by scalar loads.
template <typename T>
VITRUVIAN_INLINE void copy_tiling(T& to, const void* from) {
  static_assert(std::is_trivially_copyable_v<T>, "tiling data is a plain structure");
  const auto* words = static_cast<const std::uint8_t*>(from);
  auto* bytes = reinterpret_cast<std::uint8_t*>(&to);
  constexpr std::size_t whole = sizeof(T) / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) {
    std::uint64_t word;
    __builtin_memcpy(&word, words + i, 8);
    __builtin_memcpy(bytes + i, &word, 8);
  }
  for (std::size_t i = whole; i < sizeof(T); ++i) bytes[i] = words[i];
}
}  // namespace vitruvian

#define GET_TILING_DATA_WITH_STRUCT(Struct, name, pointer) \
  Struct name;                                             \
  ::vitruvian::copy_tiling(name, pointer)
#define GET_TILING_DATA_MEMBER(Struct, member, name, pointer) \
  decltype(Struct::member) name;                              \
  ::vitruvian::copy_tiling(name, (pointer) + __builtin_offsetof(Struct, member))
#define GET_TILING_DATA_PTR_WITH_STRUCT(Struct, name, pointer) const __gm__ Struct* name = reinterpret_cast<const __gm__ Struct*>(pointer)
// The structure of later GET_TILING_DATA in the same scope.
#define REGISTER_TILING_DEFAULT(Struct) using vitruvian_tiling_data = Struct
#define REGISTER_TILING_FOR_TILINGKEY(expression, Struct)
#define GET_TILING_DATA(name, pointer) GET_TILING_DATA_WITH_STRUCT(vitruvian_tiling_data, name, pointer)
#define COPY_TILING_WITH_STRUCT(Struct, pointer, name) GET_TILING_DATA_WITH_STRUCT(Struct, name, pointer)

VITRUVIAN_INLINE std::uint64_t get_tiling_key() { return vitruvian::spr::read_constant<vitruvian::spr::TILING_KEY>(); }
#define TILING_KEY_VAR get_tiling_key()
#define TILING_KEY_IS(key) (get_tiling_key() == static_cast<std::uint64_t>(key))

// The registry of a host tiling header gives the kernel plain structures.
#define BEGIN_TILING_DATA_DEF(Struct) struct Struct {
#define TILING_DATA_FIELD_DEF(type, name) type name
#define TILING_DATA_FIELD_DEF_ARR(type, count, name) type name[count]
#define TILING_DATA_FIELD_DEF_STRUCT(type, name) type name
#define END_TILING_DATA_DEF }
#define REGISTER_TILING_DATA_CLASS(operation, Struct) using vitruvian_tiling_data = Struct;
