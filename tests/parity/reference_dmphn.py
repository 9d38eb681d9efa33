"""Reference numbers for DMPHN and its stacks, from the authors' own code.

    git clone https://github.com/HongguangZhang/DMPHN-cvpr19-master
    git -C DMPHN-cvpr19-master checkout 9fff261
    PYTHONPATH=tests/support python tests/parity/reference_dmphn.py DMPHN-cvpr19-master

writes `dmphn.json` beside this file. Their forward stands inside the loop of each test script,
between reading a picture and writing it; those lines are run as they are. Weights are the
formula's, in the order encoder, decoder, from level 1 on, stack by stack; float64.
"""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent
from typing import Any

import torch
from fingerprint import formula_picture, formula_tensor, summary

MODELS = {  # levels and stacks of each test script
    "DMPHN_1_2_4": (3, 1),
    "DMPHN_1_2_4_8": (4, 1),
    "SDNet2": (3, 2),
    "SDNet3": (3, 3),
    "SDNet4": (3, 4),
}


def authors(checkout: Path) -> Any:
    """The module with the authors' encoder and decoder."""
    spec = spec_from_file_location("authors_models", checkout / "models.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forward_of(script: Path) -> str:
    """Lines of a test script after the clock is started and before it is stopped."""
    lines = script.read_text().expandtabs(8).splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith("start = time"))
    stop = next(i for i, line in enumerate(lines) if line.strip().startswith("stop = time"))
    return dedent("\n".join(line for line in lines[start + 1 : stop] if line.strip()))


def numbers(checkout: Path, name: str) -> dict[str, Any]:
    """Summary of the answer, and the names and shapes of the tensors."""
    theirs, (levels, stacks) = authors(checkout), MODELS[name]
    shapes: list[tuple[str, list[int]]] = []
    scope: dict[str, Any] = {"torch": torch, "encoder": {}, "decoder": {}}
    for stack in range(1, stacks + 1):
        for level in range(1, levels + 1):
            for part, made in (("encoder", theirs.Encoder), ("decoder", theirs.Decoder)):
                network = made().double()
                place = f"s{stack}_lv{level}" if stacks > 1 else f"lv{level}"
                state = {}
                for key, tensor in network.state_dict().items():
                    state[key] = formula_tensor(tensor.shape, len(shapes))
                    shapes.append((f"{part}_{place}:{key}", list(tensor.shape)))
                network.load_state_dict(state)
                scope[f"{part}_lv{level}"] = network
                scope[part].setdefault(f"s{stack}", {})[f"lv{level}"] = network
    picture = formula_picture(64, 96) - 0.5
    stack_names = [f"s{stack}" for stack in range(1, stacks + 1)]
    scope |= {"images_lv1": picture, "images": {"lv1": picture}}
    scope |= {key: {stack: {} for stack in stack_names} for key in ("feature", "residual")}
    with torch.no_grad():
        exec(forward_of(checkout / f"{name}_test.py"), scope)
    answer = scope["residual"][stack_names[-1]]["lv1"] if stacks > 1 else scope["deblur_image"]
    found = {"levels": levels, "stacks": stacks, "answer": summary(answer + 0.5)}
    return found | ({"shapes": shapes} if name == "DMPHN_1_2_4" else {})


def main(checkout: str) -> None:
    """Write the file."""
    found = {
        "source": "https://github.com/HongguangZhang/DMPHN-cvpr19-master",
        "commit": "9fff261daca8beb0cbaaa0b64df4239b5a05dd17",
        "models": {name: numbers(Path(checkout), name) for name in MODELS},
    }
    Path(__file__).with_name("dmphn.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
