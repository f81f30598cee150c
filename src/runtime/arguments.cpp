#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/runtime/module.h"

namespace vitruvian::runtime {

namespace {

std::uint16_t half_bits(float value) {
  // Round to nearest even; the compiler's conversion is exact.
  const auto h = static_cast<_Float16>(value);
  return std::bit_cast<std::uint16_t>(h);
}

const char* type_name(const Argument& argument) {
  static constexpr const char* names[] = {"a device address", "an integer", "an unsigned integer", "a float", "a float", "bytes"};
  return names[argument.index()];
}

struct Marshaller {
  const KernelEntry& kernel;
  scalar::Arguments out;
  static constexpr std::size_t kRegisters = 8;  // a0 to a7, fa0 to fa7

  [[noreturn]] void mismatch(std::size_t i, const Parameter& p, const Argument& a) const {
    throw Error(fmt::format("argument {} of {}", i, kernel.name), signature_of(kernel), fmt::format("{}: {}", p.name, p.type), type_name(a));
  }

  static bool as_integer(const Argument& a, std::uint64_t& value) {
    if (const auto* s = std::get_if<std::int64_t>(&a)) return value = static_cast<std::uint64_t>(*s), true;
    if (const auto* u = std::get_if<std::uint64_t>(&a)) return value = *u, true;
    return false;
  }

  static bool as_double(const Argument& a, double& value) {
    if (const auto* d = std::get_if<double>(&a)) return value = *d, true;
    if (const auto* f = std::get_if<float>(&a)) return value = static_cast<double>(*f), true;
    if (const auto* s = std::get_if<std::int64_t>(&a)) return value = static_cast<double>(*s), true;
    if (const auto* u = std::get_if<std::uint64_t>(&a)) return value = static_cast<double>(*u), true;
    return false;
  }

  void integer(std::uint64_t value) {
    out.integer.push_back(value);
    out.block.push_back(value);
  }

  static std::uint64_t boxed(std::uint64_t bits, unsigned width) { return width == 64 ? bits : bits | ~std::uint64_t{0} << width; }

  void floating(std::uint64_t bits, unsigned width) {
    // Beyond fa7 floating-point arguments use integer slots.
    if (out.floating.size() < kRegisters) out.floating.push_back(boxed(bits, width));
    else out.integer.push_back(boxed(bits, width));
    out.block.push_back(bits);
  }

  // One floating-point member, two, or one with an integer go in registers of their kinds while there are any; true: done.
  bool in_floating_registers(const Parameter& p, const std::vector<std::uint8_t>& bytes) {
    const auto floats = static_cast<std::size_t>(std::count_if(p.fields.begin(), p.fields.end(), [](const auto& f) { return f.floating; }));
    const std::size_t integers = p.fields.size() - floats;
    if (floats == 0 || out.floating.size() + floats > kRegisters || out.integer.size() + integers > kRegisters) return false;
    for (const Parameter::Field& field : p.fields) {
      std::uint64_t value = 0;
      std::memcpy(&value, bytes.data() + field.offset, field.bytes);
      const unsigned width = field.bytes * 8, shift = 64 - width;
      if (field.floating) out.floating.push_back(boxed(value, width));
      else out.integer.push_back(field.is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift) : value);
    }
    return true;
  }

  void aggregate(std::size_t i, const Parameter& p, const Argument& a) {
    const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&a);
    if (!bytes) mismatch(i, p, a);
    if (bytes->size() != p.bytes)
      throw Error(fmt::format("argument {} of {}", i, kernel.name), signature_of(kernel), fmt::format("{} bytes of {}", p.bytes, p.type),
                  fmt::format("{} bytes", bytes->size()));
    std::vector<std::uint64_t> words((bytes->size() + 7) / 8, 0);
    std::memcpy(words.data(), bytes->data(), bytes->size());
    if (words.size() <= 2) {
      if (in_floating_registers(p, *bytes)) {
        out.block.insert(out.block.end(), words.begin(), words.end());
        return;
      }
      for (std::uint64_t word : words) integer(word);
      return;
    }
    // Larger ones go by reference to a copy behind the argument block.
    out.integer.push_back(kByReference | copies.size());
    copies.push_back(words);
    out.block.push_back(0);
  }

  void one(std::size_t i, const Parameter& p, const Argument& a) {
    std::uint64_t value = 0;
    double number = 0;
    switch (p.kind) {
      case Parameter::Kind::pointer:
        if (const auto* address = std::get_if<DeviceAddress>(&a)) return integer(address->value);
        if (as_integer(a, value)) return integer(value);
        mismatch(i, p, a);
      case Parameter::Kind::integer: {
        if (!as_integer(a, value)) mismatch(i, p, a);
        if (p.bytes >= 8) return integer(value);
        const auto bits = p.bytes * 8;
        const auto as_signed = static_cast<std::int64_t>(value);
        const bool fits = p.is_signed ? as_signed >= -(std::int64_t{1} << (bits - 1)) && as_signed < (std::int64_t{1} << (bits - 1)) : value >> bits == 0;
        if (!fits) throw Error(fmt::format("argument {} of {}", i, kernel.name), signature_of(kernel), fmt::format("a value of {}", p.type), fmt::format("{}", as_signed));
        // The ABI sign-extends 32-bit values of either signedness; narrower ones by their own type.
        const auto shift = 64 - bits;
        if (p.is_signed || bits == 32) value = static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift);
        return integer(value);
      }
      case Parameter::Kind::float16:
        if (!as_double(a, number)) mismatch(i, p, a);
        return floating(half_bits(static_cast<float>(number)), 16);
      case Parameter::Kind::float32:
        if (!as_double(a, number)) mismatch(i, p, a);
        return floating(std::bit_cast<std::uint32_t>(static_cast<float>(number)), 32);
      case Parameter::Kind::float64:
        if (!as_double(a, number)) mismatch(i, p, a);
        return floating(std::bit_cast<std::uint64_t>(number), 64);
      case Parameter::Kind::aggregate: return aggregate(i, p, a);
    }
  }

  // Places the copies behind the block and resolves the references to them.
  void finish() {
    for (std::size_t c = 0; c < copies.size(); ++c) {
      const std::uint64_t address = scalar::kPrivateWindow + out.block.size() * 8;
      for (std::uint64_t& value : out.integer)
        if (value == (kByReference | c)) value = address;
      out.block.insert(out.block.end(), copies[c].begin(), copies[c].end());
    }
  }

  static constexpr std::uint64_t kByReference = 0xfeed'face'0000'0000u;
  std::vector<std::vector<std::uint64_t>> copies;
};

}  // namespace

std::string signature_of(const KernelEntry& kernel) {
  std::vector<std::string> parameters;
  for (const Parameter& p : kernel.parameters) parameters.push_back(fmt::format("{}: {}", p.name, p.type));
  return fmt::format("{}({})", kernel.name, kernel.has_signature ? fmt::format("{}", fmt::join(parameters, ", ")) : "...");
}

scalar::Arguments marshal(const KernelEntry& kernel, std::span<const Argument> arguments) {
  if (kernel.has_signature && arguments.size() != kernel.parameters.size())
    throw Error(fmt::format("argument count of {}", kernel.name), signature_of(kernel), fmt::format("{} arguments", kernel.parameters.size()),
                fmt::format("{}", arguments.size()));
  Marshaller m{kernel, {}, {}};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Parameter guess;
    guess.name = fmt::format("argument{}", i);
    if (!kernel.has_signature) {
      // Without line tables there is no signature: integers and addresses as they are, floats as double.
      guess.kind = std::holds_alternative<double>(arguments[i])  ? Parameter::Kind::float64
                   : std::holds_alternative<float>(arguments[i]) ? Parameter::Kind::float32
                                                                  : Parameter::Kind::pointer;
    }
    m.one(i, kernel.has_signature ? kernel.parameters[i] : guess, arguments[i]);
  }
  m.finish();
  return std::move(m.out);
}

}  // namespace vitruvian::runtime
