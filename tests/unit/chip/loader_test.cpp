#include <catch2/catch_approx.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <fstream>

#include "src/chip/nearest.h"
#include "tests/unit/chip/chip_file.h"

namespace vitruvian::chip {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

std::string error_of_text(const std::string& text) {
  const ChipFile file(text);
  return error_of([&] { ChipSpec::load(file.path()); });
}

std::string error_of_override(const std::string& path, double value) {
  return error_of([&] { ChipSpec::load("ascend910b1", {{path, value}}); });
}

}  // namespace

TEST_CASE("an unknown chip lists the available ones") {
  const std::string message = error_of([] { ChipSpec::load("ascend920"); });
  CHECK_THAT(message, ContainsSubstring("unknown chip 'ascend920'"));
  CHECK_THAT(message, ContainsSubstring("ascend910b1, ascend910b2, ascend910b3, ascend910b4, ascend910c"));
  CHECK_THAT(error_of([] { ChipSpec::load("/nowhere/x.yaml"); }), ContainsSubstring("/nowhere/x.yaml: no such chip file"));
}

TEST_CASE("an unknown key names file, line and the nearest key") {
  struct Row {
    const char* text;
    const char* expected;
  };
  for (const auto& [text, expected] : {
           Row{"hbm:\n  bandwith: {value: 1, unit: TB/s}\n", "test.yaml:5: unknown key 'hbm.bandwith'; did you mean 'hbm.bandwidth'?"},
           Row{"clok: {value: 1, unit: GHz}\n", "test.yaml:4: unknown key 'clok'; did you mean 'clock'?"},
           Row{"hmb:\n  bytes: {value: 1, unit: GiB}\n", "test.yaml:4: unknown key 'hmb'; did you mean 'hbm'?"},
           Row{"pipes:\n  queue:\n    mte4: {value: 1, unit: count}\n", "test.yaml:6: unknown key 'pipes.queue.mte4'; did you mean 'pipes.queue.mte"},
           Row{"costs:\n  vad: {per_unit: 1}\n", "test.yaml:5: unknown key 'vad'; did you mean 'vadd'?"},
           Row{"costs:\n  vadd: {per_unti: 1}\n", "test.yaml:5: unknown key 'per_unti'; did you mean 'per_unit'?"},
           Row{"clock: {value: 1, unit: GHz, sauce: x}\n", "test.yaml:4: unknown key 'sauce'; did you mean 'source'?"},
       })
    CHECK_THAT(error_of_text(on_910b1(text)), ContainsSubstring(expected));
}

TEST_CASE("a value of the wrong type, sign or unit names file, line and path") {
  struct Row {
    const char* text;
    const char* expected;
  };
  for (const auto& [text, expected] : {
           Row{"clock: {value: fast, unit: GHz}\n", "test.yaml:4: wrong type of 'clock'; expected a number, got 'fast'"},
           Row{"clock: {value: .nan, unit: GHz}\n", "wrong type of 'clock'"},
           Row{"clock: {value: .inf, unit: GHz}\n", "wrong type of 'clock'"},
           Row{"clock: {value: [1], unit: GHz}\n", "wrong type of 'clock'; expected a number, got a map or list"},
           Row{"clock: 1.8\n", "test.yaml:4: wrong form of 'clock'"},
           Row{"clock: {unit: GHz}\n", "test.yaml:4: wrong form of 'clock'"},
           Row{"hbm: 3\n", "test.yaml:4: wrong type of 'hbm'; expected a map of parameters"},
           Row{"clock: {value: -1, unit: GHz}\n", "test.yaml:4: 'clock' is negative"},
           Row{"clock: {value: 0, unit: GHz}\n", "'clock' is zero"},
           Row{"clock: {value: 1}\n", "test.yaml:4: 'clock' has no unit; expected hertz, Hz, kHz, MHz, GHz"},
           Row{"clock: {value: 1, unit: GiB}\n", "test.yaml:4: wrong unit of 'clock'; expected hertz, Hz, kHz, MHz, GHz, got GiB"},
           Row{"cores:\n  aic: {value: 2.5, unit: count}\n", "test.yaml:5: 'cores.aic' is not whole"},
           Row{"ub: {bytes: {value: 0.3, unit: KiB}}\n", "test.yaml:4: 'ub.bytes' is not whole"},
           Row{"clock: {value: 1, unit: GHz, source: x}\n", "test.yaml:4: 'clock' has a source but no trust"},
           Row{"clock: {value: 1, unit: GHz, source: x, trust: high}\n", "test.yaml:4: unknown trust of 'clock'"},
           Row{"clock: {value: 1, unit: GHz, trust: measurd}\n", "test.yaml:4: unknown trust of 'clock'"},
           Row{"costs: 3\n", "test.yaml:4: wrong type of 'costs'"},
           Row{"costs:\n  vadd: 3\n", "test.yaml:5: wrong form of 'costs.vadd'"},
           Row{"costs:\n  vadd: {head: -1}\n", "test.yaml:5: 'costs.vadd.head' is negative"},
           Row{"costs:\n  gm_read: {bytes_per_cycle: 0}\n", "test.yaml:5: 'costs.gm_read.bytes_per_cycle' is zero"},
           Row{"costs:\n  gm_read: {bytes_per_cycle: 2, per_unit: 1}\n", "test.yaml:5: 'costs.gm_read' has both"},
       })
    CHECK_THAT(error_of_text(on_910b1(text)), ContainsSubstring(expected));
}

TEST_CASE("a file that is no chip description says why") {
  CHECK_THAT(error_of_text("name: [\n"), ContainsSubstring("not YAML"));
  CHECK_THAT(error_of_text("- 1\n"), ContainsSubstring("test.yaml: not a chip description"));
  CHECK_THAT(error_of_text("name: x\n"), ContainsSubstring("the file states no kind"));
  CHECK_THAT(error_of_text("name: x\nkind: baseline\n"), ContainsSubstring("test.yaml:2: wrong kind of chip file; expected kind: ascend, got baseline"));
  CHECK_THAT(error_of_text("kind: ascend\nbase: ascend910b1\n"), ContainsSubstring("the file states no name"));
  CHECK_THAT(error_of_text(on_910b1("clock: {value: 1, unit: GHz}\nclock: {value: 2, unit: GHz}\n")), ContainsSubstring("test.yaml:5: key 'clock' is stated twice"));
  CHECK_THAT(error_of([] { ChipSpec::load("h100_sxm"); }), ContainsSubstring("wrong kind of chip file"));
}

TEST_CASE("a missing parameter and a missing cost row are named") {
  // The 910B1's own text, without one line of each.
  std::ifstream in(ChipSpec::load("ascend910b1").file());
  std::string text, line;
  while (std::getline(in, line))
    if (!line.starts_with("  hit_latency:") && !line.starts_with("  vmul:")) text += line + "\n";
  CHECK_THAT(error_of_text(text), ContainsSubstring("test.yaml: missing l2.hit_latency, costs.vmul;"));
  CHECK_THAT(error_of_text("name: x\nkind: ascend\nclock: {value: 1, unit: GHz}\n"),
             ContainsSubstring("missing cores.aic, cores.aiv_per_aic, cores.system_counter") && ContainsSubstring(" more;"));
}

TEST_CASE("a chip states only what differs from its base") {
  const ChipFile file(on_910b1("description: slow\nclock: {value: 900, unit: MHz}\ncosts:\n  vadd: {head: 1, per_unit: 2, tail: 3, source: bench, trust: measured}\n"));
  const ChipSpec spec = ChipSpec::load(file.path()), base = ChipSpec::load("ascend910b1");
  CHECK(spec.name() == "test");
  CHECK(spec.description() == "slow");
  CHECK(spec.file() == file.path());
  CHECK(spec.get(Param::clock) == 0.9e9);
  CHECK(spec.is_assumed(Param::clock));  // no source
  CHECK(spec.get(Param::l2_bytes) == base.get(Param::l2_bytes));
  CHECK(spec.value(Param::l2_bytes).source == base.value(Param::l2_bytes).source);
  // A row is replaced as a whole: what it does not state has the default, not the base's.
  CHECK(spec.cost("vadd").head == 1);
  CHECK(spec.cost("vadd").interval == OperationCost{}.interval);
  CHECK(spec.cost("vadd").trust == Trust::measured);
  CHECK(spec.cost("vmul").tail == base.cost("vmul").tail);
}

TEST_CASE("trust without a source is assumed") {
  const ChipFile file(on_910b1("clock: {value: 1, unit: GHz, trust: measured}\n"));
  CHECK(ChipSpec::load(file.path()).value(Param::clock).trust == Trust::assumed);
}

TEST_CASE("a base may lie beside the file, and must not lead back to it") {
  ChipFile file("name: test\nkind: ascend\nbase: parent\n");
  file.add("name: parent\nkind: ascend\nbase: ascend910b1\nclock: {value: 1, unit: GHz}\n", "parent.yaml");
  CHECK(ChipSpec::load(file.path()).get(Param::clock) == 1e9);
  file.add("name: parent\nkind: ascend\nbase: test\n", "parent.yaml");
  CHECK_THAT(error_of([&] { ChipSpec::load(file.path()); }), ContainsSubstring("a chip is its own base"));
  file.add("name: parent\nkind: ascend\nbase: nobody\n", "parent.yaml");
  CHECK_THAT(error_of([&] { ChipSpec::load(file.path()); }), ContainsSubstring("unknown chip 'nobody'"));
}

TEST_CASE("overrides take the schema's unit and count as assumed") {
  const ChipSpec spec = ChipSpec::load("ascend910b1", {{"hbm.bandwidth", 2e12}, {"costs.vadd.per_unit", 5}, {"cores.aic", 1}});
  CHECK(spec.get(Param::hbm_bandwidth) == 2e12);
  CHECK(spec.value(Param::hbm_bandwidth).overridden);
  CHECK(spec.is_assumed(Param::hbm_bandwidth));
  CHECK_FALSE(spec.value(Param::hbm_stacks).overridden);
  CHECK(spec.cost("vadd").per_unit == 5);
  CHECK(spec.cost("vadd").tail == ChipSpec::load("ascend910b1").cost("vadd").tail);
  CHECK(spec.cost("vadd").trust == Trust::assumed);
  CHECK(spec.get_integer(Param::aic_count) == 1);
  CHECK(spec.overrides().size() == 3);
  CHECK(ChipSpec::load("ascend910b1").overrides().empty());
}

TEST_CASE("a wrong override names the nearest parameter or the rule it breaks") {
  CHECK_THAT(error_of_override("hbm.bandwith", 1), EndsWith("unknown parameter 'hbm.bandwith'; did you mean 'hbm.bandwidth'?"));
  CHECK_THAT(error_of_override("costs.vad.per_unit", 1), EndsWith("did you mean 'costs.vadd.per_unit'?"));
  CHECK_THAT(error_of_override("costs.vadd.per_units", 1), EndsWith("did you mean 'costs.vadd.per_unit'?"));
  CHECK_THAT(error_of_override("costs.vadd", 1), ContainsSubstring("unknown parameter 'costs.vadd'"));
  CHECK_THAT(error_of_override("clock", -1), ContainsSubstring("override clock"));
  CHECK_THAT(error_of_override("clock", 0), ContainsSubstring("'clock' is zero"));
  CHECK_THAT(error_of_override("hbm.bandwidth", 0), ContainsSubstring("'hbm.bandwidth' is zero"));
  CHECK_THAT(error_of_override("cores.aic", 2.5), ContainsSubstring("not whole"));
}

TEST_CASE("VITRUVIAN_CHIPS adds a folder that goes first") {
  const ChipFile file(on_910b1("clock: {value: 3, unit: GHz}\n"), "ascend910c.yaml");
  setenv("VITRUVIAN_CHIPS", file.folder().c_str(), 1);
  CHECK(ChipSpec::load("ascend910c").get(Param::clock) == 3e9);
  CHECK(ChipSpec::load("ascend910b2").get(Param::clock) == 1.8e9);
  unsetenv("VITRUVIAN_CHIPS");
  CHECK(ChipSpec::load("ascend910c").get(Param::clock) == 1.8e9);
}

TEST_CASE("reading a parameter marks it") {
  const ChipSpec spec = ChipSpec::load("ascend910b1");
  const std::size_t all = static_cast<std::size_t>(Param::kCount);
  CHECK(spec.unread().size() == all);
  (void)spec.get(Param::l2_bytes);
  (void)spec.value(Param::hbm_bytes);  // looking at the provenance is not using the value
  CHECK(spec.unread().size() == all - 1);
}

TEST_CASE("an unknown cost class throws and a fraction is no integer") {
  const ChipSpec spec = ChipSpec::load("ascend910b1");
  CHECK_THAT(error_of([&] { (void)spec.cost("vsubb"); }), ContainsSubstring("no cost row 'vsubb'"));
  CHECK_THROWS_AS(spec.get_integer(Param::hbm_efficiency), std::logic_error);
}

TEST_CASE("edit distance counts insertions, removals and replacements") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("same", "same") == 0);
  CHECK(nearest("x", {}) == "");
}

}  // namespace vitruvian::chip
