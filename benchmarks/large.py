"""Time and memory of one very large picture, from file to file, in a process of its own.

The command's own function restores a square picture of noise with a small DeepDeblur of one scale
(4 feature maps, one residual pair); weights are random, for only time and memory are measured. By
default 10,000 x 10,000 pixels of 8 and of 16 bits, which takes minutes, with a bound of 4 GiB on
the process's peak.

    python benchmarks/large.py --side 10000 --output docs/results/large/results.json
"""

import argparse
import json
import logging
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from timing import in_a_process

import deblurkit
from deblurkit.checkpoint import save_weights
from deblurkit.storage import replacing
from deblurkit.training.restore_files import restore_files

BOUND = 4 * 2**30  # bytes
SMALL = ("channels=4", "blocks=1", "scales=1", "kernel=3")


def write_noise(path: Path, side: int, bits: int) -> None:
    """A picture that no compression helps with."""
    dtype = np.uint8 if bits == 8 else np.uint16
    top = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(0).integers(0, top, (side, side, 3), dtype=dtype)
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])


def measured(folder: str, bits: int) -> dict[str, float]:
    """Of the whole command in this fresh process."""
    torch.set_num_threads(1)
    logging.basicConfig(level="INFO")
    cfg = deblurkit.compose(
        *(f"inputs=[{folder}/{bits}.png]", f"output={folder}/restored_{bits}"),
        *(f"weights={folder}/small.safetensors", f"paths.run={folder}"),
        "trainer.enable_progress_bar=false",
        config="deblur",
    )
    began, used = time.perf_counter(), time.process_time()
    if restore_files(cfg):
        raise RuntimeError("the picture was not restored")
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if peak > BOUND:
        raise RuntimeError(f"{peak / 2**30:.2f} GiB are more than {BOUND / 2**30:.0f}")
    return {
        "wall_seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - used,
        "peak_gib": peak / 2**30,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=10_000, help="pixels")
    parser.add_argument("--output", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case is not None:
        print(json.dumps(measured(*given.case)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        small = deblurkit.build("deepdeblur", *(f"generator.{size}" for size in SMALL))
        save_weights(small, Path(folder) / "small.safetensors")
        for bits in (8, 16):
            write_noise(Path(folder) / f"{bits}.png", given.side, bits)
            rows.append(
                {"side": given.side, "bits": bits, **in_a_process(__file__, (folder, bits))}
            )
            print(json.dumps(rows[-1]), flush=True)
    if given.output is not None:
        with replacing(given.output) as file:
            file.write((json.dumps(rows, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
