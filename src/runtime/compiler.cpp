// The driver behind `vitruvian cc`: two passes of the stock compiler over one source (AIC, AIV), one ELF out of them.
//
//   kernel.cpp ─┬─ clang++ -DASC_CORE=0 ─> aic.o ─ objcopy ─┬─ ld.lld -pie ─> kernel.elf
//               └─ clang++ -DASC_CORE=1 ─> aiv.o ─ objcopy ─┘                 + section .vitruvian.kernels
//
// objcopy makes everything but the kernels of the pass local (the passes define the same functions differently) and names
// the two halves of a mix kernel NAME_mix_aic and NAME_mix_aiv.
#include <cxxabi.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "src/runtime/hints.h"
#include "src/runtime/object_file.h"
#include "src/runtime/single_source.h"
#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian {

namespace {

namespace fs = std::filesystem;
using Command = std::vector<std::string>;

// --- processes

struct Running {
  pid_t pid = -1;
  fs::path output;
};

// Starts a program with its output in a file.
Running start(const Command& command, const fs::path& output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  Running running;
  running.output = output;
  const int problem = posix_spawn(&running.pid, command[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) throw Error("cannot start the program", command[0], "an executable", std::strerror(problem));
  return running;
}

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Outcome {
  bool ok = false;
  std::string text;
};

Outcome finish(const Running& running) {
  int status = 0;
  while (waitpid(running.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) && WEXITSTATUS(status) == 0, contents_of(running.output)};
}

void run(const Command& command, const fs::path& output, const std::string& what, const std::string& where) {
  const Outcome outcome = finish(start(command, output));
  if (!outcome.ok) throw Error(what + "\n" + outcome.text, where, {}, {});
}

// --- tools

std::string find_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / name;
    if (access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate)) return candidate.string();
  }
  return {};
}

struct Tools {
  std::string compiler, lld, objcopy;
  bool is_gcc = false;
};

// The versions tried in order; the headers are written for the first.
constexpr std::array<const char*, 6> kSuffixes = {"-19", "-20", "-18", "-17", "-16", ""};

std::string find_companion(const std::string& name, const std::string& suffix, const char* package) {
  if (std::string found = find_in_path(name + suffix); !found.empty()) return found;
  for (const char* other : kSuffixes)
    if (std::string found = find_in_path(name + other); !found.empty()) return found;
  throw Error(fmt::format("{} is missing", name), "vitruvian cc", fmt::format("the Debian package {} (apt install {})", package, package), "no such program in PATH");
}

// The compiler that was asked for; its version suffix goes to `suffix`, so that linker and tools match.
std::string find_chosen_compiler(const std::string& chosen, const char* where, std::string& suffix) {
  const std::string path = chosen.find('/') != std::string::npos ? chosen : find_in_path(chosen);
  if (path.empty() || access(path.c_str(), X_OK) != 0) throw Error("the compiler does not exist", where, "a clang++ of version 16 to 20, or a riscv64 g++", chosen);
  const std::string file = fs::path(path).filename();
  if (const auto dash = file.rfind('-'); file.starts_with("clang++-") && dash != std::string::npos) suffix = file.substr(dash);
  return path;
}

Tools find_tools(const std::string& chosen) {
  Tools tools;
  std::string suffix;
  if (!chosen.empty()) {
    tools.compiler = find_chosen_compiler(chosen, "vitruvian cc", suffix);
  } else if (const char* set = std::getenv("VITRUVIAN_CLANG"); set && *set) {
    tools.compiler = find_chosen_compiler(set, "VITRUVIAN_CLANG", suffix);
  } else {
    for (const char* candidate : kSuffixes)
      if (tools.compiler = find_in_path(std::string("clang++") + candidate); !tools.compiler.empty()) {
        suffix = candidate;
        break;
      }
    if (tools.compiler.empty())
      throw Error("no clang++ found", "vitruvian cc", "the Debian package clang-19 (apt install clang-19 lld-19 llvm-19), or VITRUVIAN_CLANG", "no clang++-19, -20, -18, -17, -16 in PATH");
  }
  const std::string file = fs::path(tools.compiler).filename();
  tools.is_gcc = file.find("g++") != std::string::npos && !file.starts_with("clang");
  tools.lld = find_companion("ld.lld", suffix, "lld-19");
  tools.objcopy = find_companion("llvm-objcopy", suffix, "llvm-19");
  return tools;
}

// --- passes

enum Pass { kAic, kAiv };
constexpr std::array<const char*, 2> kPassNames = {"aic", "aiv"};

// What both compilers are told.
const Command kCommonFlags = {
    "-mabi=lp64d", "-mcmodel=medany", "-mno-relax", "-fpie", "-std=c++20", "-O2", "-g", "-ffreestanding", "-fno-exceptions", "-fno-rtti",
    "-fno-threadsafe-statics", "-fno-math-errno", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables",
    // Address 0 is the first byte of UB.
    "-fno-delete-null-pointer-checks",
    // Tables in memory cost a load of global memory each.
    "-fno-jump-tables", "-Wno-unknown-pragmas"};
const Command kClangFlags = {"--target=riscv64-unknown-elf", "-march=rv64imfdc_zfh", "-Xclang", "-ffloat16-excess-precision=none", "-mllvm",
                             "-riscv-disable-using-constant-pool-for-large-ints", "-fno-vectorize", "-fno-slp-vectorize", "-Wno-c++11-narrowing", "-nostdlibinc"};
// g++ 12 has no _Float16 on this target (kernels/include/vitruvian/half_class.h) and knows no attribute `nodebug`.
const Command kGccFlags = {"-march=rv64imfdc_zicsr_zifencei", "-fno-tree-vectorize", "-fpermissive", "-Wno-narrowing", "-Wno-attributes", "-msmall-data-limit=0"};

Command compile_command(const Tools& tools, Pass pass, const std::string& source, const fs::path& object, const CompileOptions& options) {
  const std::string data = data_directory();
  Command command = {tools.compiler};
  const auto append = [&](const Command& words) { command.insert(command.end(), words.begin(), words.end()); };
  append(tools.is_gcc ? kGccFlags : kClangFlags);
  append(kCommonFlags);
  append({"-nostdinc++", "-isystem", data + "/kernels/include/std", "-I" + data + "/kernels/include", "-I" + data, "-D__NPU_ARCH__=2201", "-D__CCE_AICORE__=220",
          "-D__VITRUVIAN__=1"});
  if (pass == kAic)
    append({"-DASC_CORE=0", "-D__DAV_C220_CUBE__=1"});
  else
    append({"-DASC_CORE=1", "-D__DAV_C220_VEC__=1"});
  append(options.flags);
  append({"-x", "c++", "-c", source, "-o", object.string()});
  return command;
}

// A kernel of the module: its name and the kind that the image's list states.
struct Kernel {
  std::string name, kind;
  int ratio = 1;
  bool in(Pass pass) const { return kind == "mix" || kind == kPassNames[pass]; }
  std::string symbol(Pass pass) const { return kind == "mix" ? name + "_mix_" + kPassNames[pass] : name; }
};

// KERNEL_TASK_TYPE_DEFAULT wins; otherwise what the passes' code does. The numbers are KernelMetaType of the device headers.
Kernel classify(const std::string& name, const runtime::ObjectKernel* aic, const runtime::ObjectKernel* aiv) {
  for (const auto* half : {aic, aiv})
    if (half && half->task_type) switch (*half->task_type & ~runtime::kTaskTypeDefault) {
        case 0: case 2: return {name, "aiv", 1};
        case 1: case 3: return {name, "aic", 1};
        case 4: return {name, "mix", 1};
        default: return {name, "mix", 2};
      }
  const bool cube = aic && aic->has_cube_operations, vector = aiv && aiv->has_vector_operations;
  if (cube && vector) return {name, "mix", 2};
  return {name, cube ? "aic" : "aiv", 1};
}

// "_Z3fooPhi" -> "foo": the user's name of a kernel without extern "C".
std::string plain_name(const std::string& symbol) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0 || !text) return symbol;
  const std::string full(text.get());
  const std::string name = full.substr(0, full.find('('));
  return name.find_first_of("<> :") == std::string::npos ? name : symbol;
}

struct KernelSet {
  std::vector<Kernel> kernels;
  std::map<std::string, std::string> symbols;  // kernel name -> symbol of the passes
};

KernelSet read_module(const std::array<fs::path, 2>& objects, const std::string& source) {
  std::array<std::map<std::string, runtime::ObjectKernel>, 2> found;
  KernelSet module;
  for (const Pass pass : {kAic, kAiv})
    for (runtime::ObjectKernel& kernel : runtime::read_object_kernels(objects[pass])) {
      std::string name = plain_name(kernel.symbol);
      // Overloads keep their full symbols.
      if (const auto known = module.symbols.find(name); known != module.symbols.end() && known->second != kernel.symbol) name = kernel.symbol;
      module.symbols[name] = kernel.symbol;
      found[pass][name] = std::move(kernel);
    }
  for (const auto& [name, symbol] : module.symbols) {
    const auto half = [&](Pass pass) {
      const auto it = found[pass].find(name);
      return it == found[pass].end() ? nullptr : &it->second;
    };
    Kernel kernel = classify(name, half(kAic), half(kAiv));
    for (const Pass pass : {kAic, kAiv})
      if (kernel.in(pass) && !half(pass)) throw Error(fmt::format("kernel {} does not exist in the {} pass", name, kPassNames[pass]), source, "a kernel of both passes", kernel.kind);
    module.kernels.push_back(std::move(kernel));
  }
  if (module.kernels.empty()) throw Error("the source has no kernel", source, "a function with __global__ __aicore__", "none");
  return module;
}

// Leaves only the pass's kernels global, under their names in the image.
void prepare_object(const Tools& tools, Pass pass, const KernelSet& module, const fs::path& folder, const fs::path& object, const fs::path& prepared) {
  const fs::path keep = folder / fmt::format("{}.keep", kPassNames[pass]), rename = folder / fmt::format("{}.rename", kPassNames[pass]);
  std::ofstream keep_file(keep), rename_file(rename);
  keep_file << "vitruvian_no_such_symbol\n";  // an empty list would keep everything
  for (const Kernel& kernel : module.kernels) {
    if (!kernel.in(pass)) continue;
    const std::string& symbol = module.symbols.at(kernel.name);
    keep_file << symbol << '\n' << kernel.symbol(pass) << '\n';
    if (symbol != kernel.symbol(pass)) rename_file << symbol << ' ' << kernel.symbol(pass) << '\n';
  }
  keep_file.close();
  rename_file.close();
  run({tools.objcopy, "--remove-section=.group", "--keep-global-symbols=" + keep.string(), "--redefine-syms=" + rename.string(), object.string(), prepared.string()},
      folder / "objcopy.txt", "objcopy failed", object.string());
}

void link(const Tools& tools, const KernelSet& module, const fs::path& folder, const std::array<fs::path, 2>& objects, const std::string& elf) {
  const fs::path list = folder / "kernels.txt", marked = folder / "marked.o";
  std::ofstream list_file(list);
  for (const Kernel& kernel : module.kernels) list_file << kernel.name << ' ' << kernel.kind << ' ' << kernel.ratio << '\n';
  list_file.close();
  run({tools.objcopy, fmt::format("--add-section=.vitruvian.kernels={}", list.string()), objects[kAic].string(), marked.string()}, folder / "objcopy.txt",
      "objcopy failed", objects[kAic].string());
  Command command = {tools.lld, "-pie", "--no-dynamic-linker", "-z", "norelro", "-z", "separate-code", "--gc-sections", "--build-id=none", "-e", "0"};
  for (const Kernel& kernel : module.kernels)
    for (const Pass pass : {kAic, kAiv})
      if (kernel.in(pass)) command.push_back("--undefined=" + kernel.symbol(pass));
  command.insert(command.end(), {marked.string(), objects[kAiv].string(), "-o", elf});
  run(command, folder / "lld.txt", "the kernel does not link", elf);
}

// The folder of the intermediate files, removed at the end unless they are wanted.
class WorkFolder {
 public:
  WorkFolder(const std::string& elf, bool keep) : keep_(keep) {
    if (keep) {
      path_ = elf + ".tmp";
      fs::create_directories(path_);
      return;
    }
    std::string pattern = (fs::temp_directory_path() / "vitruvian-cc-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw Error("cannot make a temporary folder", pattern, "a writable folder", std::strerror(errno));
    path_ = pattern;
  }
  ~WorkFolder() {
    std::error_code ignored;
    if (!keep_) fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  bool keep_;
  fs::path path_;
};

}  // namespace

void compile(const std::string& source, const std::string& elf, const CompileOptions& options) {
  if (!fs::is_regular_file(source)) throw Error("cannot read the kernel source", source, "a C++ file", "no such file");
  const Tools tools = find_tools(options.compiler);
  const WorkFolder folder(elf, options.keep_temporaries);
  // Host code in the same file stays out of the device passes; #line keeps the source's name and lines.
  std::string device_source = fs::absolute(source).string();
  CompileOptions device_options = options;
  const runtime::SplitSource split = runtime::split_source(contents_of(source), source, fs::absolute(source).parent_path().string(), data_directory() + "/kernels/include");
  if (split.has_host_code) {
    const fs::path copy = folder.path() / "device.cpp";
    std::ofstream(copy) << fmt::format("#line 1 \"{}\"\n", device_source) << split.device;
    device_options.flags.insert(device_options.flags.end(), {"-iquote", fs::absolute(source).parent_path().string()});
    device_source = copy.string();
  }
  std::array<fs::path, 2> objects, prepared;
  std::array<Running, 2> passes;
  for (const Pass pass : {kAic, kAiv}) {
    objects[pass] = folder.path() / fmt::format("{}.o", kPassNames[pass]);
    prepared[pass] = folder.path() / fmt::format("{}.link.o", kPassNames[pass]);
    passes[pass] = start(compile_command(tools, pass, device_source, objects[pass], device_options), folder.path() / fmt::format("{}.txt", kPassNames[pass]));
  }
  const std::array<Outcome, 2> outcomes = {finish(passes[kAic]), finish(passes[kAiv])};
  for (const Pass pass : {kAic, kAiv})
    if (!outcomes[pass].ok) throw Error(fmt::format("the kernel does not compile for the {}\n{}{}", kPassNames[pass], outcomes[pass].text, runtime::hints_for(outcomes[pass].text)), source, {}, {});
  const KernelSet module = read_module(objects, source);
  for (const Pass pass : {kAic, kAiv}) prepare_object(tools, pass, module, folder.path(), objects[pass], prepared[pass]);
  link(tools, module, folder.path(), prepared, elf);
}

}  // namespace vitruvian
