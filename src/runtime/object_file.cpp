#include "src/runtime/object_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <tuple>

#include "isa/instruction.h"
#include "vitruvian/error.h"

namespace vitruvian::runtime {

namespace {

constexpr std::string_view kKernelSection = ".text.vitruvian_kernel";
constexpr std::string_view kTaskSection = ".vitruvian.task_type";

struct TaskRecord {
  std::uint16_t section;
  std::uint64_t offset;
  int type;
};

// A relocatable object that our own compiler call wrote: headers are checked, the rest is trusted no further than bounds.
class Object {
 public:
  explicit Object(const std::string& path) : path_(path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    header_ = at<Elf64_Ehdr>(0);
    if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 || header_.e_type != ET_REL || header_.e_machine != EM_RISCV)
      throw Error("not a relocatable RISC-V object", path, "the compiler's output", "something else");
    for (unsigned i = 0; i < header_.e_shnum; ++i) sections_.push_back(at<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr)));
    for (const Elf64_Shdr& section : sections_)
      if (section.sh_type == SHT_SYMTAB) read_symbols(section);
    for (const Elf64_Shdr& section : sections_)
      if (section.sh_type == SHT_RELA && name_of(section.sh_info) == kTaskSection) read_tasks(section);
  }

  std::vector<ObjectKernel> kernels() const {
    std::vector<ObjectKernel> found;
    for (const Elf64_Sym& symbol : symbols_)
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && symbol.st_shndx < sections_.size() &&
          name_of(symbol.st_shndx).starts_with(kKernelSection))
        found.push_back(examine(symbol));
    return found;
  }

 private:
  // A function, or a whole section of data.
  struct Range {
    std::uint16_t section;
    std::uint64_t begin, end;
    auto operator<=>(const Range&) const = default;
  };

  template <class T>
  T at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) throw Error("truncated object", path_, "more bytes", std::to_string(bytes_.size()));
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::string_view text_at(std::uint64_t table, std::uint64_t offset) const {
    const std::uint64_t begin = sections_.at(table).sh_offset + offset;
    if (begin >= bytes_.size()) return {};
    return {bytes_.data() + begin, strnlen(bytes_.data() + begin, bytes_.size() - begin)};
  }
  std::string_view name_of(std::uint32_t section) const { return text_at(header_.e_shstrndx, sections_.at(section).sh_name); }

  void read_symbols(const Elf64_Shdr& table) {
    strings_ = table.sh_link;
    for (std::uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); ++i) symbols_.push_back(at<Elf64_Sym>(table.sh_offset + i * sizeof(Elf64_Sym)));
  }

  // Records of 16 bytes: an address (by relocation) and the type.
  void read_tasks(const Elf64_Shdr& relocations) {
    const Elf64_Shdr& data = sections_.at(relocations.sh_info);
    for (std::uint64_t i = 0; i < relocations.sh_size / sizeof(Elf64_Rela); ++i) {
      const auto row = at<Elf64_Rela>(relocations.sh_offset + i * sizeof(Elf64_Rela));
      const Elf64_Sym& symbol = symbols_.at(ELF64_R_SYM(row.r_info));
      tasks_.push_back({symbol.st_shndx, symbol.st_value + static_cast<std::uint64_t>(row.r_addend),
                        static_cast<int>(at<std::uint64_t>(data.sh_offset + row.r_offset + 8))});
    }
  }

  // The function at a place of the code, or the rest of its section.
  Range function_at(std::uint16_t section, std::uint64_t offset) const {
    for (const Elf64_Sym& symbol : symbols_)
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx == section && offset >= symbol.st_value && offset < symbol.st_value + symbol.st_size)
        return {section, symbol.st_value, symbol.st_value + symbol.st_size};
    return {section, 0, sections_.at(section).sh_size};
  }

  // Everything that a kernel reaches by relocations, the kernel included.
  std::set<Range> reached_from(const Range& kernel) const {
    std::set<Range> reached{kernel};
    std::vector<Range> todo{kernel};
    while (!todo.empty()) {
      const Range range = todo.back();
      todo.pop_back();
      for (const Elf64_Shdr& section : sections_) {
        if (section.sh_type != SHT_RELA || section.sh_info != range.section) continue;
        for (std::uint64_t i = 0; i < section.sh_size / sizeof(Elf64_Rela); ++i) {
          const auto row = at<Elf64_Rela>(section.sh_offset + i * sizeof(Elf64_Rela));
          if (row.r_offset < range.begin || row.r_offset >= range.end) continue;
          const Elf64_Sym& symbol = symbols_.at(ELF64_R_SYM(row.r_info));
          if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= sections_.size()) continue;
          const bool code = sections_[symbol.st_shndx].sh_flags & SHF_EXECINSTR;
          const Range target = code ? function_at(symbol.st_shndx, symbol.st_value) : Range{symbol.st_shndx, 0, sections_[symbol.st_shndx].sh_size};
          if (reached.insert(target).second) todo.push_back(target);
        }
      }
    }
    return reached;
  }

  void scan_code(const Range& range, ObjectKernel& kernel) const {
    const std::uint64_t base = sections_.at(range.section).sh_offset;
    for (std::uint64_t pc = range.begin; pc + 2 <= range.end;) {
      const std::uint32_t word = pc + 4 <= range.end ? at<std::uint32_t>(base + pc) : at<std::uint16_t>(base + pc);
      const isa::Instruction instruction = isa::decode(word);
      pc += (word & 3) == 3 ? 4 : 2;
      if (instruction.op == isa::Op::illegal || !isa::is_pipe_operation(instruction.op)) continue;
      const isa::Pipe pipe = isa::pipe_of(instruction.op);
      const bool touches_ub = std::string_view(isa::mnemonic(instruction.op)).find("ubuf") != std::string_view::npos;
      const bool transfer = pipe == isa::Pipe::MTE2 || pipe == isa::Pipe::MTE3;
      if (pipe == isa::Pipe::V || (transfer && touches_ub)) kernel.has_vector_operations = true;
      if (pipe == isa::Pipe::M || pipe == isa::Pipe::MTE1 || pipe == isa::Pipe::FIX || (transfer && !touches_ub)) kernel.has_cube_operations = true;
    }
  }

  ObjectKernel examine(const Elf64_Sym& symbol) const {
    ObjectKernel kernel;
    kernel.symbol = text_at(strings_, symbol.st_name);
    for (const Range& range : reached_from({symbol.st_shndx, symbol.st_value, symbol.st_value + symbol.st_size})) {
      if (sections_.at(range.section).sh_flags & SHF_EXECINSTR) scan_code(range, kernel);
      for (const TaskRecord& task : tasks_)
        if (task.section == range.section && task.offset >= range.begin && task.offset < range.end)
          if (!kernel.task_type || *kernel.task_type & kTaskTypeDefault) kernel.task_type = task.type;
    }
    return kernel;
  }

  std::string path_;
  std::vector<char> bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
  std::vector<Elf64_Sym> symbols_;
  std::uint64_t strings_ = 0;
  std::vector<TaskRecord> tasks_;
};

}  // namespace

std::vector<ObjectKernel> read_object_kernels(const std::string& path) { return Object(path).kernels(); }

}  // namespace vitruvian::runtime
