#include "cube_unit/fixpipe.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace vitruvian::cube_unit {
namespace {

constexpr std::uint32_t kSide = isa::kFractalSide, kRowOfC = 64, kMostColumns = 4096, kParameter = 8;
constexpr std::uint32_t kFbUnit = 128, kStrideUnit = isa::kBlockBytes, kMatrixUnit = 1024;

struct Code {
  bool known;
  Output output;
  Scaling scaling;
};

Code code_of(bool from_s32, std::uint64_t quant) {
  namespace q = isa::quant;
  if (quant == q::none) return {true, from_s32 ? Output::s32 : Output::f32, Scaling::none};
  if (!from_s32) switch (quant) {
      case q::f32_to_f16: return {true, Output::f16, Scaling::none};
      case q::f32_to_bf16: return {true, Output::bf16, Scaling::none};
      case q::f32_to_s8_vector: return {true, Output::s8, Scaling::vector};
      case q::f32_to_s8_scalar: return {true, Output::s8, Scaling::scalar};
      default: return {false, Output::f32, Scaling::none};
    }
  switch (quant) {
    case q::s32_to_f16_vector: return {true, Output::f16, Scaling::vector};
    case q::s32_to_f16_scalar: return {true, Output::f16, Scaling::scalar};
    case q::s32_to_s16_vector: return {true, Output::s16, Scaling::vector};
    case q::s32_to_s16_scalar: return {true, Output::s16, Scaling::scalar};
    case q::s32_to_s8_vector: return {true, Output::s8, Scaling::vector};
    case q::s32_to_s8_scalar: return {true, Output::s8, Scaling::scalar};
    default: return {false, Output::s32, Scaling::none};
  }
}

struct Parameter {
  float scale;
  std::int32_t offset;
  bool is_signed;
};

Parameter parameter_of(std::uint64_t word) {
  namespace p = isa::quant_parameter;
  const auto offset = static_cast<std::int32_t>(p::offset.get(word));
  constexpr std::int32_t kSign = 1 << (p::offset.width - 1);
  return {std::bit_cast<float>(static_cast<std::uint32_t>(p::scale.get(word))), (offset ^ kSign) - kSign,
          p::is_signed.get(word) != 0};
}

// Rounds to nearest even and clamps to [low, high] after the offset; NaN counts as 0.
std::int32_t quantised(float scaled, std::int32_t offset, std::int32_t low, std::int32_t high) {
  constexpr float kBound = 1 << 20, kRounder = 0x1.8p23f;  // adding it leaves no fraction bits
  const float bounded = std::isnan(scaled) ? 0.0f : std::min(std::max(scaled, -kBound), kBound);
  const auto rounded = static_cast<std::int32_t>((bounded + kRounder) - kRounder);
  return std::min(std::max(rounded + offset, low), high);
}

// One line of elements of L0C on its way out. `first` is the channel of element 0.
class Line {
 public:
  Line(const Fixpipe& fixpipe, const memory::CoreMemory& memory, const KernelSet& kernels)
      : fixpipe_(fixpipe), kernels_(kernels), parameters_(memory.fb.data() + fixpipe.parameters), scalar_(parameter_of(fixpipe.parameter)) {
    if (fixpipe.scaling == Scaling::none) return;
    for (std::uint32_t n = 0; n < fixpipe.n; ++n) scale_[n] = parameter(n).scale;
  }

  // Converts `count` raw words in place of `words` to the output type at `to`.
  void convert(std::uint8_t* to, std::uint32_t* words, std::uint32_t first, std::uint32_t count) const {
    if (fixpipe_.output == Output::s32) return finish_s32(to, words, count);
    float* values = reinterpret_cast<float*>(words);
    if (fixpipe_.from_s32)
      for (std::uint32_t i = 0; i < count; ++i) store(values + i, static_cast<float>(static_cast<std::int32_t>(words[i])));
    if (fixpipe_.scaling != Scaling::none)
      for (std::uint32_t i = 0; i < count; ++i) store(values + i, load(values + i) * scale_[first + i]);
    if (fixpipe_.output == Output::s8 || fixpipe_.output == Output::s16) return finish_integer(to, values, first, count);
    apply_relu(values, count);
    finish_float(to, values, count);
  }

 private:
  static float load(const float* from) {
    float value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, float value) { std::memcpy(to, &value, sizeof value); }

  Parameter parameter(std::uint32_t channel) const {
    if (fixpipe_.scaling != Scaling::vector) return scalar_;
    std::uint64_t word;
    std::memcpy(&word, parameters_ + std::size_t{channel} * kParameter, sizeof word);
    return parameter_of(word);
  }

  void apply_relu(float* values, std::uint32_t count) const {
    if (fixpipe_.relu == Relu::none) return;
    const float alpha = fixpipe_.alpha;
    const bool leaky = fixpipe_.relu == Relu::leaky;
    for (std::uint32_t i = 0; i < count; ++i) {
      const float value = load(values + i);
      const float negative = leaky ? value * alpha : 0.0f;
      store(values + i, leaky ? (value < 0 ? negative : value) : (value > 0 || std::isnan(value) ? value : 0.0f));
    }
  }

  void finish_s32(std::uint8_t* to, std::uint32_t* words, std::uint32_t count) const {
    if (fixpipe_.relu == Relu::normal)
      for (std::uint32_t i = 0; i < count; ++i) words[i] = static_cast<std::int32_t>(words[i]) > 0 ? words[i] : 0;
    std::memcpy(to, words, std::size_t{count} * sizeof(std::uint32_t));
  }

  void finish_float(std::uint8_t* to, float* values, std::uint32_t count) const {
    if (fixpipe_.output == Output::f32) {
      std::memcpy(to, values, std::size_t{count} * sizeof(float));
      return;
    }
    std::uint16_t narrow[kMostColumns];
    if (fixpipe_.output == Output::bf16) {
      kernels_.narrow_bf16(narrow, values, count);
    } else {
      constexpr float kLargestF16 = 65504.0f;
      if (fixpipe_.saturate_f16)
        for (std::uint32_t i = 0; i < count; ++i) {
          const float value = load(values + i);
          store(values + i, std::isnan(value) ? value : std::min(std::max(value, -kLargestF16), kLargestF16));
        }
      kernels_.narrow_f16(narrow, values, count);
    }
    std::memcpy(to, narrow, std::size_t{count} * sizeof(std::uint16_t));
  }

  void finish_integer(std::uint8_t* to, float* values, std::uint32_t first, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const Parameter p = parameter(first + i);
      float value = load(values + i);
      if (fixpipe_.relu == Relu::leaky && value < 0) value *= fixpipe_.alpha;
      const bool wide = fixpipe_.output == Output::s16;
      const std::int32_t low = wide ? -32768 : p.is_signed ? -128 : 0, high = wide ? 32767 : p.is_signed ? 127 : 255;
      std::int32_t result = quantised(value, p.offset, low, high);
      if (fixpipe_.relu == Relu::normal) result = std::max(result, 0);
      const auto half = static_cast<std::uint16_t>(result);
      if (wide)
        std::memcpy(to + 2 * std::size_t{i}, &half, sizeof half);
      else
        to[i] = static_cast<std::uint8_t>(result);
    }
  }

  const Fixpipe& fixpipe_;
  const KernelSet& kernels_;
  const std::uint8_t* parameters_;
  Parameter scalar_;
  float scale_[kMostColumns];  // of each channel, if there is scaling
};

void write(const Fixpipe& fixpipe, memory::CoreMemory& memory, std::uint64_t address, const std::uint8_t* from, std::size_t bytes) {
  if (fixpipe.dst_space == memory::Space::GM)
    mte::write_gm(memory.gm->at(address), from, bytes, fixpipe.atomic);
  else
    std::memcpy(memory.l1.data() + address, from, bytes);
}

// n elements of row `row` from channel `first` on, out of the 16-wide columns of L0C.
void read_row(std::uint32_t* words, const std::uint8_t* matrix, const Fixpipe& fixpipe, std::uint32_t row, std::uint32_t first,
              std::uint32_t count) {
  for (std::uint32_t at = 0; at < count;) {
    const std::uint32_t channel = first + at, lane = channel % kSide;
    const std::uint32_t here = std::min(kSide - lane, count - at);
    std::memcpy(words + at, matrix + channel / kSide * fixpipe.src_column + std::size_t{row} * kRowOfC + lane * sizeof(std::uint32_t),
                here * sizeof(std::uint32_t));
    at += here;
  }
}

}  // namespace

void execute_fixpipe(const Fixpipe& fixpipe, memory::CoreMemory& memory, const KernelSet& kernels) {
  if (fixpipe.empty()) return;
  const Line line(fixpipe, memory, kernels);
  alignas(64) std::uint32_t words[kMostColumns];
  alignas(64) std::uint8_t out[kMostColumns * sizeof(std::uint32_t)];
  const std::uint32_t width = fixpipe.nz2nd ? fixpipe.n : column_of(fixpipe), size = bytes_of(fixpipe.output);
  for (std::uint32_t matrix = 0; matrix < fixpipe.matrices; ++matrix) {
    const std::uint8_t* src = memory.l0c.data() + fixpipe.src + matrix * fixpipe.src_matrix;
    const std::uint64_t dst = fixpipe.dst + matrix * fixpipe.dst_matrix;
    for (std::uint32_t first = 0; first < fixpipe.n; first += width) {
      const std::uint32_t count = std::min(width, fixpipe.n - first);
      for (std::uint32_t row = 0; row < fixpipe.m; ++row) {
        read_row(words, src, fixpipe, row, first, count);
        line.convert(out, words, first, count);
        write(fixpipe, memory, dst + first / width * fixpipe.dst_column + row * fixpipe.dst_row, out, std::size_t{count} * size);
      }
    }
  }
}

bool is_fixpipe(isa::Op op) {
  using enum isa::Op;
  return op == copy_matrix_cc_to_gm_f32 || op == copy_matrix_cc_to_gm_s32 || op == copy_matrix_cc_to_cbuf_f32 ||
         op == copy_matrix_cc_to_cbuf_s32;
}

std::uint32_t bytes_of(Output output) {
  switch (output) {
    case Output::f32:
    case Output::s32: return 4;
    case Output::s8: return 1;
    default: return 2;
  }
}

std::uint32_t column_of(const Fixpipe& fixpipe) {
  if (fixpipe.output == Output::s8) return 2 * kSide;
  return fixpipe.channel_split ? kSide / 2 : kSide;
}

Fixpipe fixpipe_of(const pipe::Issued& issued) {
  namespace f = isa::fixpipe;
  const std::uint64_t shape = issued.operand[2], mode = issued.operand[3];
  Fixpipe fix;
  fix.from_s32 = issued.op == isa::Op::copy_matrix_cc_to_gm_s32 || issued.op == isa::Op::copy_matrix_cc_to_cbuf_s32;
  const bool to_gm = issued.op == isa::Op::copy_matrix_cc_to_gm_f32 || issued.op == isa::Op::copy_matrix_cc_to_gm_s32;
  const Code code = code_of(fix.from_s32, f::quant_pre.get(mode));
  fix.known_code = code.known;
  fix.output = code.output;
  fix.scaling = code.scaling;
  fix.relu = static_cast<Relu>(f::relu.get(mode));
  fix.nz2nd = f::nz2nd.get(mode) != 0;
  fix.channel_split = f::channel_split.get(mode) != 0 && fix.output == Output::f32 && !fix.nz2nd;
  fix.saturate_f16 = isa::ctrl::fp_saturate.get(issued.special.ctrl) != 0;
  fix.dst_space = to_gm ? memory::Space::GM : memory::Space::L1;
  fix.m = static_cast<std::uint32_t>(f::m.get(shape));
  fix.n = static_cast<std::uint32_t>(f::n.get(shape));
  fix.src = issued.operand[1];
  fix.dst = issued.operand[0];
  fix.src_column = f::src_stride.get(mode) * kRowOfC;
  const std::uint64_t size = bytes_of(fix.output), dst_stride = f::dst_stride.get(shape);
  if (fix.nz2nd) {
    fix.matrices = static_cast<std::uint32_t>(isa::nd_para::nd_num.get(issued.special.nd_para));
    fix.src_matrix = isa::nd_para::src_nd_stride.get(issued.special.nd_para) * kMatrixUnit;
    fix.dst_matrix = isa::nd_para::dst_nd_stride.get(issued.special.nd_para) * size;
    fix.dst_row = dst_stride * size;
  } else {
    fix.dst_row = column_of(fix) * size;
    fix.dst_column = dst_stride * kStrideUnit;
  }
  fix.parameter = issued.special.quant_pre;
  fix.parameters = isa::fpc::quant_address.get(issued.special.fpc) * kFbUnit;
  fix.alpha = std::bit_cast<float>(static_cast<std::uint32_t>(issued.special.lrelu_alpha));
  if (to_gm) fix.atomic = mte::atomic_of(issued.special.ctrl);
  return fix;
}

pipe::OperandFault check_fixpipe(const Fixpipe& fix) {
  if (!fix.known_code) return {FaultKind::unsupported, "fixpipe: quant_pre is no conversion of this source type"};
  if (fix.relu > Relu::leaky) return {FaultKind::unsupported, "fixpipe: per-channel leaky relu"};
  if (fix.relu == Relu::leaky && fix.output == Output::s32) return {FaultKind::unsupported, "fixpipe: leaky relu of int32"};
  if (fix.nz2nd && fix.dst_space == memory::Space::L1) return {FaultKind::unsupported, "fixpipe: NZ2ND to L1"};
  if (!mte::valid(fix.atomic)) return {FaultKind::illegal_operand, "CTRL selects an atomic type or operation that does not exist"};
  if (fix.atomic && mte::element_bytes(fix.atomic.type) != bytes_of(fix.output))
    return {FaultKind::illegal_operand, "fixpipe: the atomic type has another size than the destination type"};
  return {};
}

void footprint_fixpipe(const Fixpipe& fix, memory::Footprint& footprint) {
  if (fix.empty()) return;
  memory::Access read;
  read.space = memory::Space::L0C;
  read.alignment = 64;
  read.base = fix.src;
  read.bytes = fix.m * kRowOfC;
  read.n0 = (fix.n + kSide - 1) / kSide, read.stride0 = static_cast<std::int64_t>(fix.src_column);
  read.n1 = fix.matrices, read.stride1 = static_cast<std::int64_t>(fix.src_matrix);
  footprint.add(read);
  if (fix.scaling == Scaling::vector) {
    memory::Access parameters;
    parameters.space = memory::Space::FB;
    parameters.alignment = 64;
    parameters.base = fix.parameters;
    parameters.bytes = fix.n * kParameter;
    footprint.add(parameters);
  }
  memory::Access write;
  write.space = fix.dst_space;
  write.write = true;
  const std::uint32_t size = bytes_of(fix.output);
  write.alignment = static_cast<std::uint16_t>(fix.dst_space == memory::Space::GM ? size : isa::kBlockBytes);
  write.base = fix.dst;
  if (fix.nz2nd) {
    write.bytes = fix.n * size;
    write.n0 = fix.m, write.stride0 = static_cast<std::int64_t>(fix.dst_row);
    write.n1 = fix.matrices, write.stride1 = static_cast<std::int64_t>(fix.dst_matrix);
    footprint.add(write);
    return;
  }
  const std::uint32_t width = column_of(fix), whole = fix.n / width, tail = fix.n % width;
  write.bytes = fix.m * width * size;
  write.n0 = whole, write.stride0 = static_cast<std::int64_t>(fix.dst_column);
  footprint.add(write);
  write.base += whole * fix.dst_column;
  write.bytes = tail * size;
  write.n0 = fix.m, write.stride0 = static_cast<std::int64_t>(fix.dst_row);
  footprint.add(write);
}

}  // namespace vitruvian::cube_unit
