"""R1 on the command line, through the Python package and through the C++ program that hands over to it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vitruvian as vt
from vitruvian.__main__ import main

ROOT = Path(__file__).parents[2]
CLI = Path(os.environ.get("VITRUVIAN_CLI", ROOT / "build/release/bin/vitruvian"))
needs_cli = pytest.mark.skipif(not CLI.exists(), reason=f"{CLI} is not built")
SHAPE = ["rows=5", "columns=320"]


def program(*words, **environment):
    """The C++ program."""
    return subprocess.run([CLI, *words], capture_output=True, text=True, timeout=120, env={**os.environ, "VITRUVIAN_PYTHON": sys.executable, **environment})


def test_a_kernel_as_json(capsys):
    assert main(["kernel", "quantize", *SHAPE, "--json", "--groups", "3", "--override", "hbm.bandwidth=2e12"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert fields["kernel"] == "quantize" and fields["parameters"] == {"rows": 5, "columns": 320} and fields["passed"] is True
    assert fields["h100_time_us"] > 0 and fields["h100_basis"].startswith("curve") and fields["l2"] == "cold" and fields["cycles"] > 0
    for pipe in fields["pipes"].values():
        assert {"busy", "stalls", "idle"} <= set(pipe)


def test_a_kernel_as_a_table_with_a_trace(tmp_path, capsys):
    assert main(["kernel", "quantize", *SHAPE, "--cores", "--trace", str(tmp_path / "t.json"), "--csv", str(tmp_path / "t.csv")]) == 0
    text = capsys.readouterr().out
    assert "check passed" in text and "aiv0" in text and "ascend910c.yaml" in text
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"] and (tmp_path / "t.csv").stat().st_size


def test_a_broken_kernel_is_status_4(capsys):
    assert main(["kernel", "quantize", *SHAPE, "--flag=-DBROKEN_LAST_BLOCK"]) == 4
    assert "check FAILED" in capsys.readouterr().out
    assert main(["kernel", "quantize", *SHAPE, "--flag=-DBROKEN_LAST_BLOCK", "--no-check"]) == 0


@pytest.mark.parametrize("words", [
    ["kernel", "quantise"], ["kernel", "quantize", "rows"], ["kernel", "quantize", "rows=0"], ["kernel", "quantize", "size=4"], ["kernel", "quantize", "--mode", "fast"],
    ["kernel", "quantize", "--override", "clock=x"], ["kernel", "quantize", "--chip", "nope"], ["kernel", "quantize", "--groups", "25"], ["kernel", "quantize", "--bogus"],
    ["kernel", "quantize", "rows=3", "rows=4"], ["kernel", "quantize", "--seed", "-1"], ["kernel", "linear_int8", "m=1", "n=1000000", "k=1000000"],
    ["kernel", "quantize", "rows=1" + 24 * "0"], ["kernel", "mla_prefill", "batch=1" + 15 * "0"], ["r1", "model", "--groups", "0"],
    ["r1", "model", "--mode", "timing_only"], ["r1", "model", "--set", "heads=0"], ["r1", "model", "--seed", "-1"],
    ["r1", "bogus"], ["r1", "model", "--tokens", "0"], ["r1", "model", "--set", "bogus=1"], ["kernel", "gemm", "m=0"], ["disasm", "/nowhere.elf"],
], ids=" ".join)
def test_a_mistake_is_one_line_and_status_2(words, capfd):
    assert main(words) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("vitruvian: ") and err.count("\n") == 1


def test_help_is_everywhere(capfd):
    for words, expected in [(["kernel", "quantize", "--help"], "columns="), (["r1", "--help"], "model"), (["r1", "kernels", "--help"], "--write"), (["r1", "model", "--help"], "--seed"),
                            (["r1", "kernels"], "mla_decode"), (["kernel", "--help"], "r1 kernels"), (["--help"], "r1")]:
        assert main(words) == 0
        assert expected in capfd.readouterr().out


def test_the_grouped_product_of_the_command_line_is_r1s(capfd):
    assert main(["kernel", "grouped_gemm", "groups=2", "m=20", "n=304", "k=96", "dtype=int8", "tile=128x152", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["passed"]


def test_a_library_kernel_goes_to_the_compiled_command_line(capfd):
    assert main(["kernel", "gemm", "m=32", "n=32", "k=32", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["kernel"] == "gemm"
    assert main(["chips"]) == 0 and "ascend910b4" in capfd.readouterr().out


def test_the_model(capsys):
    assert main(["r1", "model", "--seed", "5", "--prompt", "3", "--tokens", "2", "--mode", "functional_only", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    assert len(fields["tokens"]) == 2 and fields["check"]["passed"] and fields["kernels"]["mla_decode"]["launches"] == 4


def test_vt_kernel_runs_r1s_kernels():
    run = vt.kernel("quantize", rows=3, columns=64)
    assert run.passed and run.spec.rows == 3
    with pytest.raises(vt.Error, match="rms_norm_quant"):
        vt.kernel("quantise")


@needs_cli
def test_the_program_hands_over():
    done = program("kernel", "quantize", *SHAPE, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"]
    assert program("kernel", "quantize", *SHAPE, "--flag=-DBROKEN_LAST_BLOCK").returncode == 4
    assert "columns=" in program("kernel", "quantize", "--help").stdout
    assert "mla_decode" in program("r1", "kernels").stdout


@needs_cli
def test_the_program_says_what_to_install():
    done = program("r1", "kernels", VITRUVIAN_PYTHON="/nowhere/python")
    assert done.returncode == 2 and done.stdout == "" and "/nowhere/python" in done.stderr and done.stderr.count("\n") == 1
