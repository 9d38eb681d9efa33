"""What a run folder says about how it came to be."""

import json
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

import deblurkit
from deblurkit.storage import as_json, replacing

PACKAGES = (
    "torch",
    "lightning",
    "hydra-core",
    "omegaconf",
    "torchmetrics",
    "kornia",
    "albumentations",
    "numpy",
    "scikit-image",
)
CONFIG = "config.yaml"


def write_record(
    cfg: DictConfig,
    folder: Path,
    *,
    origin: dict[str, Any] | None = None,
    computed: str | None = None,
) -> None:
    """Write config, command, versions, revision and seed into a run folder.

    Args:
        cfg: Of the run.
        folder: Of the run.
        origin: Where the weights come from, if they were published by others.
        computed: In what precision and layout a network restores, if one does.
    """
    with replacing(folder / CONFIG) as stream:
        stream.write(OmegaConf.to_yaml(cfg, resolve=False).encode())
    facts = {
        "command": shlex.join(sys.argv),
        "seed": cfg.seed,
        "deblurkit": deblurkit.__version__,
        "revision": revision(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": versions(),
        "devices": devices(),
        "origin": origin,
        "computed": computed,
    }
    history = folder / "record.json"
    runs = json.loads(history.read_text("utf-8")) if history.is_file() else []
    with replacing(history) as stream:  # a resumed run adds to the list
        stream.write(as_json([*runs, facts]))


def versions() -> dict[str, str]:
    """Versions of what numbers depend on."""
    import cv2  # says it itself: several packages install it, under names of their own

    numbers = {"opencv": str(cv2.__version__)}
    for package in PACKAGES:
        try:
            numbers[package] = version(package)
        except PackageNotFoundError:
            numbers[package] = "not installed as a package"
    return numbers


def revision() -> str | None:
    """Git revision of the checkout that runs, with a mark if it has changes."""
    command = ["git", "-C", str(Path(__file__).parents[1]), "describe", "--always", "--dirty"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def devices() -> dict[str, Any]:
    """Accelerators and threads."""
    import torch

    cuda = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"cuda": cuda, "threads": torch.get_num_threads()}
