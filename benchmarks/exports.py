"""Exports every network at a tiny size and writes what became of it: ``docs/exports.yaml``.

``python benchmarks/exports.py`` tries all of tests/tiny, ``python benchmarks/exports.py maxim srn``
some of them and keeps the other entries. ``make tables`` makes the table of docs/export.md of it.
The weights are drawn, so that all parts of a network do something.
"""

import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

# ruff: noqa: E402
from running import KEYS, needs_timm, smallest

from deblurkit.config import build_recipe, plain
from deblurkit.errors import InputError
from deblurkit.exporting.onnx_files import onnx_model
from deblurkit.exporting.programs import exported_program
from deblurkit.exporting.proof import Difference, compared, sizes
from deblurkit.exporting.runtimes import ONNXRuntime, OpenVINO, Runtime
from deblurkit.exporting.torch_files import loaded, saved
from deblurkit.methods.frame.network import NetworkMethod

STORED = ROOT / "docs" / "exports.yaml"
OPSET = 20


def main() -> None:
    for key in sys.argv[1:] or KEYS:
        if (said := outcome(key)) is not None:
            stored = yaml.safe_load(STORED.read_text()) if STORED.is_file() else {}
            stored[key] = said
            print(key, said, flush=True)
            STORED.write_text(yaml.safe_dump(dict(sorted(stored.items()))))


def outcome(key: str) -> dict[str, Any] | None:
    """Largest difference from the library by kind of file, or what stands in the way."""
    model = plain(smallest(key))
    if reason := needs_timm(smallest(key)):
        return {"not tried": reason.split(":")[0]}
    method = build_recipe(model, trust=["toys"])
    if not isinstance(method, NetworkMethod):
        return None
    torch.manual_seed(0)
    for parameter in method.network.parameters():
        nn.init.normal_(parameter, std=0.1)
    try:
        program = exported_program(method.eval(), size=sizes(method)["traced"])
        module = loaded(saved(program, {})).module()
    except InputError as error:
        return {"torch": str(error)}
    said: dict[str, Any] = {"torch": worst(method, module)}
    try:
        content = onnx_model(program, opset=OPSET, name=key).SerializeToString()
    except InputError as error:
        return said | {"onnx": str(error)}
    said["onnx"] = run_by(ONNXRuntime, content, method)
    said["openvino"] = run_by(OpenVINO, content, method)
    return said


def run_by(kind: type[Runtime], content: bytes, method: NetworkMethod) -> float | str:
    try:
        runtime = kind(content)
    except Exception as error:  # of any kind
        return " ".join(str(error).split())[:200]
    return worst(method, lambda picture: torch.from_numpy(runtime(picture.numpy())))


def worst(method: NetworkMethod, restore: Any) -> float | str:
    try:
        differences: list[Difference] = compared(restore, method, graph="the file")
    except InputError as error:
        return str(error).removesuffix("; nothing is written")
    return float(f"{max(each.error for each in differences):.1g}")


if __name__ == "__main__":
    main()
