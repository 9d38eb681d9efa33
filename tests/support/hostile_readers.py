"""Hands every hostile file to everything that reads files, in a process of its own."""

import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from hostile_checkpoints import FILES, RECIPE, archive, complete, described, row
from pickle_gadgets import gadgets, helpers, inside

import deblurkit
from deblurkit.commands.convert.published_files import content
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO
from deblurkit.errors import InputError

TRUST = ["toys"]
EVALUATION = deblurkit.compose("trust=[toys]", config="eval")


def evaluated(path: Path) -> Any:
    """What ``deblurkit-eval`` does with a file."""
    EVALUATION.weights = str(path)
    return evaluate(EVALUATION)


READERS: dict[str, Callable[[Path], Any]] = {
    "load": lambda path: deblurkit.load(path, trust=TRUST),
    "eval": evaluated,
    "resume": AtomicCheckpointIO().load_checkpoint,
    "convert": content,
}


def layouts(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Every gadget in every kind of file, and where."""
    for name, gadget in gadgets():
        (folder / "alone.ckpt").write_bytes(gadget)
        yield name, "alone", folder / "alone.ckpt"
        body = inside(gadget, lambda here: {"state_dict": {"weight": here}})
        yield name, "archive", archive(folder / "archive.ckpt", body)
        yield name, "row", row(folder / "row.pth", body)
        body = inside(gadget, of_lightning)
        yield name, "lightning", archive(folder / "lightning.ckpt", body)


def of_lightning(here: Any) -> dict[str, Any]:
    """A checkpoint of a Trainer, with something among its hyperparameters."""
    made = {"pytorch-lightning_version": "2.6.6", "epoch": 1, "global_step": 6, "loops": {}}
    return described(RECIPE) | {"state_dict": {}, **made, "hyper_parameters": {"network": here}}


def measured(read: Callable[[Path], Any], path: Path) -> dict[str, Any]:
    """What reading a file said, took in seconds of this process, and added to its peak, bytes."""
    before, start = peak(), time.process_time()
    try:
        read(path)
        kind, said = "nothing", ""
    except InputError as error:
        kind, said = "InputError", str(error)
    except Exception as error:
        kind, said = type(error).__name__, str(error)
    return {
        "kind": kind,
        "said": said,
        "seconds": time.process_time() - start,
        "growth": peak() - before,
        "canary": any(Path().glob("canary*")),
    }


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Print one JSON line per reading."""
    torch.set_num_threads(1)
    folder = Path.cwd()
    helpers(folder)
    torch.save(complete(), folder / "good.ckpt")
    READERS["load"](folder / "good.ckpt")  # what is imported at first use is not counted
    for name, layout, path in layouts(folder):
        for reader, read in READERS.items():
            print(json.dumps({"name": name, "in": layout, "by": reader, **measured(read, path)}))
    for number, (name, (write, words)) in enumerate(FILES.items()):
        path = write(folder / f"file_{number}.ckpt")
        found = measured(READERS["load"], path)
        print(json.dumps({"name": name, "in": "file", "by": "load", "words": words, **found}))
        path.unlink()


if __name__ == "__main__":
    main()
