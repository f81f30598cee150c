#include "src/runtime/image.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "src/runtime/elf_file.h"
#include "src/runtime/image_debug.h"
#include "vitruvian/error.h"

namespace vitruvian::runtime {

const char* to_string(CoreKind kind) {
  switch (kind) {
    case CoreKind::aic: return "aic";
    case CoreKind::aiv: return "aiv";
    case CoreKind::mix: return "mix";
  }
  return "?";
}

namespace {

constexpr std::string_view kKernelList = ".vitruvian.kernels";
constexpr std::string_view kAicSuffix = "_mix_aic", kAivSuffix = "_mix_aiv";
constexpr std::uint32_t kRelocationNone = 0, kRelocationRelative = 3;  // R_RISCV_NONE, R_RISCV_RELATIVE

bool is_kernel_section(std::string_view section) {
  // The second form survives a linker that folds .text.* into .text.
  return section.starts_with(".text.vitruvian_kernel") || section.starts_with("vitruvian_kernel");
}

std::string demangled(const std::string& symbol) {
  if (!symbol.starts_with("_Z")) return symbol;  // "f" would demangle as the type float
  int status = 0;
  char* text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  if (!text) return symbol;
  std::string name = text;
  std::free(text);
  return name;
}

struct Function {
  std::uint64_t begin = 0, end = 0;
  std::string name;
};

class ElfImage final : public Image {
 public:
  ElfImage(const std::vector<std::uint8_t>& bytes, const std::string& name) : name_(name) {
    const ElfFile elf(bytes, name);
    read_segments(elf);
    read_relocations(elf);
    read_kernels(elf);
    read_debug(bytes);
  }

  const std::string& name() const override { return name_; }
  const std::vector<Segment>& segments() const override { return segments_; }
  std::uint64_t size() const override { return size_; }
  const std::vector<Relocation>& relocations() const override { return relocations_; }
  const std::vector<KernelEntry>& kernels() const override { return kernels_; }

  const KernelEntry* find_kernel(const std::string& name) const override {
    const auto found = std::find_if(kernels_.begin(), kernels_.end(), [&](const KernelEntry& kernel) { return kernel.name == name; });
    return found == kernels_.end() ? nullptr : &*found;
  }

  std::string source_line(std::uint64_t offset) const override {
    const auto& lines = debug_.lines;
    auto row = std::upper_bound(lines.begin(), lines.end(), offset, [](std::uint64_t at, const LineRow& r) { return at < r.address; });
    if (row == lines.begin()) return {};
    --row;
    return row->line ? fmt::format("{}:{}", debug_.files[row->file], row->line) : std::string{};
  }

  std::string function_at(std::uint64_t offset) const override {
    auto found = std::upper_bound(functions_.begin(), functions_.end(), offset, [](std::uint64_t at, const Function& f) { return at < f.begin; });
    if (found == functions_.begin()) return {};
    --found;
    return offset < found->end ? found->name : std::string{};
  }

 private:
  using Symbols = std::map<std::string, std::uint64_t, std::less<>>;

  [[noreturn]] void refuse(const std::string& what, std::string expected, std::string got) const {
    throw Error(what, name_, std::move(expected), std::move(got));
  }

  void read_segments(const ElfFile& elf);
  void read_relocations(const ElfFile& elf);
  void read_kernels(const ElfFile& elf);
  void read_kernel_list(std::string_view text, const Symbols& functions);
  void infer_kernels(const Symbols& candidates);
  void add_kernel(KernelEntry kernel, const Symbols& functions);
  void read_debug(const std::vector<std::uint8_t>& bytes);

  std::string name_;
  std::vector<Segment> segments_;
  std::uint64_t size_ = 0;
  std::vector<Relocation> relocations_;
  std::vector<KernelEntry> kernels_;
  std::vector<Function> functions_;  // sorted by begin
  DebugTables debug_;
};

// An image beyond this is a broken header, not a kernel: device code and its tables stay far below.
constexpr std::uint64_t kLargestImage = std::uint64_t{1} << 32;

void ElfImage::read_segments(const ElfFile& elf) {
  for (const Elf64_Phdr& header : elf.program_headers()) {
    if (header.p_type != PT_LOAD || header.p_memsz == 0) continue;
    if (header.p_filesz > header.p_memsz) refuse("a segment is larger in the file than in memory", fmt::format("at most {} bytes", header.p_memsz), std::to_string(header.p_filesz));
    if (header.p_vaddr >= kLargestImage || header.p_memsz > kLargestImage - header.p_vaddr)
      refuse("a segment lies outside the image", fmt::format("an end below {:#x}", kLargestImage), fmt::format("{:#x} + {:#x}", header.p_vaddr, header.p_memsz));
    Segment segment;
    segment.offset = header.p_vaddr;
    const std::uint8_t* from = elf.at(header.p_offset, header.p_filesz, fmt::format("the segment of address {:#x}", header.p_vaddr));
    segment.bytes.assign(from, from + header.p_filesz);
    segment.bytes.resize(header.p_memsz);
    segment.executable = header.p_flags & PF_X;
    segment.writable = header.p_flags & PF_W;
    size_ = std::max(size_, header.p_vaddr + header.p_memsz);
    segments_.push_back(std::move(segment));
  }
  if (segments_.empty()) refuse("nothing to load", "at least one PT_LOAD segment", "none");
}

void ElfImage::read_relocations(const ElfFile& elf) {
  for (const Elf64_Shdr& section : elf.sections()) {
    if (section.sh_type != SHT_RELA || !(section.sh_flags & SHF_ALLOC)) continue;
    for (const Elf64_Rela& row : elf.table<Elf64_Rela>(section.sh_offset, section.sh_size / sizeof(Elf64_Rela), "the relocation table")) {
      const auto type = ELF64_R_TYPE(row.r_info);
      if (type == kRelocationNone) continue;
      if (type != kRelocationRelative) refuse("unsupported relocation", "R_RISCV_RELATIVE (3): is a symbol undefined?", std::to_string(type));
      const auto addend = static_cast<std::uint64_t>(row.r_addend);
      const bool inside = std::any_of(segments_.begin(), segments_.end(), [&](const Segment& s) {
        return row.r_offset >= s.offset && s.bytes.size() >= 8 && row.r_offset - s.offset <= s.bytes.size() - 8;
      });
      if (!inside || addend > size_) refuse("a relocation points outside the image", fmt::format("below {:#x}", size_), fmt::format("slot {:#x}, addend {:#x}", row.r_offset, addend));
      relocations_.push_back({row.r_offset, addend});
    }
  }
}

void ElfImage::read_kernels(const ElfFile& elf) {
  Symbols functions, candidates;
  std::vector<bool> kernel_section(elf.sections().size());
  for (std::size_t i = 1; i < kernel_section.size(); ++i) kernel_section[i] = is_kernel_section(elf.section_name(i));
  for (const ElfSymbol& symbol : elf.symbols()) {
    if (!symbol.function || symbol.value >= size_) continue;
    functions.try_emplace(symbol.name, symbol.value);
    if (symbol.section < kernel_section.size() && kernel_section[symbol.section]) candidates.try_emplace(symbol.name, symbol.value);
    functions_.push_back({symbol.value, symbol.value + symbol.size, demangled(symbol.name)});
  }
  std::sort(functions_.begin(), functions_.end(), [](const Function& a, const Function& b) { return a.begin < b.begin; });
  if (const std::size_t list = elf.find_section(kKernelList)) read_kernel_list(elf.contents(list), functions);
  infer_kernels(candidates);
  if (kernels_.empty())
    refuse("the file has no kernel", fmt::format("function symbols in a section .text.vitruvian_kernel*, or a section {}", kKernelList), "none of them");
}

// Lines "NAME aic|aiv|mix RATIO". Each compiler pass (AIC, AIV) may bring its own copy: the first one of a name counts.
void ElfImage::read_kernel_list(std::string_view text, const Symbols& functions) {
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), '\0', '\n');
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string kind;
    KernelEntry kernel;
    if (!(words >> kernel.name)) continue;
    words >> kind;
    if (kind != "aic" && kind != "aiv" && kind != "mix") refuse(fmt::format("wrong line in section {}", kKernelList), "NAME aic|aiv|mix RATIO", '"' + line + '"');
    kernel.kind = kind == "aic" ? CoreKind::aic : kind == "aiv" ? CoreKind::aiv : CoreKind::mix;
    if (!(words >> kernel.aiv_per_aic)) kernel.aiv_per_aic = kernel.kind == CoreKind::mix ? 2 : 1;
    if (kernel.kind == CoreKind::mix && kernel.aiv_per_aic != 1 && kernel.aiv_per_aic != 2)
      refuse(fmt::format("wrong ratio of mix kernel {}", kernel.name), "1 or 2", std::to_string(kernel.aiv_per_aic));
    if (!find_kernel(kernel.name)) add_kernel(std::move(kernel), functions);
  }
}

void ElfImage::infer_kernels(const Symbols& candidates) {
  for (const auto& [symbol, address] : candidates) {
    KernelEntry kernel;
    kernel.name = symbol;
    for (const std::string_view suffix : {kAicSuffix, kAivSuffix})
      if (symbol.ends_with(suffix)) {
        kernel.name = symbol.substr(0, symbol.size() - suffix.size());
        kernel.kind = CoreKind::mix;
        kernel.aiv_per_aic = 2;
      }
    if (!find_kernel(kernel.name)) add_kernel(std::move(kernel), candidates);
  }
}

void ElfImage::add_kernel(KernelEntry kernel, const Symbols& functions) {
  const auto entry_of = [&](const std::string& symbol) {
    const auto found = functions.find(symbol);
    if (found == functions.end()) refuse(fmt::format("kernel {} has no code", kernel.name), "a function symbol " + symbol, "none");
    return found->second;
  };
  switch (kernel.kind) {
    case CoreKind::aic: kernel.aic_entry = entry_of(kernel.name); break;
    case CoreKind::aiv: kernel.aiv_entry = entry_of(kernel.name); break;
    case CoreKind::mix:
      kernel.aic_entry = entry_of(kernel.name + std::string(kAicSuffix));
      kernel.aiv_entry = entry_of(kernel.name + std::string(kAivSuffix));
      break;
  }
  kernels_.push_back(std::move(kernel));
}

void ElfImage::read_debug(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint64_t> entries;
  for (const KernelEntry& kernel : kernels_)
    for (const auto& entry : {kernel.aic_entry, kernel.aiv_entry})
      if (entry) entries.push_back(*entry);
  debug_ = read_debug_tables(bytes, entries);
  for (KernelEntry& kernel : kernels_)
    for (const auto& entry : {kernel.aic_entry, kernel.aiv_entry}) {
      if (!entry || kernel.has_signature) continue;
      const auto found = debug_.signatures.find(*entry);
      if (found == debug_.signatures.end()) continue;
      kernel.parameters = found->second;
      kernel.has_signature = true;
    }
}

}  // namespace

std::shared_ptr<const Image> Image::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot read the file", path, "a compiled kernel", "no readable file");
  std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(file)), {});
  return parse(std::move(bytes), path);
}

std::shared_ptr<const Image> Image::parse(std::vector<std::uint8_t> bytes, const std::string& name) {
  return std::make_shared<const ElfImage>(bytes, name);
}

}  // namespace vitruvian::runtime
