// Formats what device printf hands to host_print.
#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/printf.h>

#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

namespace {

constexpr std::uint32_t kMagic = 0x56505254;  // "VPRT", as in kernels/include/vitruvian/debug.h
constexpr std::size_t kLongestText = 4096;
constexpr std::uint32_t kMostArguments = 16;

template <typename T>
bool read(const FrontEnd& front, std::uint64_t address, T& value) {
  std::uint8_t bytes[sizeof(T)];
  if (!front.peek(address, bytes)) return false;
  std::memcpy(&value, bytes, sizeof value);
  return true;
}

std::string read_text(const FrontEnd& front, std::uint64_t address) {
  std::string text;
  char c = 0;
  while (text.size() < kLongestText && read(front, address + text.size(), c) && c != 0) text += c;
  return text;
}

// One conversion with its flags, width and precision; length modifiers are dropped, since every argument is a 64-bit word.
std::string convert(const FrontEnd& front, const std::string& flags, char conversion, std::uint64_t word) {
  const auto with = [&](const auto& value) { return fmt::sprintf("%" + flags + conversion, value); };
  switch (conversion) {
    case 'd':
    case 'i': return with(static_cast<std::int64_t>(word));
    case 'u':
    case 'x':
    case 'X':
    case 'o': return with(word);
    case 'c': return with(static_cast<char>(word));
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'a':
    case 'A': return with(std::bit_cast<double>(word));
    case 's': return with(read_text(front, word));
    case 'p': return fmt::format("{:#x}", word);
    default: return std::string("%") + flags + conversion;
  }
}

}  // namespace

std::string format_print_record(const FrontEnd& front, std::uint64_t address) {
  std::uint32_t magic = 0, count = 0;
  std::uint64_t format_address = 0;
  if (!read(front, address, magic) || magic != kMagic || !read(front, address + 4, count) || count > kMostArguments ||
      !read(front, address + 8, format_address))
    return fmt::format("(no print record at {:#x})", address);
  const std::string format = read_text(front, format_address);
  std::string out;
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    if (i + 1 < format.size() && format[i + 1] == '%') {
      out += '%';
      ++i;
      continue;
    }
    std::string flags;
    for (++i; i < format.size() && std::strchr("-+ #0123456789.hlLqjzt", format[i]); ++i)
      if (!std::strchr("hlLqjzt", format[i])) flags += format[i];
    if (i == format.size()) break;
    std::uint64_t word = 0;
    if (next >= count || !read(front, address + 16 + std::uint64_t{8} * next++, word)) {
      out += "(missing)";
      continue;
    }
    out += convert(front, flags, format[i], word);
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace vitruvian::scalar
