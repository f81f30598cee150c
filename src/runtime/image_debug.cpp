#include "src/runtime/image_debug.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace vitruvian::runtime {

namespace {

std::string die_name(Dwarf_Die& die) {
  const char* name = dwarf_diename(&die);
  return name ? name : "";
}

bool type_of(Dwarf_Die& die, Dwarf_Die& type) {
  Dwarf_Attribute attribute;
  return dwarf_attr_integrate(&die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, &type);
}

// The type as the source writes it: "float*", "const Tiling&", "uint32_t".
std::string type_text(Dwarf_Die die, bool has_type) {
  if (!has_type) return "void";
  Dwarf_Die inner;
  const bool has_inner = type_of(die, inner);
  switch (dwarf_tag(&die)) {
    case DW_TAG_pointer_type: return type_text(inner, has_inner) + "*";
    case DW_TAG_reference_type: return type_text(inner, has_inner) + "&";
    case DW_TAG_rvalue_reference_type: return type_text(inner, has_inner) + "&&";
    case DW_TAG_const_type: return "const " + type_text(inner, has_inner);
    case DW_TAG_volatile_type: return "volatile " + type_text(inner, has_inner);
    case DW_TAG_subroutine_type: return "function";
    default: return die_name(die);
  }
}

Parameter::Kind float_kind(std::uint32_t bytes) {
  if (bytes == 2) return Parameter::Kind::float16;
  return bytes == 4 ? Parameter::Kind::float32 : Parameter::Kind::float64;
}

constexpr std::size_t kMostFields = 2;

// Appends the scalar members of a type; false: more than the calling convention takes apart, a union, a bit-field, a base class.
bool flatten(Dwarf_Die type, std::uint32_t offset, std::vector<Parameter::Field>& fields);

bool flatten_members(Dwarf_Die& type, std::uint32_t offset, std::vector<Parameter::Field>& fields) {
  Dwarf_Die child;
  if (dwarf_child(&type, &child) != 0) return true;
  do {
    if (dwarf_tag(&child) == DW_TAG_inheritance) return false;
    Dwarf_Attribute attribute;
    Dwarf_Word at = 0;
    Dwarf_Die member;
    if (dwarf_tag(&child) != DW_TAG_member || dwarf_hasattr(&child, DW_AT_external)) continue;
    if (dwarf_hasattr(&child, DW_AT_bit_size) || !type_of(child, member)) return false;
    if (dwarf_attr(&child, DW_AT_data_member_location, &attribute) && dwarf_formudata(&attribute, &at) != 0) return false;
    if (!flatten(member, offset + static_cast<std::uint32_t>(at), fields)) return false;
  } while (dwarf_siblingof(&child, &child) == 0);
  return true;
}

bool flatten_array(Dwarf_Die& type, std::uint32_t offset, std::vector<Parameter::Field>& fields) {
  Dwarf_Die element, peeled;
  Dwarf_Word all = 0, one = 0;
  if (!type_of(type, element) || dwarf_peel_type(&element, &peeled) != 0 || dwarf_aggregate_size(&type, &all) != 0 ||
      dwarf_aggregate_size(&peeled, &one) != 0 || one == 0 || all / one > kMostFields)
    return false;
  for (Dwarf_Word at = 0; at + one <= all; at += one)
    if (!flatten(peeled, offset + static_cast<std::uint32_t>(at), fields)) return false;
  return true;
}

void classify(Dwarf_Die& type, Parameter& parameter);

bool flatten(Dwarf_Die type, std::uint32_t offset, std::vector<Parameter::Field>& fields) {
  Dwarf_Die peeled;
  if (dwarf_peel_type(&type, &peeled) != 0) return false;
  const int tag = dwarf_tag(&peeled);
  if (tag == DW_TAG_structure_type || tag == DW_TAG_class_type) return flatten_members(peeled, offset, fields);
  if (tag == DW_TAG_array_type) return flatten_array(peeled, offset, fields);
  if (tag == DW_TAG_union_type) return false;
  Parameter scalar;
  classify(peeled, scalar);
  const bool floating = scalar.kind == Parameter::Kind::float16 || scalar.kind == Parameter::Kind::float32 || scalar.kind == Parameter::Kind::float64;
  fields.push_back({offset, scalar.bytes, floating, scalar.is_signed});
  return fields.size() <= kMostFields;
}

void classify(Dwarf_Die& type, Parameter& parameter) {
  Dwarf_Word size = 0;
  if (dwarf_aggregate_size(&type, &size) == 0) parameter.bytes = static_cast<std::uint32_t>(size);
  switch (dwarf_tag(&type)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
      parameter.kind = Parameter::Kind::pointer;
      parameter.bytes = 8;
      return;
    case DW_TAG_base_type: {
      Dwarf_Attribute attribute;
      Dwarf_Word encoding = 0;
      if (dwarf_attr_integrate(&type, DW_AT_encoding, &attribute)) dwarf_formudata(&attribute, &encoding);
      if (encoding == DW_ATE_float) {
        parameter.kind = float_kind(parameter.bytes);
      } else {
        parameter.kind = Parameter::Kind::integer;
        parameter.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
      }
      return;
    }
    case DW_TAG_enumeration_type: {
      Dwarf_Die underlying;
      Dwarf_Die peeled;
      if (type_of(type, underlying) && dwarf_peel_type(&underlying, &peeled) == 0) classify(peeled, parameter);
      parameter.kind = Parameter::Kind::integer;
      return;
    }
    default:
      parameter.kind = Parameter::Kind::aggregate;
      if (!flatten(type, 0, parameter.fields)) parameter.fields.clear();
  }
}

std::vector<Parameter> parameters_of(Dwarf_Die& function) {
  std::vector<Parameter> parameters;
  Dwarf_Die child;
  if (dwarf_child(&function, &child) != 0) return parameters;
  do {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) continue;
    Parameter parameter;
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(&child, DW_AT_name, &attribute))
      if (const char* name = dwarf_formstring(&attribute)) parameter.name = name;
    Dwarf_Die type, peeled;
    if (!type_of(child, type) || dwarf_peel_type(&type, &peeled) != 0) continue;
    parameter.type = type_text(type, true);
    classify(peeled, parameter);
    parameters.push_back(std::move(parameter));
  } while (dwarf_siblingof(&child, &child) == 0);
  return parameters;
}

// Walks functions of a unit, also inside namespaces and classes.
void read_functions(Dwarf_Die parent, const std::set<std::uint64_t>& entries, DebugTables& tables) {
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    Dwarf_Addr entry = 0;
    if (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type) read_functions(child, entries, tables);
    if (tag == DW_TAG_subprogram && dwarf_lowpc(&child, &entry) == 0 && entries.contains(entry)) tables.signatures[entry] = parameters_of(child);
  } while (dwarf_siblingof(&child, &child) == 0);
}

using FileIndex = std::unordered_map<std::string, std::uint32_t>;

void read_lines(Dwarf_Die& unit, DebugTables& tables, FileIndex& index) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* row = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    int line = 0;
    bool end = false;
    if (dwarf_lineaddr(row, &address) != 0 || dwarf_lineno(row, &line) != 0) continue;
    dwarf_lineendsequence(row, &end);
    const char* path = dwarf_linesrc(row, nullptr, nullptr);
    std::string file = path ? path : "";
    file.erase(0, file.find_last_of('/') + 1);
    const auto [at, added] = index.try_emplace(file, static_cast<std::uint32_t>(tables.files.size()));
    if (added) tables.files.push_back(file);
    // Line 0 marks code that the compiler attributes to nothing; the row before it is the better answer.
    if (line == 0 && !end) continue;
    tables.lines.push_back({address, at->second, end ? 0u : static_cast<std::uint32_t>(line)});
  }
}

// A section that the linker dropped keeps its line sequence at address 0 or at the tombstone; neither may hide real rows.
void sort_lines(std::vector<LineRow>& lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const LineRow& a, const LineRow& b) {
    if (a.address != b.address) return a.address < b.address;
    return a.line == 0 && b.line != 0;  // an end of a sequence first: the next sequence begins at the same address
  });
}

}  // namespace

DebugTables read_debug_tables(const std::vector<std::uint8_t>& elf, const std::vector<std::uint64_t>& entries) {
  DebugTables tables;
  elf_version(EV_CURRENT);
  // libelf writes into the memory of an image only on elf_update, which nobody calls here.
  Elf* file = elf_memory(reinterpret_cast<char*>(const_cast<std::uint8_t*>(elf.data())), elf.size());
  if (!file) return tables;
  if (Dwarf* dwarf = dwarf_begin_elf(file, DWARF_C_READ, nullptr)) {
    const std::set<std::uint64_t> wanted(entries.begin(), entries.end());
    FileIndex index;
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die;
    std::uint8_t kind = 0;
    while (dwarf_get_units(dwarf, unit, &unit, nullptr, &kind, &die, nullptr) == 0) {
      if (kind != DW_UT_compile) continue;
      read_lines(die, tables, index);
      read_functions(die, wanted, tables);
    }
    dwarf_end(dwarf);
  }
  elf_end(file);
  sort_lines(tables.lines);
  return tables;
}

}  // namespace vitruvian::runtime
