// A compiled kernel file: segments, symbols, kernel entries with their parameters, source lines. Reads ELF64 little-endian
// RISC-V, position independent (static PIE), as `vitruvian cc` makes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vitruvian::runtime {

enum class CoreKind : std::uint8_t { aic, aiv, mix };  // mix: NAME_mix_aic and NAME_mix_aiv
const char* to_string(CoreKind kind);

struct Parameter {
  enum class Kind : std::uint8_t { pointer, integer, float16, float32, float64, aggregate };
  std::string name, type;
  Kind kind = Kind::pointer;
  std::uint32_t bytes = 8;
  bool is_signed = false;
  // Of an aggregate of one or two scalar members, inner structs and arrays flattened: the calling convention passes a pair with
  // a floating-point member in registers of its own. Empty for every other aggregate.
  struct Field {
    std::uint32_t offset = 0, bytes = 0;
    bool floating = false, is_signed = false;
  };
  std::vector<Field> fields;
};

// One kernel as the user names it.
struct KernelEntry {
  std::string name;
  CoreKind kind = CoreKind::aiv;
  std::uint32_t aiv_per_aic = 1;              // mix only: 1 or 2
  std::optional<std::uint64_t> aic_entry;     // image offsets
  std::optional<std::uint64_t> aiv_entry;
  std::vector<Parameter> parameters;
  bool has_signature = false;                 // parameters come from DWARF
};

struct Segment {
  std::uint64_t offset = 0;                   // from the image base (link address)
  std::vector<std::uint8_t> bytes;            // memory size, zero-filled behind the file's part
  bool executable = false, writable = false;
};

class Image {
 public:
  // Errors: Error for a file that is missing, truncated, no ELF, another machine, or has no kernel.
  static std::shared_ptr<const Image> load(const std::string& path);
  static std::shared_ptr<const Image> parse(std::vector<std::uint8_t> bytes, const std::string& name);
  virtual ~Image() = default;

  virtual const std::string& name() const = 0;
  virtual const std::vector<Segment>& segments() const = 0;
  virtual std::uint64_t size() const = 0;     // bytes from offset 0 to the end of the last segment
  // R_RISCV_RELATIVE relocations: image offset of the slot, addend (an image offset).
  struct Relocation {
    std::uint64_t slot = 0, addend = 0;
  };
  virtual const std::vector<Relocation>& relocations() const = 0;
  virtual const std::vector<KernelEntry>& kernels() const = 0;
  virtual const KernelEntry* find_kernel(const std::string& name) const = 0;
  // "file.cpp:123" of a code offset; empty if unknown. Innermost inlined call site's own line.
  virtual std::string source_line(std::uint64_t offset) const = 0;
  virtual std::string function_at(std::uint64_t offset) const = 0;
};

}  // namespace vitruvian::runtime
