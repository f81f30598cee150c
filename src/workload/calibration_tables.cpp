// Reads the tables of tests/calibration: plain CSV, with double quotes around a field that holds commas.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/workload/calibration.h"

namespace vitruvian::workload {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_line(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

// Calls row(fields, place) for each line below the headings, which must be these.
template <typename Row>
void read_table(const fs::path& path, const std::string& headings, Row row) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw Error("a calibration table is missing or empty", path.string(), "a checkout of Vitruvian, or VITRUVIAN_HOME set to one", "");
  if (line != headings) throw Error("a calibration table has other columns", path.string() + ":1", headings, line);
  const std::size_t columns = split_line(headings).size();
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const auto fields = split_line(line);
    const std::string place = fmt::format("{}:{}", path.string(), number);
    if (fields.size() != columns) throw Error("a calibration row is not whole", place, fmt::format("{} fields", columns), line);
    row(fields, place);
  }
}

double number_from(const std::string& text, const std::string& place) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) throw Error("a calibration row has no number where one belongs", place, "a number", "'" + text + "'");
  return value;
}

Parameters parameters_from(const std::string& text, const std::string& place) {
  Parameters parameters;
  std::istringstream pairs(text);
  for (std::string pair; std::getline(pairs, pair, ';');) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) throw Error("a calibration run has a parameter without value", place, "name=value;name=value", "'" + pair + "'");
    parameters[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return parameters;
}

std::set<std::string> words_from(const std::string& text, const std::string& place) {
  static const std::set<std::string> known{"fast", "fit", "sensitivity"};
  std::istringstream stream(text);
  std::set<std::string> words;
  for (std::string word; stream >> word; words.insert(word))
    if (!known.contains(word)) throw Error("unknown set of calibration runs", place, fmt::format("{}", fmt::join(known, ", ")), "'" + word + "'");
  return words;
}

void load_rows(const fs::path& path, CalibrationTables& tables) {
  read_table(path, "run,metric,measured,unit,flag,used,cause,source", [&](const std::vector<std::string>& f, const std::string& place) {
    if (std::find(metrics().begin(), metrics().end(), f[1]) == metrics().end()) throw Error("unknown metric", place, fmt::format("one of {}", fmt::join(metrics(), ", ")), f[1]);
    if (std::none_of(tables.runs.begin(), tables.runs.end(), [&](const CalibrationRun& run) { return run.name == f[0]; }))
      throw Error("a calibration row of an unknown run", place, "a run of runs.csv", f[0]);
    tables.rows.push_back({f[0], f[1], f[3], number_from(f[2], place), f[4], f[5] == "yes", f[6], f[7]});
  });
}

std::vector<SensitivityRange> load_ranges(const fs::path& path) {
  std::vector<SensitivityRange> ranges;
  read_table(path, "parameter,low,high,why", [&](const std::vector<std::string>& f, const std::string& place) {
    ranges.push_back({f[0], number_from(f[1], place), number_from(f[2], place), f[3]});
    if (!(ranges.back().low < ranges.back().high)) throw Error("a range without width", place, "low below high", f[1] + " to " + f[2]);
  });
  return ranges;
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

CurveTable::Point point_from(const std::string& word, const std::string& metric, const CalibrationTables& tables, const std::string& place) {
  const std::size_t at = word.find('@');
  const std::string run = word.substr(0, at);
  if (at == std::string::npos || std::none_of(tables.rows.begin(), tables.rows.end(), [&](const Measurement& row) { return row.run == run && row.metric == metric; }))
    throw Error("no such point of a curve", place, "run@x, where the run has a row of metric " + metric, "'" + word + "'");
  return {run, number_from(word.substr(at + 1), place)};
}

void load_curves(const fs::path& path, CalibrationTables& tables) {
  read_table(path, "panel,curve,x,scale,y,kernel,parameters,chip,l2,metric,values,points", [&](const std::vector<std::string>& f, const std::string& place) {
    CurveTable curve{f[0], f[1], f[2], f[4], f[5], f[7], f[8], f[9], parameters_from(f[6], place), number_from(f[3], place), {}, {}};
    get_library_kernel(curve.kernel);
    for (const std::string& word : split_words(f[10])) curve.values.push_back(number_from(word, place));
    for (const std::string& word : split_words(f[11])) curve.points.push_back(point_from(word, curve.metric, tables, place));
    tables.curves.push_back(std::move(curve));
  });
}

}  // namespace

CalibrationTables CalibrationTables::load(const std::string& folder) {
  CalibrationTables tables;
  const fs::path home(folder);
  read_table(home / "runs.csv", "run,group,kernel,parameters,chip,l2,sets,assumption", [&](const std::vector<std::string>& f, const std::string& place) {
    get_library_kernel(f[2]);
    tables.runs.push_back({f[0], f[1], f[2], parameters_from(f[3], place), f[4], f[5], words_from(f[6], place), f[7]});
  });
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(home / "rows"))
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) load_rows(path, tables);
  for (const CalibrationRun& run : tables.runs)
    if (std::none_of(tables.rows.begin(), tables.rows.end(), [&](const Measurement& row) { return row.run == run.name; }))
      throw Error("a calibration run without a measured row", (home / "runs.csv").string(), "a row in rows/*.csv", run.name);
  read_table(home / "not_carried.csv", "file,rows,count,why", [&](const std::vector<std::string>& f, const std::string& place) {
    tables.not_carried.push_back({f[0], f[1], f[3], static_cast<int>(number_from(f[2], place))});
  });
  tables.ranges = load_ranges(home / "sensitivity.csv");
  tables.fitted = load_ranges(home / "fitted.csv");
  load_curves(home / "curves.csv", tables);
  return tables;
}

}  // namespace vitruvian::workload
