"""Runs of the train command's own function on small data, for tests of whatever it does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
import torch
from forking import code_of, started
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf, open_dict

import deblurkit
from deblurkit.commands.shared.checkpoint_io import AtomicCheckpointIO
from deblurkit.commands.train.run import resume_checkpoint, train
from deblurkit.config import conf_dir, plain

TINY = Path(__file__).parents[1] / "tiny"
KEYS = sorted(file.stem for file in TINY.glob("*.yaml"))
FLOAT32 = "trainer.precision=32-true"  # bits are compared, on every processor
SMALL = (
    FLOAT32,
    "trainer.enable_progress_bar=false",
    "trainer.log_every_n_steps=1",
    "trainer.max_epochs=2",
    "data.batches_per_epoch=3",
    "data.batch_size=2",
    "data.crop=32",
    "data.test=null",
    "callbacks.pictures=null",
    "trust=[toys]",
)
# Of the size of the crops: what is compiled is compiled anew for every other one, and validations
# of whole photographs take more time than the training.
SMALL_PHOTOGRAPHS = {
    "_target_": "toys.SmallPhotographs",
    "names": ["rocket", "immunohistochemistry"],
}
OURS = "data=photos"  # the configs whose validation pictures are our own photographs
VALIDATED = "data.val={_target_:toys.SmallPhotographs,names:[rocket,immunohistochemistry]}"
NETWORK = {"_target_": "toys.Network"}
COSINE = {"_target_": "deblurkit.methods.frame.schedules.warmup_cosine", "_partial_": True}
DIRECT = {"_target_": "toys.Direct", "restoring": NETWORK, "lr": 1e-2, "scheduler": COSINE}
DUEL = {
    "_target_": "toys.Duel",
    "generator": NETWORK,
    "critic": NETWORK,
    "schedulers": {"generator": COSINE},
}
PER_PICTURE = {"_target_": "toys.PerPicture", "iterations": 4}
LIST_OF_PICTURES = {
    "_target_": "deblurkit.data.pictures.PictureListDataModule",
    "source": {"_target_": "deblurkit.data.sources.photos.Photos", "names": ["chelsea", "rocket"]},
    "kernel_size": 0,
    "iterations_per_epoch": 3,
    "evaluation_synthesis": {
        "_target_": "deblurkit.data.blur.synthesis.BlurSynthesis",
        "family": {"_target_": "deblurkit.data.blur.shapes.Line", "size": 9, "length": [3, 8]},
        "seed": 1,
        "block": 1,
    },
}


def parts(node: Any, path: str = "") -> list[tuple[str, str]]:
    """What a model is made of: every class and where it stands."""
    if not isinstance(node, dict):
        return []
    found = [(path, node["_target_"])] if "_target_" in node else []
    return found + [part for key in sorted(node) for part in parts(node[key], f"{path}.{key}")]


def kind_of(key: str) -> type:
    """The class of a model; nothing is composed for it, since all of them are asked at once."""
    node = OmegaConf.load(conf_dir() / "model" / f"{key}.yaml")
    return get_class(node._target_) if "_target_" in node else kind_of(node.defaults[0])


@cache
def composed(key: str) -> DictConfig:
    """The model of a config; not to be changed."""
    model = deblurkit.compose(f"model={key}", config="convert").model
    OmegaConf.set_readonly(model, True)
    return model


@cache
def tiny_sizes() -> dict[str, DictConfig]:
    """The overrides of tests/tiny that make a model small, by what the model is made of."""
    return {str(parts(plain(composed(key)))): OmegaConf.load(TINY / f"{key}.yaml") for key in KEYS}


def tiny(model: DictConfig) -> DictConfig:
    """A model as small as it gets, if anybody said how."""
    sizes = tiny_sizes().get(str(parts(plain(model))))
    return model if sizes is None else OmegaConf.merge(model, sizes)


def smallest(key: str) -> DictConfig:
    """A model of tests/tiny as small as it gets."""
    return OmegaConf.merge(composed(key), OmegaConf.load(TINY / f"{key}.yaml"))


def needs_timm(model: Any) -> str:
    """Why a model cannot be built here, since not every torch suits timm; else an empty text."""
    if "timm" in str(parts(plain(model))):
        try:
            import timm  # noqa: F401
        except Exception as error:
            return f"this model needs timm: {type(error).__name__}, {error}"
    return ""


def skip_without_timm(model: Any) -> None:
    """End a test of a model that cannot be built here."""
    if reason := needs_timm(model):
        pytest.skip(reason)


def config(
    folder: Path, *overrides: str, model: dict[str, Any] | None = None, data: Any = None
) -> DictConfig:
    """A small run in a folder, of a toy or of what the overrides choose."""
    cfg = deblurkit.compose(*with_sizes(overrides), f"paths.run={folder}")
    with open_dict(cfg):
        if model is not None:
            cfg.model = OmegaConf.create(model)
        if data is not None:
            cfg.data = OmegaConf.create(data)
    return cfg


@contextmanager
def every_checkpoint(run_folder: Path, copies: Path) -> Iterator[list[Path]]:
    """Keep a copy of the whole run folder at each checkpoint that is written, in order."""
    kept: list[Path] = []
    save = AtomicCheckpointIO.save_checkpoint

    def save_and_copy(self: AtomicCheckpointIO, checkpoint: Any, path: Any, **options: Any) -> None:
        save(self, checkpoint, path, **options)
        kept.append(copies / f"{len(kept):03d}_{Path(path).stem}")
        shutil.copytree(run_folder, kept[-1])

    with patch.object(AtomicCheckpointIO, "save_checkpoint", save_and_copy):
        yield kept


def command_line(command: str, *arguments: str, folder: Path, code: int = 0) -> str:
    """Run a command as a user does, small where it trains; what it printed on both streams.

    It is a process of its own, but not one that imports torch anew, see ``forking``.
    """
    with TemporaryDirectory() as beside:
        output = Path(beside) / "output"
        process = started(
            f"deblurkit.cli.{command}",
            complete(command, arguments),
            folder=folder,
            environment=surroundings(),
            output=output,
        )
        returned = code_of(process, timeout=540)
        printed = output.read_text(encoding="utf-8", errors="backslashreplace")
    assert returned == code, printed
    return printed


def begun_anew(command: str, *arguments: str, folder: Path, code: int = 0) -> str:
    """The same, in an interpreter that starts from nothing: where its start is what is tested."""
    given = complete(command, arguments)
    done = subprocess.run(
        [sys.executable, "-m", f"deblurkit.cli.{command}", *given],
        cwd=folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    return printed


def complete(command: str, arguments: Sequence[str]) -> Sequence[str]:
    """Arguments of a command, with those that make a training small where one is begun."""
    resumed = any("resume" in argument for argument in arguments)
    return with_sizes(arguments) if command == "train" and not resumed else arguments


def with_sizes(arguments: Sequence[str]) -> list[str]:
    """Arguments of a training, with those before them that make it small.

    Validation pictures are small where those of our own photographs would be taken.
    """
    data = [argument for argument in arguments if argument.startswith(("data", "experiment="))]
    ours = all(argument.startswith(OURS) for argument in data if not argument.startswith("data."))
    valued = any(argument.startswith("data.val") for argument in data)
    return [*SMALL, *([VALIDATED] if ours and not valued else []), *arguments]


def surroundings() -> dict[str, str]:
    """The environment of commands: what the tests hold can be imported, one thread."""
    path = filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH")))
    return os.environ | {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}


def run(cfg: DictConfig) -> dict[str, Any]:
    """Train; what the run's newest checkpoint holds."""
    train(cfg)
    return torch.load(resume_checkpoint(Path(cfg.paths.run)), weights_only=True)


def differing(one: Any, other: Any, path: str = "") -> list[str]:
    """Places where two nested containers of tensors and plain values differ in any bit.

    Passed over are Python's own generator, from which the shape checks of the tests draw, the
    score of the last validation, which a resumed ModelCheckpoint does not need, and the seconds
    that a solver has taken.
    """
    if path.endswith(("/python", "/current_score", ".seconds")):
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        wrong = [f"{path}/{key}" for key in one.keys() ^ other.keys()]
        for key in one.keys() & other.keys():
            wrong += differing(one[key], other[key], f"{path}/{key}")
        return wrong
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return [path]
        pairs = enumerate(zip(one, other, strict=True))
        return [w for i, (a, b) in pairs for w in differing(a, b, f"{path}/{i}")]
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if torch.equal(one, other) else [path]
    return [] if one == other else [path]
