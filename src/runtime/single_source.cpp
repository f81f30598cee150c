#include "src/runtime/single_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "vitruvian/error.h"

namespace vitruvian::runtime {

namespace {

namespace fs = std::filesystem;
using View = std::string_view;

bool contains(View text, View word) { return text.find(word) != View::npos; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
// The word as a whole identifier.
bool has_word(View text, View word) {
  for (auto at = text.find(word); at != View::npos; at = text.find(word, at + 1))
    if ((at == 0 || !is_word(text[at - 1])) && (at + word.size() == text.size() || !is_word(text[at + word.size()]))) return true;
  return false;
}

// Past a comment, string or character literal that starts at `at`; `at` itself if none does.
std::size_t skip_literal(View text, std::size_t at) {
  const auto end_of = [&](View mark, std::size_t from) { return std::min(text.size(), text.find(mark, from) == View::npos ? text.size() : text.find(mark, from) + mark.size()); };
  if (text.substr(at, 2) == "//") return end_of("\n", at) - (end_of("\n", at) < text.size() ? 1 : 0);
  if (text.substr(at, 2) == "/*") return end_of("*/", at + 2);
  if (text[at] == '\'' && at > 0 && std::isdigit(static_cast<unsigned char>(text[at - 1]))) return at;  // a digit separator
  if (text[at] != '"' && text[at] != '\'') return at;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == text[at] || text[i] == '\n') return i + 1;
  }
  return text.size();
}

// The text with comments and literals as blanks: what the searches look at.
std::string bare(View text) {
  std::string out(text);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = skip_literal(text, i);
    if (end == i) ++i;
    else
      for (; i < end; ++i)
        if (out[i] != '\n') out[i] = ' ';
  }
  return out;
}

// Past the bracket that closes the one at `at`, in bare text.
std::size_t skip_brackets(View text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '(' || text[at] == '{' || text[at] == '[') ++depth;
    if ((text[at] == ')' || text[at] == '}' || text[at] == ']') && --depth == 0) return at + 1;
  }
  return text.size();
}

struct Chunk {
  enum Kind { directive, scope, function, declaration } kind;
  std::size_t begin, end;
};

// Top-level pieces: directives, `namespace x {` and `}`, functions, declarations.
std::vector<Chunk> chunks_of(View text) {
  std::vector<Chunk> chunks;
  std::size_t begin = 0, at = 0;
  const auto emit = [&](Chunk::Kind kind, std::size_t end) { chunks.push_back({kind, begin, end}), begin = at = end; };
  while (at < text.size()) {
    const View before = text.substr(begin, at - begin);
    const bool fresh = before.find_first_not_of(" \t\r\n") == View::npos;
    if (text[at] == '#' && fresh) {
      std::size_t end = at;
      while ((end = text.find('\n', end)) != View::npos && text[end - 1] == '\\') ++end;
      emit(Chunk::directive, end == View::npos ? text.size() : end);
    } else if (text[at] == '}') {
      emit(Chunk::scope, at + 1);
    } else if (text[at] == ';') {
      emit(Chunk::declaration, at + 1);
    } else if (text[at] == '(' || text[at] == '[') {
      at = skip_brackets(text, at);
    } else if (text[at] == '{') {
      const bool linkage = has_word(before, "extern") && !contains(before, "(");  // the "C" is blank here
      if (has_word(before, "namespace") || linkage) {
        emit(Chunk::scope, at + 1);
        continue;
      }
      const std::size_t end = skip_brackets(text, at);
      const bool type = has_word(before, "class") || has_word(before, "struct") || has_word(before, "union") || has_word(before, "enum");
      if (contains(before, "(") && !(type && !contains(before.substr(before.find('(')), ")"))  && !contains(before, "=")) {
        emit(Chunk::function, end);
      } else {
        at = end;
      }
    } else {
      ++at;
    }
  }
  if (begin < text.size()) emit(Chunk::declaration, text.size());
  return chunks;
}

std::string included(View directive) {
  const auto open = directive.find_first_of("<\"");
  if (!contains(directive, "include") || open == View::npos) return {};
  const auto close = directive.find_first_of(">\"", open + 1);
  return close == View::npos ? std::string{} : std::string(directive.substr(open + 1, close - open - 1));
}

class Splitter {
 public:
  Splitter(const std::string& text, const std::string& name, std::string folder, std::string includes)
      : text_(text), bare_(bare(text)), name_(name), folder_(std::move(folder)), includes_(std::move(includes)) {}

  SplitSource run() {
    SplitSource split;
    single_ = has_word(bare_, "main");
    split.has_host_code = contains(bare_, "<<<");
    if (!split.has_host_code) return split;
    for (const Chunk& chunk : chunks_of(bare_)) {
      const auto [device, host] = sides(chunk);
      const View original = View(text_).substr(chunk.begin, chunk.end - chunk.begin);
      split.device += device ? std::string(original) : blank(original);
      split.host += !host ? blank(original) : rewrite_launches(chunk);
    }
    return split;
  }

 private:
  struct Sides {
    bool device, host;
  };
  Sides sides(const Chunk& chunk) const {
    const View text = View(bare_).substr(chunk.begin, chunk.end - chunk.begin);
    if (chunk.kind == Chunk::directive) return include_sides(View(text_).substr(chunk.begin, chunk.end - chunk.begin));
    if (chunk.kind == Chunk::scope) return {true, true};
    if (contains(text, "<<<")) return {false, true};
    if (contains(text, "__aicore__") || has_word(text, "aicore") || has_word(text, "__global__")) return {true, false};
    if (contains(text, "AscendC::") || has_word(text, "GM_ADDR") || contains(text, "__gm__")) return {true, false};
    if (chunk.kind == Chunk::function) {
      if (has_word(text, "main")) return {false, true};
      const bool shared = has_word(text, "constexpr") || has_word(text, "template");
      return {shared || !single_, true};
    }
    const bool host_type = contains(text, "std::") || contains(text, "acl");
    return {!host_type, !has_word(text, "half") && !has_word(text, "bfloat16_t")};
  }

  Sides include_sides(View directive) const {
    const std::string file = included(directive);
    if (file.empty()) return {true, true};
    const bool acl = file.rfind("acl/", 0) == 0 || file.rfind("tiling/", 0) == 0 || file.rfind("aclrtlaunch_", 0) == 0;
    if (acl) return {false, file.rfind("aclrtlaunch_", 0) != 0};
    if (fs::exists(fs::path(includes_) / "std" / file)) return {true, true};
    if (file.rfind("kernel_tiling/", 0) == 0) return {true, true};
    if (fs::exists(fs::path(includes_) / file)) return {true, false};
    // Freestanding C headers come with the compiler.
    static constexpr std::array<View, 8> kFreestanding = {"stdint.h", "stddef.h", "limits.h", "float.h", "stdbool.h", "stdarg.h", "stdalign.h", "inttypes.h"};
    if (std::find(kFreestanding.begin(), kFreestanding.end(), file) != kFreestanding.end()) return {true, true};
    const fs::path local = fs::path(folder_) / file;
    if (fs::exists(local)) return local_sides(local);
    return {false, true};
  }
  // A header of the program: device code if it says so, host code if it includes what only a host has.
  Sides local_sides(const fs::path& path) const {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}}, plain = bare(text);
    const bool device = contains(plain, "__aicore__") || contains(text, "kernel_operator.h");
    if (device) return {true, false};
    for (const Chunk& chunk : chunks_of(plain))
      if (chunk.kind == Chunk::directive && !include_sides(View(text).substr(chunk.begin, chunk.end - chunk.begin)).device) return {false, true};
    return {true, true};
  }

  static std::string blank(View text) {
    std::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c == '\n'; });
    return out;
  }

  [[noreturn]] void refuse(std::size_t at, const std::string& expected) const {
    const auto line = std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
    throw Error("cannot read the launch", name_ + ":" + std::to_string(line), expected, text_.substr(at, text_.find('\n', at) - at));
  }

  // name<<<blocks, control, stream>>>(a, b) -> aclrtlaunch_name(blocks, stream, a, b)
  std::string rewrite_launches(const Chunk& chunk) const {
    std::string out;
    std::size_t at = chunk.begin;
    for (;;) {
      const std::size_t open = bare_.find("<<<", at);
      if (open == std::string::npos || open >= chunk.end) break;
      std::size_t name_end = open;
      while (name_end > at && std::isspace(static_cast<unsigned char>(bare_[name_end - 1]))) --name_end;
      std::size_t name = name_end;
      while (name > at && is_word(bare_[name - 1])) --name;
      if (name == name_end) refuse(open, "a kernel's name before <<< (kernel templates are not offered)");
      const std::size_t close = bare_.find(">>>", open);
      std::size_t call = close == std::string::npos ? close : bare_.find_first_not_of(" \t\n", close + 3);
      if (call == std::string::npos || bare_[call] != '(') refuse(open, "<<<blocks, control, stream>>>(arguments)");
      const std::vector<std::string> launch = arguments_of(open + 3, close);
      if (launch.size() != 3) refuse(open, "three values between <<< and >>>");
      const std::size_t end = skip_brackets(bare_, call);
      const std::string arguments = text_.substr(call + 1, end - call - 2);
      out += text_.substr(at, name - at) + "aclrtlaunch_" + text_.substr(name, name_end - name) + "(static_cast<uint32_t>(" + launch[0] + "), " + launch[2];
      if (arguments.find_first_not_of(" \t\n") != std::string::npos) out += ", " + arguments;
      out += ")" + blank(View(text_).substr(open, call - open));
      at = end;
    }
    return out + text_.substr(at, chunk.end - at);
  }
  std::vector<std::string> arguments_of(std::size_t begin, std::size_t end) const {
    std::vector<std::string> out;
    std::size_t from = begin;
    for (std::size_t at = begin; at < end; ++at) {
      if (bare_[at] == '(' || bare_[at] == '[' || bare_[at] == '{') at = skip_brackets(bare_, at) - 1;
      else if (bare_[at] == ',') out.push_back(text_.substr(from, at - from)), from = at + 1;
    }
    out.push_back(text_.substr(from, end - from));
    return out;
  }

  const std::string& text_;
  std::string bare_, name_, folder_, includes_;
  bool single_ = false;
};

}  // namespace

SplitSource split_source(const std::string& text, const std::string& name, const std::string& folder, const std::string& device_includes) {
  return Splitter(text, name, folder, device_includes).run();
}

}  // namespace vitruvian::runtime
