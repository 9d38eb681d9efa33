"""Runs the notebooks and stores them with what they show, so that a code host shows it too.

    python notebooks/store_outputs.py               # those whose code has changed
    python notebooks/store_outputs.py quickstart    # these

They run without data sets, so that whoever has this repository sees the same. Pictures are stored
as PNG or JPEG, whichever is smaller. The notebook's metadata say of which code the outputs are: the
tests compare.
"""

import base64
import hashlib
import io
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parent
LIMIT = 300 * 1024  # bytes of a notebook
QUALITY = 85  # of JPEG
# What another machine or another run would show otherwise.
ROOTS = "home|root|tmp|var|opt|usr|work|Users|mnt"
FOREIGN = re.compile(rf"(?<![\w.])/(?:{ROOTS})\b|\bat 0x[0-9a-f]+")


def code_of(notebook: NotebookNode) -> str:
    """Hash of the code cells."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(cells).encode()).hexdigest()


def stored_code(notebook: NotebookNode) -> str | None:
    """Hash of the code that the stored outputs are of."""
    return notebook.metadata.get("deblurkit", {}).get("code")


def run(notebook: NotebookNode) -> None:
    """Execute all cells in an empty folder."""
    metadata = notebook.metadata.copy()
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources)
        client.record_timing = False
        client.execute()
        for output in outputs_of(notebook):
            if "text" in output:
                output.text = output.text.replace(f"{folder}/", "")
    notebook.metadata = metadata | {"deblurkit": {"code": code_of(notebook)}}


def outputs_of(notebook: NotebookNode) -> list[NotebookNode]:
    """What all cells show."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def shrink(output: NotebookNode) -> None:
    """Keep a picture alone, as PNG or JPEG, whichever is smaller; of other outputs their text."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
        png, jpeg = io.BytesIO(), io.BytesIO()
        picture.save(png, "PNG", optimize=True)
        picture.save(jpeg, "JPEG", quality=QUALITY, optimize=True, subsampling=0)
        kind, smaller = min(("png", png), ("jpeg", jpeg), key=lambda pair: len(pair[1].getvalue()))
        output.data = NotebookNode({f"image/{kind}": base64.b64encode(smaller.getvalue()).decode()})
    elif data:
        output.data = NotebookNode({"text/plain": data["text/plain"]})


def complaints(notebook: NotebookNode) -> list[str]:
    """Why a notebook cannot be stored as it is."""
    outputs = outputs_of(notebook)
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    said = [output.text for output in outputs if output.get("name") == "stderr"]
    found = [f"it complains: {text}" for text in said]
    found += [f"it names what is of this machine: {text}" for text in texts if FOREIGN.search(text)]
    size = len(nbformat.writes(notebook).encode())
    return found + ([f"it has {size:,} bytes, at most {LIMIT:,}"] if size > LIMIT else [])


def main(names: list[str]) -> int:
    """Store the notebooks of these names, or all whose code has changed; 1 if one cannot be."""
    os.environ.pop("DEBLURKIT_TEST_DATA", None)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    refused = 0
    for file in sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        if file.stem not in names and (names or stored_code(notebook) == code_of(notebook)):
            continue
        run(notebook)
        for output in outputs_of(notebook):
            shrink(output)
        if reasons := complaints(notebook):
            print(f"{file.name} is not stored: {'; '.join(reasons)}")
            refused = 1
        else:
            nbformat.write(notebook, file)
            print(f"{file.name}: {file.stat().st_size:,} bytes")
    return refused


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
