"""Time and memory of one very large picture, from file to file, in a process of its own.

The command's own function restores a picture of noise, with random weights, for only time and
memory are measured: ``small`` is a DeepDeblur of one scale (4 feature maps, one residual pair) on
10,000 x 10,000 pixels of 8 and of 16 bits, with a bound of 4 GiB on the process's peak, which takes
minutes; ``dclnet`` is DCLNet as the paper has it on a camera's 4000 x 3000, which takes two thirds
of an hour of a core.

    python benchmarks/large.py small --output docs/results/large/small.json
    python benchmarks/large.py dclnet --output docs/results/large/dclnet.json
"""

import argparse
import json
import logging
import math
import resource
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from timing import in_a_process

import deblurkit
from deblurkit.checkpoint import save_weights
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.storage import replacing


class Case(NamedTuple):
    """A method and its pictures; the bound is in GiB."""

    model: str
    sizes: tuple[str, ...]
    width: int
    height: int
    depths: tuple[int, ...]
    bound: float


SMALL = tuple(f"generator.{size}" for size in ("channels=4", "blocks=1", "scales=1", "kernel=3"))
CASES = {
    "small": Case("deepdeblur", SMALL, 10_000, 10_000, (8, 16), 4),
    "dclnet": Case("dclnet", (), 4000, 3000, (8,), math.inf),
}


def write_noise(path: Path, bits: int, *, width: int, height: int) -> None:
    """A picture that no compression helps with."""
    dtype = np.uint8 if bits == 8 else np.uint16
    top = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(0).integers(0, top, (height, width, 3), dtype=dtype)
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])


def measured(folder: str, bits: int, bound: float) -> dict[str, float]:
    """Of the whole command in this fresh process."""
    torch.set_num_threads(1)
    logging.basicConfig(level="INFO")
    cfg = deblurkit.compose(
        *(f"inputs=[{folder}/{bits}.png]", f"output={folder}/restored_{bits}"),
        *(f"weights={folder}/random.safetensors", f"paths.run={folder}"),
        "trainer.enable_progress_bar=false",
        config="deblur",
    )
    began, used = time.perf_counter(), time.process_time()
    if restore_files(cfg):
        raise RuntimeError("the picture was not restored")
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if peak > bound * 2**30:
        raise RuntimeError(f"{peak / 2**30:.2f} GiB are more than {bound}")
    return {
        "wall_seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - used,
        "peak_gib": peak / 2**30,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=CASES, nargs="?", default="small")
    parser.add_argument("--width", type=int, help="pixels, in place of the case's own")
    parser.add_argument("--height", type=int)
    parser.add_argument("--output", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--case", dest="inside", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        print(json.dumps(measured(*given.inside)))
        return
    case = CASES[given.case]
    size = {"width": given.width or case.width, "height": given.height or case.height}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        method = deblurkit.build(case.model, *case.sizes)
        save_weights(method, Path(folder) / "random.safetensors")
        for bits in case.depths:
            write_noise(Path(folder) / f"{bits}.png", bits, **size)
            figures = in_a_process(__file__, (folder, bits, case.bound))
            rows.append({"model": case.model, **size, "bits": bits, **figures})
            print(json.dumps(rows[-1]), flush=True)
    if given.output is not None:
        with replacing(given.output) as file:
            file.write((json.dumps(rows, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
