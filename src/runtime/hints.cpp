#include "src/runtime/hints.h"

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "src/chip/nearest.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::runtime {

namespace {

struct Name {
  std::string group, status, forms, note;
};

// One line of comma-separated values; quotes protect commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) fields.emplace_back();
    else fields.back() += c;
  }
  return fields;
}

std::map<std::string, Name> read_names() {
  std::map<std::string, Name> names;
  std::ifstream file(data_directory() + "/kernels/include/api.csv");
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) {
    const std::vector<std::string> f = fields_of(line);
    if (f.size() >= 6) names[f[0]] = {f[1], f[3], f[4], f[5]};
  }
  return names;
}

std::set<std::string> captured(const std::string& text, const char* pattern) {
  std::set<std::string> words;
  const std::regex expression(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) words.insert((*it)[1].str());
  return words;
}

std::string describe(const std::string& name, const Name& known) {
  if (known.status == "not_offered")
    return fmt::format("hint: {} is part of Ascend C and not offered{}{}\n", name, known.note.empty() ? "" : "; instead: ", known.note);
  if (known.status == "library")
    return fmt::format("hint: {} is part of the high-level library: include its header of lib/ (docs/ascendc.md)\n", name);
  return fmt::format("hint: {} is offered in namespace AscendC: {}{}{}\n", name, known.forms, known.note.empty() ? "" : " - ", known.note);
}

}  // namespace

std::string hints_for(const std::string& diagnostics) {
  const std::map<std::string, Name> names = read_names();
  std::vector<std::string> offered;
  for (const auto& [name, known] : names)
    if (known.status == "offered") offered.push_back(name);
  std::string hints;
  // Names that the compiler does not know: clang's wordings, then g++'s.
  std::set<std::string> unknown = captured(diagnostics, "(?:no member named|undeclared identifier|unknown type name|no template named) '([A-Za-z_]\\w*)'");
  unknown.merge(captured(diagnostics, "error: [‘']([A-Za-z_]\\w*)[’'] (?:was not declared|is not a member|does not name)"));
  for (const std::string& name : unknown) {
    if (const auto known = names.find(name); known != names.end()) {
      hints += describe(name, known->second);
      continue;
    }
    const std::string close = chip::nearest(name, offered);
    if (!close.empty() && chip::edit_distance(name, close) <= 2) hints += fmt::format("hint: no name {} in Ascend C that Vitruvian knows; nearest: {}\n", name, close);
  }
  // Names in a form that no overload takes.
  std::set<std::string> forms = captured(diagnostics, "no matching (?:member )?function for call to '([A-Za-z_]\\w*)'");
  forms.merge(captured(diagnostics, "no matching function for call to [‘']([A-Za-z_]\\w*)[(<]"));
  for (const std::string& name : forms)
    if (const auto known = names.find(name); known != names.end()) hints += describe(name, known->second);
  return hints;
}

}  // namespace vitruvian::runtime
