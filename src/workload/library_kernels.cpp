#include "src/workload/library_kernels.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/workload/kernel_case.h"
#include "vitruvian/package.h"

namespace vitruvian::workload {
namespace {

// Operations of a cube in a cycle at fp16: 16 x 16 x 16 multiply-adds.
constexpr double kCubeOperations = 2.0 * 16 * 16 * 16;

struct Entry {
  LibraryKernelInfo info;
  std::unique_ptr<KernelCase> (*make)(const Parameters&);
};

const ParameterInfo kCores{"cores", "all", "blocks to launch: a number, or all"};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> list{
      {{"gemm", "C[m,n] = A[m,k] x B[k,n], row-major, any shape", "max |C - ref| / max (|A||B|)",
        {{"m", "4096", "rows of A and C"}, {"n", "4096", "columns of B and C"}, {"k", "4096", "columns of A, rows of B"},
         {"dtype", "bf16", "bf16, fp16 or int8 (int32 sums, dequantised to bf16 on the vector cores)"},
         {"out", "same", "same, or fp32 (of bf16 and fp16)"}, {"b", "kn", "how B is stored: kn, or nk (its transpose)"}, kCores}},
       make_gemm},
      {{"pto_gemm", "the published PTO schedule: fp16 in, fp32 out, B stored as [n,k], base tile 128 x 256 x 64", "max |C - ref| / max (|A||B|)",
        {{"m", "1536", "rows of A and C"}, {"n", "1536", "columns of C"}, {"k", "1536", "columns of A"}, kCores}},
       make_pto_gemm},
      {{"vector_add", "z[n] = x[n] + y[n]", "max |z - (x + y)| / max (|x| + |y|)",
        {{"n", "16777216", "elements"}, {"dtype", "fp16", "fp16, fp32 or bf16"}, {"tile", "16384", "fp16 only: elements of a copy"},
         {"buffers", "2", "fp16 only: 1, or 2 for double buffering"}, kCores}},
       make_vector_add},
      {{"rms_norm", "y = x / sqrt(mean(x^2) + epsilon) * gamma, by rows", "max |y - ref| / max |ref|",
        {{"rows", "4096", "rows"}, {"columns", "7168", "elements of a row"}, {"dtype", "bf16", "bf16, fp16 or fp32"},
         {"epsilon", "1e-6", "added to the mean of squares"}, kCores}},
       make_rms_norm},
      {{"softmax", "y = exp(x - max x) / sum exp(x - max x), by rows", "max |y - ref| / max |ref|",
        {{"rows", "4096", "rows"}, {"columns", "4096", "elements of a row"}, {"dtype", "bf16", "bf16, fp16 or fp32"}, kCores}},
       make_softmax},
      {{"data_copy", "transfers alone: tiles of a matrix of fp16, GM to UB or L1, or UB to GM", "none: nothing is computed",
        {{"route", "ub", "ub (GM->UB), nd2nz (GM->L1, ND->NZ), l1 (GM->L1 as it is) or out (UB->GM)"}, {"rows", "12288", "rows of the matrix"},
         {"columns", "12288", "columns of the matrix"}, {"tile_m", "64", "rows of a copy"}, {"tile_n", "1024", "columns of a copy"},
         {"slices", "1", "parts of the columns, one after the other"}, {"rounds", "1", "times that each part is read"},
         {"wait", "0", "1: each copy finishes before the next one"}, kCores}},
       make_data_copy},
      {{"bank_conflict", "the published UB bank conflict loop: the same fp32 Add again and again on one vector core", "none: nothing is computed",
        {{"src0", "0", "UB address"}, {"src1", "0x10100", "UB address"}, {"dst", "0x20000", "UB address"}, {"repeats", "64", "repeats of 256 B of an Add"},
         {"count", "1000", "Adds"}, {"src0_block_stride", "1", "in blocks of 32 B"}, {"src0_repeat_stride", "8", "in blocks of 32 B"}}},
       make_bank_conflict},
      {{"vector_add_published", "z = x + y in fp16 with the published example's schedule and UB addresses", "max |z - (x + y)| / max (|x| + |y|)",
        {{"rows", "8192", "rows"}, {"columns", "8192", "elements of a row"}, {"tile", "16384", "elements of a copy, at most 16384"},
         {"buffers", "1", "1, or 2 for double buffering"}, {"overlap_store", "0", "1: the next load does not wait for the store"}, kCores}},
       make_vector_add_published},
      {{"matmul_published", "C[m,n] = A[m,k] x B in fp16 with the published example's schedule, B stored as [n,k]", "max |C - ref| / max (|A||B|)",
        {{"m", "8192", "rows of A and C"}, {"n", "8192", "columns of C"}, {"k", "8192", "columns of A"}, {"split_m", "4", "cores down C"},
         {"split_n", "6", "cores across C"}, {"rounds", "1", "2: the split for L2"}, {"step_a", "8", "base blocks of A in an L1 slot"},
         {"step_b", "4", "base blocks of B in an L1 slot"}, {"unit_flag", "1", "0: events between mmad and fixpipe"}}},
       make_matmul_published},
      {{"grouped_gemm_published", "INT8 products of equal groups of rows with a weight each, bf16 out, tiles of a given size (kernels/r1)", "none here: as grouped_gemm the kernel is checked",
        {{"groups", "4", "groups"}, {"m", "2048", "rows of a group"}, {"n", "7168", "columns of y"}, {"k", "4096", "columns of a"}, {"tile_m", "128", "rows of a tile"},
         {"tile_n", "152", "columns of a tile"}, kCores}},
       make_grouped_gemm},
      {{"gm_copy", "bytes through UB by the vector cores: in a die's memory, between the dies of a package, with a peer on the fabric", "0, or infinite where a byte differs",
        {{"bytes", "67108864", "bytes"}, {"tile", "65536", "bytes of a copy"}, {"buffers", "2", "tiles in UB, at most 4"}, {"rounds", "1", "times that all is copied"},
         {"work", "copy", "copy, or one half of it: read or write"}, {"beyond", "none", "the memory that is not the die's own: none, die, near or far (a peer, in the node or not)"},
         {"side", "to", "that memory is what is written: to, or read: from"}, kCores}},
       make_gm_copy},
  };
  return list;
}

const Entry& get_entry(const std::string& name) {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (entry.info.name == name) return entry;
    names.push_back(entry.info.name);
  }
  throw Error("unknown library kernel", "kernel", fmt::format("one of {}", fmt::join(names, ", ")), "'" + name + "'");
}

Parameters complete(const LibraryKernelInfo& info, const Parameters& given) {
  Parameters all;
  std::vector<std::string> names;
  for (const ParameterInfo& parameter : info.parameters) {
    all[parameter.name] = parameter.default_value;
    names.push_back(parameter.name);
  }
  for (const auto& [name, value] : given) {
    if (!all.contains(name)) throw Error("unknown parameter of " + info.name, name, fmt::format("one of {}", fmt::join(names, ", ")), "'" + name + "'");
    all[name] = value;
  }
  return all;
}

// Prefers the case's symbol; a file with one kernel may call it as it likes.
std::string find_symbol(const Module& module, const std::string& wanted) {
  const auto kernels = module.kernels();
  if (std::find(kernels.begin(), kernels.end(), wanted) != kernels.end()) return wanted;
  if (kernels.size() == 1) return kernels.front();
  throw Error("the library has no kernel for these parameters", module.name(), fmt::format("one of {}", fmt::join(kernels, ", ")), "'" + wanted + "'");
}

void derive_figures(KernelReport& report, const KernelCase& kernel, const Device& device) {
  const LaunchResult& run = report.run;
  if (run.cycles == 0 || run.fault) return;
  report.tflops = report.useful_operations / run.time_us * 1e-6;
  report.bandwidth = report.useful_bytes / run.time_us * 1e6;
  const double peak = device.aic_count() * kCubeOperations * kernel.type_ratio() * device.clock_hz();
  report.utilization = report.useful_operations / (peak * run.core_time_us * 1e-6);
  const auto baseline = kernel.baseline(chip::BaselineProfile::load("h100_sxm"));
  report.h100_time_us = baseline.time_us;
  report.h100_basis = baseline.basis;
  report.ratio_to_h100 = baseline.time_us / run.time_us;
}

}  // namespace

const std::vector<LibraryKernelInfo>& library_kernels() {
  static const std::vector<LibraryKernelInfo> infos = [] {
    std::vector<LibraryKernelInfo> list;
    for (const Entry& entry : entries()) list.push_back(entry.info);
    return list;
  }();
  return infos;
}

const LibraryKernelInfo& get_library_kernel(const std::string& name) { return get_entry(name).info; }

std::uint64_t ParameterReader::count(const std::string& name) const {
  const std::string& text = word(name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) throw Error("bad value", name, "a whole number from 1 on", "'" + text + "'");
  return value;
}

ElementType ParameterReader::type(const std::string& name, std::initializer_list<ElementType> allowed) const {
  const ElementType type = element_type_from(word(name));
  if (std::find(allowed.begin(), allowed.end(), type) != allowed.end()) return type;
  std::vector<std::string> names;
  for (ElementType each : allowed) names.emplace_back(to_string(each));
  throw Error("the kernel has no such type", name, fmt::format("one of {}", fmt::join(names, ", ")), word(name));
}

std::vector<Argument> bind_arguments(const std::string& signature, const std::vector<NamedArgument>& arguments) {
  std::vector<Argument> bound;
  const std::size_t open = signature.find('('), close = signature.rfind(')');
  const bool has_names = open != std::string::npos && signature.find(':') != std::string::npos;
  if (!has_names) {
    for (const NamedArgument& argument : arguments) bound.push_back(argument.value);
    return bound;
  }
  for (std::size_t at = open + 1; at < close;) {
    const std::size_t end = std::min(signature.find(',', at), close);
    std::string name = signature.substr(at, end - at);
    name.resize(std::min(name.find(':'), name.size()));
    std::erase(name, ' ');
    const auto found = std::find_if(arguments.begin(), arguments.end(), [&](const NamedArgument& argument) { return argument.name == name; });
    if (found == arguments.end()) throw Error("the runner has no value for the kernel's parameter", signature, "a parameter that the runner knows", "'" + name + "'");
    bound.push_back(found->value);
    at = end + 1;
  }
  return bound;
}

namespace {

KernelReport run_kernel(Device& device, Package* package, const KernelRequest& request) {
  const Entry& entry = get_entry(request.kernel);
  KernelReport report;
  report.kernel = entry.info.name;
  report.parameters = complete(entry.info, request.parameters);
  report.error_formula = entry.info.error_formula;
  report.seed = request.seed;
  const auto kernel = entry.make(report.parameters);
  if (package != nullptr) kernel->join(*package);
  report.useful_operations = kernel->useful_operations();
  report.useful_bytes = kernel->useful_bytes();

  const auto module = device.load(cached_elf(kernel->source(), request.flags));
  const std::string symbol = find_symbol(*module, kernel->symbol());
  LaunchOptions options = request.options;
  options.block_dim = kernel->block_dim(device);
  const bool with_data = options.mode != Mode::timing_only;
  const auto arguments = bind_arguments(module->signature(symbol), kernel->prepare(device, request.seed, with_data));
  report.run = module->launch(symbol, arguments, options);
  const bool computed = options.mode == Mode::full || options.mode == Mode::functional_only || report.run.reran_in_full;
  if (request.check && computed && kernel->has_result() && !report.run.fault) report.accuracy = kernel->check();
  derive_figures(report, *kernel, device);
  return report;
}

}  // namespace

KernelReport run_library_kernel(Device& device, const KernelRequest& request) { return run_kernel(device, nullptr, request); }
KernelReport run_library_kernel(Package& package, const KernelRequest& request) { return run_kernel(package.die(0), &package, request); }

bool reaches_beyond_die(const std::string& kernel, const Parameters& parameters) {
  const Parameters all = complete(get_library_kernel(kernel), parameters);
  const auto beyond = all.find("beyond");
  return beyond != all.end() && beyond->second != "none";
}

void compile_library_kernel(const std::string& kernel, const Parameters& parameters) {
  const Entry& entry = get_entry(kernel);
  cached_elf(entry.make(complete(entry.info, parameters))->source(), {});
}

}  // namespace vitruvian::workload
