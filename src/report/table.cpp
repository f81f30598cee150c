#include "src/report/table.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "vitruvian/error.h"

namespace vitruvian::report {
namespace {

// Columns on the screen: continuation bytes of UTF-8 take none.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return left ? text + space : space + text;
}

}  // namespace

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::string& heading : headings_) {
    left_.push_back(heading.starts_with('<'));
    if (left_.back()) heading.erase(0, 1);
  }
}

void Table::add(std::vector<std::string> row) {
  ensure(row.size() == headings_.size(), "a table's row has as many cells as the table has headings");
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < headings_.size(); ++column) {
    widths.push_back(display_width(headings_[column]));
    for (const auto& row : rows_) widths[column] = std::max(widths[column], display_width(row[column]));
  }
  std::string out;
  auto add_line = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) line += (column == 0 ? "" : "  ") + padded(row[column], widths[column], left_[column]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  add_line(headings_);
  std::vector<std::string> rule;
  for (std::size_t width : widths) rule.emplace_back(width, '-');
  add_line(rule);
  for (const auto& row : rows_) add_line(row);
  return out;
}

std::string Table::markdown() const {
  auto line = [](const std::vector<std::string>& row) { return fmt::format("| {} |\n", fmt::join(row, " | ")); };
  std::string out = line(headings_);
  std::vector<std::string> rule;
  for (bool left : left_) rule.emplace_back(left ? ":--" : "--:");
  out += line(rule);
  for (const auto& row : rows_) out += line(row);
  return out;
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

}  // namespace vitruvian::report
