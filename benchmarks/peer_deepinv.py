"""deepinv's side of ``peers.py``; it runs in an environment of its own, without deblurkit."""

import sys
from pathlib import Path
from typing import Any

import deepinv
import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))

from peer_worker import serve

GENERATOR = deepinv.physics.generator.MotionBlurGenerator(
    (31, 31), rng=torch.Generator().manual_seed(0)
)


def kernels(order: dict[str, Any]) -> int:
    return len(GENERATOR.step(order["batch"])["filter"])


def filtered(blurred: Tensor, kernel: Tensor, gamma: float) -> Tensor:
    """Wiener's filter as deepinv's own example of Liu and Jia's padding has it."""
    height, width = blurred.shape[-2:]
    padding = (height // 4, width // 4)
    padded = deepinv.physics.functional.liu_jia_pad(blurred, padding=padding)
    rows, columns = ((padded.shape[-2] - height) // 2, (padded.shape[-1] - width) // 2)
    physics = deepinv.physics.BlurFFT(filter=kernel, img_size=padded.shape[1:])
    restored = physics.prox_l2(y=padded, z=0, gamma=gamma).clip(0, 1)
    return restored[..., rows:-rows, columns:-columns]


def wiener(order: dict[str, Any]) -> int:
    pictures = np.load(order["pictures"])
    names = [name for name in pictures.files if name.startswith("blurred")]
    restored = {
        name: filtered(
            torch.from_numpy(pictures[name]),
            torch.from_numpy(pictures[name.replace("blurred", "kernel")]),
            order["gamma"],
        ).numpy()
        for name in names
    }
    if order.get("target"):
        np.savez(order["target"], **restored)
    return len(names)


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve({"kernels": kernels, "wiener": wiener})
