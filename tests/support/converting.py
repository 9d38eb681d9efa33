"""Files of foreign weights, and the convert command's own function on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from deblurkit.checkpoint import load
from deblurkit.commands.convert.convert import convert
from deblurkit.config import compose
from deblurkit.methods.frame.base import RestorationMethod


def write(files: Mapping[str, Any], folder: Path) -> Path:
    """A folder with what ``torch.save`` makes of each content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        torch.save(content, folder / name)
    return folder


def converted(*overrides: str, folder: Path) -> RestorationMethod:
    """What is loaded from the file that the command wrote into a folder."""
    output = folder / "converted.safetensors"
    convert(compose(*overrides, f"output='{output}'", config="convert"))
    return load(output)
