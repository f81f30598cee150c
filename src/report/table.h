// A small text table: right-aligned numbers, left-aligned words; as plain text or as Markdown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitruvian::report {

class Table {
 public:
  // A heading that starts with '<' aligns its column to the left (the mark is not shown).
  explicit Table(std::vector<std::string> headings);
  // Errors: ensure() that the row is as long as the headings.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  std::string text() const;
  std::string markdown() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> left_;
  std::vector<std::vector<std::string>> rows_;
};

// "1.23e+06" never: 1234567 -> "1 234 567".
std::string grouped(std::uint64_t number);
// 0.756 -> "75.6 %".
std::string percent(double share);

}  // namespace vitruvian::report
