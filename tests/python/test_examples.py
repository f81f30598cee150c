"""The examples and the notebook run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

RUNS = {
    "vector_add.py": ([], "with twice the HBM bandwidth"),
    "streams.py": (["--rows", "96", "--tokens", "16"], "product 2"),
    "bandwidth_sweep.py": (["--tokens", "8", "--workers", "1", "--n", "512", "--k", "512"], "3.200000e+12"),
    "r1_decode.py": (["--small", "--batch", "8", "--context", "256"], "TPOT"),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return {**os.environ, "VITRUVIAN_CACHE": str(tmp_path_factory.mktemp("cache"))}


@pytest.mark.parametrize("name", RUNS)
def test_an_example(name, environment, tmp_path):
    words, expected = RUNS[name]
    run = subprocess.run([sys.executable, EXAMPLES / name, *words], capture_output=True, text=True, timeout=300, env=environment, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout


def test_the_notebook(environment, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("VITRUVIAN_CACHE", environment["VITRUVIAN_CACHE"])
    notebook = nbformat.read(EXAMPLES / "r1_serving.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    kinds = [set(output.get("data", {})) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in kind for kind in kinds) and sum("image/png" in kind for kind in kinds) == 2
