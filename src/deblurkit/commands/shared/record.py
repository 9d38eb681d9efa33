"""What a run folder says about how it came to be."""

import json
import logging
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped,unused-ignore]

import deblurkit
from deblurkit.commands.shared.names import listed
from deblurkit.errors import InputError
from deblurkit.storage import as_json, replacing, set_aside
from deblurkit.weights.files import OF_A_RUN

log = logging.getLogger(__name__)

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
CONFIG, RECORD = "config.yaml", "record.json"
BASE = frozenset({"seed", "trust", "paths"})  # what the config of every command has


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

    Raises:
        InputError: If files of these names that are none of ours would be lost.
    """
    history = folder / RECORD
    runs = earlier_runs(history)
    require_own_config(folder / CONFIG)
    with replacing(folder / CONFIG) as stream:
        stream.write(as_text(cfg))
    facts = {
        "command": command(),
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
    with replacing(history) as stream:  # a resumed run adds to the list
        stream.write(as_json([*runs, facts]))


def keep_earlier(cfg: DictConfig, folder: Path, names: Sequence[str]) -> None:
    """Rename what another run left in a folder, so that nothing of it is written over.

    A run of the same config replaces what it wrote before.

    Args:
        cfg: Of the run that is about to write.
        folder: Of the run.
        names: Of the files that it writes, beside its config.

    Raises:
        InputError: If it is the folder of a training, which would lose its config.
    """
    if any((folder / name).is_file() for name in OF_A_RUN):
        raise InputError(
            f"{folder} is the folder of a training and stays as it is: choose another one, "
            "hydra.run.dir=<folder>"
        )
    config = folder / CONFIG
    if not (config.is_file() and config.read_bytes() == as_text(cfg)):
        set_aside_all(folder, [CONFIG, *names])


def set_aside_all(folder: Path, names: Iterable[str]) -> None:
    """Rename those files and folders of another run that are there, and say so.

    Raises:
        InputError: If they are none of a run.
    """
    require_own_config(folder / CONFIG)
    earlier = [name for name in names if (folder / name).exists()]
    for name in earlier:
        set_aside(folder / name, ".earlier")
    if earlier:
        several = listed(earlier)
        log.warning(
            "%s held another run; what it left was renamed to *.earlier: %s", folder, several
        )


def as_text(cfg: DictConfig) -> bytes:
    """A config as a run folder keeps it."""
    return OmegaConf.to_yaml(cfg, resolve=False).encode()


def command() -> str:
    """What was typed, with the program's name instead of its place."""
    words = sys.orig_argv[1:]
    if not words:
        return "python"
    if words[0].startswith("-"):
        return shlex.join(["python", *words])
    return shlex.join([Path(words[0]).name, *words[1:]])


def earlier_runs(history: Path) -> list[Any]:
    """What a record holds; nothing where there is none.

    Raises:
        InputError: If it is none.
    """
    if not history.exists():
        return []
    try:
        runs = json.loads(history.read_text("utf-8"))
    except (OSError, ValueError):
        runs = None
    if isinstance(runs, list) and all(isinstance(run, dict) and "deblurkit" in run for run in runs):
        return runs
    raise InputError(f"{history} is no record of deblurkit and stays: choose another folder")


def require_own_config(file: Path) -> None:
    """Refuse to write over a config that no command has written.

    Raises:
        InputError: With what to do.
    """
    try:
        config = OmegaConf.load(file) if file.exists() else None
        own = config is None or (isinstance(config, DictConfig) and config.keys() >= BASE)
    except (OSError, ValueError, YAMLError, OmegaConfBaseException):
        own = False
    if not own:
        raise InputError(f"{file} is no config of deblurkit and stays: choose another folder")


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
