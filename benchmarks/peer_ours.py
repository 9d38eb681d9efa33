"""Our side of ``peers.py``."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deblurkit.config import build
from deblurkit.data.blur.trajectory import CameraShake

sys.path.insert(0, str(Path(__file__).parent))

from peer_worker import serve

SHAKE = CameraShake(size=31)
GENERATOR = torch.Generator().manual_seed(0)
METHODS: dict[tuple[str, ...], Any] = {}


def kernels(order: dict[str, Any]) -> int:
    return len(SHAKE.draw(order["batch"], GENERATOR).kernels)


def wiener(order: dict[str, Any]) -> int:
    words = tuple(order["model"])
    method = METHODS.setdefault(words, None) or build(*words)
    METHODS[words] = method
    pictures = np.load(order["pictures"])
    names = [name for name in pictures.files if name.startswith("blurred")]
    restored = {
        name: method.restore(
            torch.from_numpy(pictures[name]),
            kernel=torch.from_numpy(pictures[name.replace("blurred", "kernel")]),
        ).numpy()
        for name in names
    }
    if order.get("target"):
        np.savez(order["target"], **restored)
    return len(names)


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve({"kernels": kernels, "wiener": wiener})
