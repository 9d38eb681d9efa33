"""The notebooks run from top to bottom on a CPU, and are stored with what their code shows."""

import base64
import runpy
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
STORE = runpy.run_path(str(FOLDER / "store_outputs.py"))


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(file, as_version=4)
    folder = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
    outputs = STORE["outputs_of"](notebook)
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(shown) >= 2
    said = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not said


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_stored_outputs_are_those_of_the_code(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    assert STORE["stored_code"](notebook) == STORE["code_of"](notebook), "run: make outputs"
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    pictures = [
        base64.b64decode(output.data[kind])
        for output in STORE["outputs_of"](notebook)
        for kind in ("image/png", "image/jpeg")
        if kind in output.get("data", {})
    ]
    assert len(pictures) >= 2
    assert all(picture.startswith((b"\x89PNG", b"\xff\xd8")) for picture in pictures)
    assert not STORE["complaints"](notebook)
    assert file.stat().st_size <= 300 * 1024


def notebook(*sources: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])


def test_any_change_of_the_code_is_noticed_and_none_of_the_words() -> None:
    code = STORE["code_of"](notebook("a = 1", "print(a)"))
    others = (notebook("a = 2", "print(a)"), notebook("print(a)", "a = 1"), notebook("a = 1"))
    assert code not in {STORE["code_of"](other) for other in others}
    told = notebook("a = 1", "print(a)")
    told.cells.insert(1, nbformat.v4.new_markdown_cell("In between."))
    assert STORE["code_of"](told) == code


@pytest.mark.parametrize(
    "text", ["/home/ada/runs/last.ckpt", "<Figure at 0x7f1c2a>", "file:///tmp/x", "in /tmp"]
)
def test_what_is_of_a_machine_is_not_stored(text: str) -> None:
    shown = notebook("print(place)")
    shown.cells[0].outputs = [nbformat.v4.new_output("stream", text=f"{text}\n")]
    assert STORE["complaints"](shown)


def test_a_complaint_and_a_large_notebook_are_not_stored() -> None:
    shown = notebook("print(place)")
    assert not STORE["complaints"](shown)
    shown.cells[0].outputs = [nbformat.v4.new_output("stream", name="stderr", text="Warning\n")]
    assert STORE["complaints"](shown)
    shown.cells[0].outputs = [nbformat.v4.new_output("stream", text="runs/demo " * 40_000)]
    assert STORE["complaints"](shown)
