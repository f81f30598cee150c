"""Serving: deployments, routing, composition, cache, results and the report, on R1's structure in small dimensions."""

import json
import re
import shutil
import subprocess

import pandas
import pytest

import vitruvian as vt
from vitruvian.r1.config import R1Config
from vitruvian.r1.serving import Decode, Prefill, baseline, compose, memory, routing
from vitruvian.r1.serving.cli import main
from vitruvian.r1.serving.report import reasons, roofs
from vitruvian.r1.serving.run import make
from vitruvian.r1.serving.scenes import scenes_of

SMALL = dict(config=R1Config.small(), ep=4, batch=8, context=256, processes=0, progress=False)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """Simulations of these tests only; compiled kernels too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRUVIAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def small(cache):
    return vt.r1.decode(**SMALL)


# --- what is asked

@pytest.mark.parametrize("options, what", [
    (dict(batch=0), "batch"), (dict(batch=97), "batch"), (dict(context=0), "context"), (dict(context=200_000), "context"), (dict(ep=0), "ep"), (dict(ep=3), "ep"),
    (dict(mtp=2), "mtp"), (dict(acceptance=1.5), "acceptance"), (dict(dtype="fp4"), "dtype"), (dict(skew=-1), "skew"), (dict(chip="ascend999"), "unknown chip"),
    (dict(host_step_ms=-1.0), "host_step_ms"), (dict(graph_launch_ms=float("nan")), "graph_launch_ms"),
    (dict(overrides={"hbm.bandwith": 1}), "hbm.bandwidth"), (dict(batches=3), "batches"), (dict(attention_groups=24), "attention_groups"),
])
def test_impossible_deployments_are_errors_that_name_the_field(options, what):
    with pytest.raises(vt.Error, match=what):
        make(Decode, options)


def test_prompts_that_do_not_divide_the_tokens():
    with pytest.raises(vt.Error, match="tokens"):
        make(Prefill, dict(prompt=4096, tokens=16383))
    with pytest.raises(vt.Error, match="two microbatches"):
        make(Prefill, dict(prompt=4096, tokens=8192, overlap=True))
    with pytest.raises(vt.Error, match="prompt"):
        make(Prefill, dict(prompt=0))


def test_what_does_not_fit_is_said():
    with pytest.raises(vt.Error, match="KV cache .* GB"):
        vt.r1.decode(batch=512, context=65536)
    with pytest.raises(vt.Error, match="experts"):
        vt.r1.decode(ep=2)
    assert sum(memory.check(make(Decode, {}), 1).values()) < 64 * 2**30


def test_the_command_line_says_it_in_a_line(capsys):
    from vitruvian.__main__ import main as program

    assert program(["r1", "decode", "--batch", "0"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_report_that_cannot_be_written_is_said_before_anything_runs(tmp_path, capsys):
    from vitruvian.__main__ import main as program

    (tmp_path / "file").write_text("")
    assert program(["r1", "decode", "--report", str(tmp_path / "file" / "report")]) == 2
    said = capsys.readouterr().err
    assert "no report can be written there" in said and said.count("\n") == 1 and "simulating" not in said


@pytest.mark.parametrize("words, what", [
    (["sweep", "decode", "batch=96", "--csv", "/nowhere/x.csv"], "no frame can be written"), (["h100", "--write", "/nowhere/x.md"], "cannot be written"),
    (["decode", "--processes", "-1"], "processes"), (["sweep", "decode", "batch=96", "--cluster", "0"], "needs a worker"),
])
def test_other_mistakes_on_the_command_line_are_lines_too(words, what):
    with pytest.raises(vt.Error, match=what):
        main(words)


def test_the_chips_costs_are_part_of_the_key(tmp_path):
    """They are in no value of the chip, only in its file."""
    from pathlib import Path

    from vitruvian.r1.serving import simulate

    text = (Path(vt._core.data_directory()) / "chips" / "ascend910b1.yaml").read_text()
    chip, found = tmp_path / "mine.yaml", []
    scene = scenes_of(make(Decode, {name: SMALL[name] for name in ("config", "ep", "batch", "context")}))["head"]
    for body in (text, text.replace("bytes_per_cycle: 256", "bytes_per_cycle: 255", 1)):
        chip.write_text(body)
        machine = simulate.Machine(str(chip))
        found.append(simulate.key_of(scene, machine, simulate.specs_of(scene), machine.device()))
    assert found[0] != found[1]


# --- tokens to experts

def test_the_anchors_place_is_one_expert_a_die():
    even = routing.place_decode(R1Config.full(), 320, 48, 0.0)
    assert even.slots == 1 and even.rows == (480,)           # 320 dies x 48 tokens x 8 experts / 256, no copy of most
    assert routing.place_prefill(R1Config.full(), 32, 4096, 0.0).slots == 10
    skewed = routing.place_decode(R1Config.full(), 320, 48, 1.0)
    assert skewed.imbalance > 2 * even.imbalance and skewed.hot == pytest.approx(skewed.imbalance, rel=0.01)
    assert sum(routing.place_decode(R1Config.full(), 32, 48, 0.0).rows) == pytest.approx(48 * 9, rel=0.15)


def test_copies_go_to_the_fullest():
    assert sorted(routing.replicate([8.0, 2.0, 1.0], 2)) == pytest.approx([1.0, 2.0, 8 / 3, 8 / 3, 8 / 3])
    assert sorted(routing.busiest_die([5.0, 4.0, 3.0, 3.0], 2)) == [3.0, 5.0]


# --- composition

def spans(result) -> dict[str, float]:
    """us of each scene: from the first launch's place behind another to the last end."""
    return {name: (max(launch["end"] for launch in record["launches"]) - record["lead_cycles"]) / record["clock_hz"] * 1e6 for name, record in result.records.items()}


def test_a_step_is_the_sum_of_its_spans(small):
    """R1 in small has two MoE layers or more, a pipeline of two microbatches over them, dense ones, a head, and an MTP module."""
    config, us = R1Config.small(), spans(small)
    pipeline = us["alone"] + (config.moe_layers - 0.5) * us["window"]
    around = config.dense_layers * us["dense_layer"] + us["head"] + us["moe_layer"] + us["mtp"]
    assert small.totals.step_ms * 1e3 == pytest.approx(pipeline + around + 2 * 700, rel=1e-9)   # two graph launches of 0.7 ms
    assert small.totals.engine_ms == pytest.approx(1.4) and small.totals.layer_us == pytest.approx(us["window"])
    assert small.tpot_ms == pytest.approx(small.totals.step_ms / 1.7)
    assert small.tokens_per_s_per_package == pytest.approx(8 / small.tpot_ms * 1e3)
    assert small.tokens_per_s_per_die * 2 == pytest.approx(small.tokens_per_s_per_package)


def test_a_layers_span_is_the_sum_of_its_kernels(small):
    serial = small.records["moe_layer"]
    spans = sum(launch["cycles"] for launch in serial["launches"]) - serial["lead_cycles"]
    assert compose.span_us(serial) == pytest.approx(spans / serial["clock_hz"] * 1e6)


def test_the_assumed_share_weighs_scenes_as_a_step_does():
    def record(busy, assumed):
        return {"cycles": 100, "lead_cycles": 0, "clock_hz": 1e6, "launches": [{"pipes": {"M": {"busy": busy, "assumed_busy": assumed}}}]}

    records = {"moe_layer": record(100, 100), "head": record(100, 0)}
    parts = [compose.simulated("MoE layers", records, 3, "", moe_layer=2), compose.simulated("head", records, 2, "", head=1)]
    assert parts[0].total_us == 600
    assert compose.assumed_share(records, parts) == pytest.approx(6 / 8)


def test_every_kernel_of_the_workload_ran(small):
    assert small.missing == []
    assert small.records["moe_layer"]["in_full"] == ["gate"]
    labels = {launch["label"] for launch in small.records["moe_layer"]["launches"]}
    assert {"mla", "absorb_k", "gate", "dispatch", "gate_up", "combine"} <= labels


def test_microbatches_run_at_the_same_time(small):
    launches = small.records["window"]["launches"]
    streams = {name: [launch for launch in launches if launch["stream"] == name] for name in ("attention", "moe")}
    first = {name: [launch for launch in of if launch["microbatch"] == (name == "moe")] for name, of in streams.items()}
    assert all(of[0]["start"] == 0 for of in first.values())
    second = [min(launch["start"] for launch in streams[name] if launch["microbatch"] != (name == "moe")) for name in streams]
    assert second[0] == second[1] == max(of[-1]["end"] for of in first.values())


def test_every_kernel_lies_under_its_roofs(small):
    assert roofs.above(small) == []


def test_the_cache_gives_the_same_and_a_change_does_not_hit_it(small):
    again = vt.r1.decode(**SMALL)
    assert again.cache_hits == len(again.records) and again.tpot_ms == small.tpot_ms
    slower = vt.r1.decode(**SMALL, overrides={"hbm.bandwidth": 2e11})
    assert slower.cache_hits == 0 and slower.tpot_ms > small.tpot_ms


def test_more_context_and_fewer_requests(small):
    longer = vt.r1.decode(**{**SMALL, "context": 2048})
    assert longer.totals.layer_us > small.totals.layer_us
    assert longer.cache_hits > 0  # the heads are the same simulations
    fewer = vt.r1.decode(**{**SMALL, "batch": 4})
    assert fewer.tokens_per_s_per_package < small.tokens_per_s_per_package and fewer.tpot_ms <= small.tpot_ms


def test_without_mtp_overlap_and_in_bf16():
    plain = vt.r1.decode(**{**SMALL, "mtp": 0, "overlap": False, "dtype": "bf16"})
    assert plain.tpot_ms == plain.totals.step_ms
    assert set(plain.records) == {"moe_layer", "dense_layer", "head"}
    assert "quantize" not in {launch["kernel"] for launch in plain.records["moe_layer"]["launches"]}


def test_prefill():
    result = vt.r1.prefill(config=R1Config.small(), ep=4, prompt=128, tokens=512, processes=0, progress=False)
    assert result.tpot_ms is None
    assert result.tokens_per_s_per_package == pytest.approx(512 / result.totals.step_ms * 1e3)
    config, us = R1Config.small(), spans(result)   # two prompts a die, a microbatch each
    layers = 2 * (config.moe_layers * us["moe_layer"] + config.dense_layers * us["dense_layer"])
    assert result.totals.step_ms * 1e3 == pytest.approx(layers + us["head"] + 700, rel=1e-9)
    assert {"mla", "kv_b"} <= {launch["label"] for launch in result.records["moe_layer"]["launches"]}


def test_simulations_in_processes_give_the_same(small):
    beside = vt.r1.decode(**{**SMALL, "processes": 2, "cache": False})
    assert beside.tpot_ms == small.tpot_ms


# --- the H100's side

def test_the_h100_serves_a_packages_load(small):
    assert small.h100["fits"] and small.h100["gpus"] == 2
    assert small.h100["step_overlapped_ms"] < small.h100["step_ms"]
    full = baseline.baseline().machine
    with pytest.raises(vt.Error, match="does not fit into an H100"):
        memory.require(memory.table_of(make(Decode, dict(batch=192, context=16384)), 1), full.memory_bytes, "an H100")
    with pytest.raises(vt.Error, match="baseline"):
        vt.r1.decode(**SMALL, baseline="h900")
    assert "H100" in repr(small) and "H100" not in repr(vt.r1.decode(**SMALL, baseline=None))


def test_the_h100s_step_has_the_engines_host_and_no_graph_launch(small):
    slower = vt.r1.decode(**SMALL, host_step_ms=5.0, graph_launch_ms=9.0)
    assert slower.totals.step_ms - small.totals.step_ms == pytest.approx(5 + 2 * (9 - 0.7))
    assert slower.h100["step_ms"] - small.h100["step_ms"] == pytest.approx(5)
    assert slower.anchors() == small.anchors() == []


def test_figures_name_the_chip():
    single = vt.r1.decode(**SMALL, chip="ascend910b3", overlap=False)
    texts = [text.get_text() for panel in single.roofline().axes for text in panel.texts]
    assert "910B3 die bf16" in texts and not any("910C" in text for text in texts)
    assert single.h100["gpus"] == 4   # a 910B package is one die


# --- what users see

def test_text_and_frames(small):
    text = repr(small)
    assert "TPOT" in text and "moe.mla" in text and "assumed" in text
    assert "<table>" in small._repr_html_()
    assert set(small.to_pandas()["label"]) >= {"mla", "lm_head"}
    assert small.to_pandas("components")["total_us"].sum() == pytest.approx(small.totals.step_ms * 1e3)
    fields = json.loads(json.dumps(small.json(), default=str))
    assert {"tpot_ms", "layer_us", "tokens_per_s_per_die", "tokens_per_s_per_package", "kernels", "h100", "assumed_share", "wall_s", "cache_hits"} <= set(fields)


@pytest.fixture(scope="module")
def report(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "sweeps").mkdir()
    (folder / "sweeps" / "batch.csv").write_text("batch,tokens_per_s_per_package,tpot_ms,step_ms,error\n4,100,3,5,\n8,180,3.5,6,\n")
    small.report(folder)
    return folder


def test_a_kernels_sentence_names_what_its_figures_say(small):
    rows = {(row["scene"], row["label"]): row for row in small.kernels()}
    norm = rows["moe_layer", "input_norm"]
    assert "are the launch (assumed)" in reasons.sentence(norm, small)
    as_fast, slower, large = ({**norm, "h100_over_ours": ratio, "h100_us": ratio * norm["time_us"], "h100_bound": bound, "core_time_us": us}
                              for ratio, bound, us in ((1.0, "l2", 30), (1.6, "memory", 30), (0.5, "memory", 30)))
    assert "an H100 takes as long; its curve has few tiles" in reasons.beside({**as_fast, "h100_us": 20.0}, small)
    assert "a die is 1.6 x faster by its curve, although its memory is" in reasons.beside({**slower, "h100_us": 20.0}, small)
    assert "an H100 is 2.0 x faster; its memory is" in reasons.beside({**large, "h100_us": 20.0}, small)
    assert "lower bound" in reasons.sentence(rows["moe_layer", "dispatch"], small)


def test_a_rooflines_labels_stay_in_their_panels(small):
    figure = small.roofline()
    figure.canvas.draw()
    for panel in figure.axes:
        box = panel.get_window_extent()
        texts = [text.get_window_extent() for text in panel.texts if text.get_text()]
        assert texts and all(box.x0 - 1 <= text.x0 and text.x1 <= box.x1 + 1 for text in texts)


def test_the_report_is_whole_and_stands_alone(report, small):
    text = (report / "report.html").read_text()
    assert not re.findall(r"(?:src|href)=['\"]?(?!data:)(?!#)[a-z]+:", text) and "<script" not in text
    assert f"{small.tpot_ms:.1f} ms" in text and "sweep_batch" in text
    names = {"step", "roofline", "layer", "timeline", "kernels", "sweep_batch"}
    for ending in ("png", "svg", "csv"):
        assert {path.stem for path in (report / "figures").glob(f"*.{ending}")} == names


@pytest.mark.skipif(not (shutil.which("chromium") or shutil.which("chromium-browser")), reason="no Chromium")
def test_the_report_in_a_browser(report):
    # The page measures itself: how far it is wider than a laptop's window, and its smallest text.
    probe = ("<script>const t=[...document.querySelectorAll('td,p,th,h1,svg text')].map(e=>e.getBoundingClientRect().height).filter(h=>h>0);"
             "document.title='probe '+(document.documentElement.scrollWidth-innerWidth)+' '+document.querySelectorAll('svg').length+' '+Math.min(...t).toFixed(1)</script>")
    page = report / "probe.html"
    page.write_text((report / "report.html").read_text().replace("</body>", probe + "</body>"))
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    run = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1366,768", "--enable-logging=stderr", "--dump-dom", page.as_uri()],
                         capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in run.stderr
    wider, figures, smallest = re.search(r"<title>probe (\S+) (\S+) (\S+)</title>", run.stdout).groups()
    assert float(wider) <= 0 and int(figures) == 6
    assert float(smallest) >= 7


def test_help_and_unknown_commands(capsys):
    for command in ("decode", "prefill", "sweep"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "--" in capsys.readouterr().out
    with pytest.raises(vt.Error, match="decode, prefill, sweep"):
        main(["serve"])


# --- sweeps of deployments

def test_a_sweep_keeps_what_worked(small):
    from vitruvian.r1.serving.sweep_command import decode_point

    fixed = dict(config=R1Config.small(), ep=4, context=256)
    frame = vt.sweep(decode_point, {"batch": [8, 7]}, 1, progress=False, **fixed)
    good, bad = frame.to_dict("records")
    assert good["tpot_ms"] == small.tpot_ms and good["error"] is None
    assert "multiple of 2" in bad["error"]
    again = vt.sweep(decode_point, {"batch": [8]}, 1, progress=False, **fixed)
    assert again.attrs["cache_hits"] == 1


def test_the_reports_sweeps(small, tmp_path, monkeypatch):
    from vitruvian.r1.serving import sweep_command

    monkeypatch.setitem(sweep_command.REPORT_GRIDS, "decode", {"context": [256, 2048], "skew": [0.0, 2.0], "batch": [4, 32]})
    fixed = dict(config=R1Config.small(), ep=4, batch=8, context=256)
    assert sweep_command.report_sweeps("decode", fixed, tmp_path, 1, sweep_command.decode_point) == 0
    found = {path.stem: pandas.read_csv(path) for path in (tmp_path / "sweeps").glob("*.csv")}
    for name, faster in {"context": False, "skew": False, "batch": True}.items():
        first, last = found[name]["tokens_per_s_per_package"]
        assert (last > first) == faster, name
        assert found[name]["tpot_ms"].is_monotonic_increasing, name   # a larger batch is paid with latency
    small.report(tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert "sweep_context" in text and "sweep_skew" in text


def test_axes_on_the_command_line():
    from vitruvian.r1.serving.sweep_command import grid_of

    assert grid_of(["batch=8,16", "hbm.bandwidth=1.6e12", "dtype=bf16"]) == {"batch": [8, 16], "hbm.bandwidth": [1.6e12], "dtype": ["bf16"]}
    with pytest.raises(vt.Error, match="axis"):
        grid_of(["batch"])
