"""Every experiment of conf/experiment, two batches of it, on trees with the true layouts."""

from pathlib import Path

import pytest
import skimage.data
import torch
from omegaconf import DictConfig
from running import FLOAT32, SMALL, command_line, skip_without_timm, tiny
from running import run as trained

import deblurkit
from deblurkit.config import conf_dir
from deblurkit.imaging.formats.files import write_image

EXPERIMENTS = sorted(  # those without sharp pictures or without a network have their own tests
    file.stem
    for file in (conf_dir() / "experiment").glob("*.yaml")
    if not file.stem.startswith(("weak_", "distilled_"))
)
TWO_BATCHES = (
    # Each in the precision that a user's training would have.
    *(override for override in SMALL if override not in ("data.test=null", FLOAT32)),
    *("trainer=cpu", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=1"),
    *("data.batches_per_epoch=2", "data.workers=0"),
)
FEW_PAIRS = tuple(  # of experiments that make them before they train
    f"data.{part}.pairs.{size}"
    for part, count in (("train.paired", 4), ("val", 2), ("test", 2))
    for size in ("side=40", f"count={count}")
)
UNPAIRED = {"blurred", "sharp"}
POOLS = {  # what the rows about pictures without a partner are about
    "as_cyclegan_resnet": UNPAIRED,
    "as_cyclegan_resnetv2": UNPAIRED,
    "as_cyclegan_sft": UNPAIRED,
    "as_cyclegan_study": UNPAIRED,
    "cyclegan_gopro": UNPAIRED,
    "cyclegan_study": UNPAIRED,
    "dclnet_t1": {"paired"},
    "dclnet_t2": {"paired", "blurred"},
    "dclnet_t3": {"paired", "sharp"},
    "dclnet_t4": {"paired", "blurred", "sharp"},
}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, gopro_tree: Path) -> Path:
    """A folder of data sets as `paths.data` has it, each in small."""
    root = tmp_path_factory.mktemp("sets")
    (root / "GOPRO_Large").symlink_to(gopro_tree)
    for folder, photograph, count in (
        ("BSDS500/images/train", skimage.data.coffee(), 20),
        ("BSDS500/images/val", skimage.data.chelsea(), 2),
        ("COCO/train2017", skimage.data.coffee(), 4),
        ("COCO/val2017", skimage.data.chelsea(), 50),
    ):
        for number in range(count):
            top, left = divmod(number, 10)
            crop = photograph[45 * top : 45 * top + 96, 35 * left : 35 * left + 112]
            write_image(root / folder / f"{1000 * number + 7}.jpg", crop)
    for part, photograph in (("train", skimage.data.coffee()), ("val", skimage.data.rocket())):
        write_image(root / "free_photographs" / part / "picture.png", photograph[:96, :112])
    write_image(root / "free_photographs" / "test" / "picture.png", skimage.data.chelsea())
    for name in ("kodim01", "kodim05"):
        write_image(root / "kodak" / f"{name}.png", skimage.data.coffee()[:96, :112])
    return root


def small(experiment: str, folder: Path, data: Path) -> DictConfig:
    """The experiment itself with a network, crops and an epoch that cost nothing."""
    paths = (f"paths.run={folder}", f"paths.data={data}")
    few = FEW_PAIRS if experiment == "small" else ()
    cfg = deblurkit.compose(*TWO_BATCHES, f"experiment={experiment}", *paths, *few)
    skip_without_timm(cfg.model)
    cfg.model = tiny(cfg.model)
    return cfg


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_two_batches(experiment: str, tmp_path: Path, data: Path) -> None:
    cfg = small(experiment, tmp_path, data)
    checkpoint = trained(cfg)
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    assert progress["total"]["completed"] == 2
    assert all(value.isfinite().all() for value in checkpoint["state_dict"].values())
    for stage in ("val", "test"):
        assert (tmp_path / "scores" / f"{stage}.csv").is_file()
    method = deblurkit.load(tmp_path / "best.ckpt", trust=["toys"])
    assert method.needs == POOLS.get(experiment, {"paired"})
    assert method.restore(torch.rand(1, 3, 17, 20)).shape == (1, 3, 17, 20)


def test_gopro_as_the_manual_says(gopro_tree: Path, tmp_path: Path) -> None:
    sizes = ("backbone.channels=4", "backbone.blocks=1", "backbone.reduction=4")
    sizes += ("inverse.channels=4", "inverse.blocks=1", "inverse.reduction=4")
    sizes += ("auxiliary.channels=4", "auxiliary.blocks=1", "auxiliary.reduction=4")
    printed = command_line(
        "train",
        *("model=dclnet", "data=gopro", f"data.root={gopro_tree}", "data.variant=blur"),
        *(f"model.{size}" for size in sizes),
        "hydra.run.dir=run",
        folder=tmp_path,
    )
    assert "DCLNet: backbone " in printed
    assert "Traceback" not in printed
    for name in ("best.ckpt", "last.ckpt", "config.yaml", "record.json", "metrics.csv"):
        assert (tmp_path / "run" / name).is_file()
