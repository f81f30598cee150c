// The three kinds of errors of Vitruvian (docs/model.md, "Errors"): a user's mistake throws Error, a program's
// fault is a Fault value in the result, and a bug of ours stops in ensure().
#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace vitruvian {

// A user's mistake (file, option, shape). The CLI prints what() on one line and exits 2; Python raises vitruvian.Error.
class Error : public std::runtime_error {
 public:
  Error(std::string what, std::string where, std::string expected, std::string got)
      : std::runtime_error(compose(what, where, expected, got)),
        what_(std::move(what)),
        where_(std::move(where)),
        expected_(std::move(expected)),
        got_(std::move(got)) {}

  const std::string& message() const { return what_; }
  const std::string& where() const { return where_; }
  const std::string& expected() const { return expected_; }
  const std::string& got() const { return got_; }

 private:
  static std::string compose(const std::string& what, const std::string& where, const std::string& expected,
                             const std::string& got) {
    std::string text = where.empty() ? what : where + ": " + what;
    if (!expected.empty()) text += "; expected " + expected;
    if (!got.empty()) text += ", got " + got;
    return text;
  }

  std::string what_, where_, expected_, got_;
};

// A broken invariant of the emulator itself; checked in Release too.
[[noreturn]] void report_bug(std::string_view sentence, const std::source_location& where);

inline void ensure(bool condition, std::string_view sentence,
                   const std::source_location& where = std::source_location::current()) {
  if (!condition) [[unlikely]]
    report_bug(sentence, where);
}

}  // namespace vitruvian
