"""Writes ``files.tar.xz``: what commit d0eeb5d stored, of every model and of two runs.

It ran once, in a checkout of that commit with its tests' helpers, and is kept to say how the files
came to be; later code writes other names into them.

    git worktree add old d0eeb5d
    cd old && PYTHONPATH=src:tests python <this file> <its folder>

Weights are a formula's, in steps of 1/64: they compress well, and equal tensors are stored once.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from lightning.pytorch import Trainer
from methods.blind import scene
from omegaconf import OmegaConf
from running import tiny
from torch import Tensor, nn

import deblurkit
from deblurkit.config import build_recipe, plain
from deblurkit.errors import InputError
from deblurkit.imaging.files import as_pixels, write_image
from deblurkit.methods.network import NetworkMethod
from deblurkit.methods.solver import SolverMethod

LEFT_OUT = {".log", ".hydra", "record.json", "lightning_logs"}
SIZES = {"dmphn": {"hierarchies": {"channels": 2}}}
RUNS = {
    "nafnet": (
        "model=nafnet",
        "model.backbone.channels=4",
        "model.backbone.encoder_blocks=[1,1]",
        "model.backbone.decoder_blocks=[1,1]",
        "callbacks=[default,ema]",
        "data.batches_per_epoch=3",
        "data.batch_size=2",
        "data.crop=32",
        "data.test=null",
        "trainer.limit_val_batches=1",
    ),
    "selfdeblur": (
        "model=selfdeblur",
        "model.priors.picture.channels=4",
        "model.priors.picture.skipped=2",
        "model.priors.picture.scales=2",
        "model.priors.kernel.hidden=8",
        "model.priors.stopping.iterations=6",
        "data=scenes",
    ),
}
SCENES = """\
_target_: deblurkit.data.pictures.PictureListDataModule
source:
  _target_: deblurkit.data.folders.FolderPairs
  root: pictures
  blurred: blurred
  sharp: sharp
kernel_size: 5
iterations_per_epoch: 2
"""


def small(key: str) -> dict[str, Any]:
    """The recipe of a model as small as it gets; frozen helpers stay as they are."""
    model = deblurkit.compose(f"model={key}").model
    node: dict[str, Any] = plain(tiny(model))
    if "content" in node:
        node["content"] = plain(model.content)
    if key.startswith("dmphn"):
        node = plain(OmegaConf.merge(node, SIZES["dmphn"]))
    return node


def fill(module: nn.Module) -> None:
    """Give every tensor values that depend on its name and shape alone."""
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            word = f"{name.rpartition('.')[2]} {tuple(tensor.shape)}"
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:6], "big")
            drawn = torch.rand(tensor.shape, generator=torch.Generator().manual_seed(seed))
            scale = 1.0 if tensor.ndim < 2 else 0.25
            tensor.copy_(((drawn - 0.5) * scale * 64).round() / 64)
            if "var" in name or "norm" in name:
                tensor.abs_().add_(0.5)


def picture() -> Tensor:
    """Waves, 48 x 64."""
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    waves = [torch.sin(x / period + y / (period + 3)) for period in (4.0, 5.0, 7.0)]
    return (torch.stack(waves)[None] + 1) / 2


def answer(method: Any) -> list[float] | None:
    """Mean and spread of what a method answers; none where it optimises or wants more."""
    iterates = isinstance(method, SolverMethod) and "pictures" in method.needs
    if iterates or not (isinstance(method, NetworkMethod) or not method.takes):
        return None
    restored = method.restore(picture())
    return [restored.mean().item(), restored.std().item()]


def main() -> None:
    target = Path(sys.argv[1])
    answers = {}
    with TemporaryDirectory(prefix="former_") as name:
        folder = Path(name)
        for key in deblurkit.available_methods():
            recipe = small(key)
            try:
                method = build_recipe(recipe)
            except InputError as error:
                print(f"{key}: left out, {error}")
                continue
            fill(method)
            method.eval()
            answers[key] = answer(method)
            deblurkit.save_weights(method, folder / f"{key}.safetensors")
            trainer = Trainer(
                accelerator="cpu", logger=False, default_root_dir=name, enable_progress_bar=False
            )
            trainer.strategy.connect(method)
            trainer.save_checkpoint(folder / f"{key}.ckpt")
        (folder / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
        write_runs(folder)
        with tarfile.open(target / "files.tar.xz", "w:xz", preset=9) as archive:
            for file in sorted(folder.rglob("*")):
                place = file.relative_to(folder)
                if file.is_file() and not (LEFT_OUT & {*place.parts, file.suffix}):
                    archive.add(file, str(place), filter=anonymous)


def write_runs(folder: Path) -> None:
    """Two epochs of a network and of a method that optimises each picture, in run folders."""
    configs = folder / "configs" / "data"
    configs.mkdir(parents=True)
    (configs / "scenes.yaml").write_text(SCENES)
    for name, (height, width) in {"first": (24, 33), "second": (30, 21)}.items():
        sharp, blurred, _ = scene(height, width)
        write_image(folder / "pictures" / "sharp" / f"{name}.png", as_pixels(sharp))
        write_image(folder / "pictures" / "blurred" / f"{name}.png", as_pixels(blurred))
    for name, overrides in RUNS.items():
        command = [sys.executable, "-m", "deblurkit.cli.train", "--config-dir", "configs"]
        shared = ["trainer.enable_progress_bar=false", "trainer.max_epochs=2"]
        shared += ["callbacks.pictures=null", "test=false", f"hydra.run.dir=run_{name}"]
        subprocess.run([*command, *shared, *overrides], cwd=folder, check=True)
    shutil.rmtree(folder / "configs")


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member without owner and time."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main()
