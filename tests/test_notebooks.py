"""Every notebook runs from its first cell to its last, and is committed with small outputs that came of such a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

FOLDER = ROOT / "notebooks"
QUICK = "07-false-name-budget.ipynb"
"""It runs no network: a few seconds."""
MOST_KB = 300
"""Of a notebook with its outputs."""
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == QUICK else pytest.mark.slow) for n in NOTEBOOKS])
def test_a_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = read(FOLDER / name)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # raises where a cell does
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_has_outputs_and_is_small(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert len(text) < 1000 * MOST_KB
    assert not any(word in text for word in (str(ROOT) + os.sep, "/tmp/"))  # noqa: S108 - no paths of a machine
    cells = [cell for cell in read(FOLDER / name).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/jpeg" in output.get("data", {}) or "image/png" in output.get("data", {}) for output in outputs)
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)


def test_the_readme_names_every_notebook() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in NOTEBOOKS if f"]({name})" not in readme] == []
