"""The command line: exit statuses and output that other programs read."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLI = Path(os.environ.get("VITRUVIAN_CLI", ROOT / "build/release/bin/vitruvian"))
KERNELS = Path(__file__).parent / "kernels"

pytestmark = pytest.mark.skipif(not CLI.exists(), reason=f"{CLI} is not built")


def vitruvian(*words, cwd=None):
    return subprocess.run([CLI, *words], capture_output=True, text=True, cwd=cwd, timeout=300)


def test_a_kernel_as_json():
    done = vitruvian("kernel", "gemm", "m=17", "n=255", "k=7", "dtype=bf16", "--json")
    assert done.returncode == 0, done.stderr
    fields = json.loads(done.stdout)
    assert fields["kernel"] == "gemm" and fields["l2"] == "cold" and fields["passed"]
    for pipe in fields["pipes"].values():
        assert {"busy", "stalls", "idle"} <= set(pipe)


def test_a_gemm_with_one_k_tile_dropped_fails_its_check():
    done = vitruvian("kernel", "gemm", "m=256", "n=256", "k=1024", "--flag=-DGEMM_DROP_K_TILE")
    assert done.returncode == 4 and "check FAILED" in done.stdout


def test_a_kernel_as_a_table_with_a_trace(tmp_path):
    done = vitruvian("kernel", "vector_add", "n=10000", "--trace", tmp_path / "t.json", "--csv", tmp_path / "t.csv")
    assert done.returncode == 0, done.stderr
    assert "check passed" in done.stdout and "H100" in done.stdout
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]


def test_compile_and_disassemble(tmp_path):
    done = vitruvian("cc", KERNELS / "add_custom.cpp", "-o", tmp_path / "add.elf")
    assert done.returncode == 0, done.stderr
    text = vitruvian("disasm", tmp_path / "add.elf").stdout
    assert "; kernel add_custom (aiv)" in text
    assert "add_custom.cpp:" in text and "vadd_f32" in text


def test_chips_are_listed_and_printed():
    assert "ascend910b4" in vitruvian("chips").stdout
    text = vitruvian("chips", "ascend910c", "--override", "clock=1e9").stdout
    assert "hbm.bandwidth" in text and "published" in text and "1000000000*" in text
    assert "hbm_stack3" in vitruvian("chips", "ascend910c", "--hierarchy").stdout


@pytest.mark.parametrize("words", [
    [], ["bogus"], ["kernel", "gem"], ["kernel", "gemm", "m"], ["kernel", "gemm", "m=x"], ["kernel", "gemm", "--chip", "nope"],
    ["kernel", "gemm", "--mode", "fast"], ["kernel", "gemm", "--override", "clock=x"], ["disasm", "/nowhere.elf"], ["cc", "/nowhere.cpp"],
], ids=" ".join)
def test_a_mistake_is_one_line_and_status_2(words):
    done = vitruvian(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("vitruvian: ") and done.stderr.count("\n") == 1


def test_help_is_everywhere():
    for words in [["--help"], *[[name, "--help"] for name in ("kernel", "cc", "disasm", "chips", "accuracy")]]:
        done = vitruvian(*words)
        assert done.returncode == 0 and "Usage" in done.stdout
    assert "rms_norm" in vitruvian("kernel", "--help").stdout
    assert vitruvian("--version").stdout.startswith("0.1.0")
