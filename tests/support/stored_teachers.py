"""What tests of methods with a teacher share: weights on the disk for it."""

from pathlib import Path

from fingerprint import fill

import deblurkit


def stored_teacher(folder: Path) -> Path:
    """Weights of a small network method whose layers are known by their names."""
    path = folder / "g.safetensors"
    method = deblurkit.build("dmphn", "hierarchies.channels=4")
    fill(method)
    deblurkit.save_weights(method, path)
    return path
