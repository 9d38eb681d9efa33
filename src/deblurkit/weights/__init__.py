"""Weights by name, wherever ``weights=`` is read: of the install, or in the folder of weights."""

import os
from pathlib import Path

from deblurkit.paths import expanded

FOLDER = Path(__file__).parent
DEFAULT = "tiny"  # what deblurkit-deblur takes where nothing is chosen
VARIABLE = "DEBLURKIT_WEIGHTS"  # of the environment; ``paths.weights`` in a command's config


def shipped() -> list[str]:
    """Names of those that come with the install."""
    return sorted(file.stem for file in FOLDER.glob("*.safetensors"))


def shipped_file(name: str) -> Path | None:
    """The file behind a name of the install; a file of one's own with that name is ``./name``."""
    return FOLDER / f"{name}.safetensors" if name in shipped() else None


def kept_file(name: str) -> Path:
    """Where a file of this name would lie among one's own weights, there or not."""
    folder = expanded(os.environ.get(VARIABLE, "weights"))
    return folder / f"{name}.safetensors"


def named_file(name: str) -> Path | None:
    """The file behind a name: of the install, or in one's own folder of weights."""
    if file := shipped_file(name):
        return file
    plain = bool(name) and not {"/", "\\", "\0"} & set(name) and len(name) < 200
    return kept_file(name) if plain and kept_file(name).is_file() else None
