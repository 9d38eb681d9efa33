"""What the best checkpoint is chosen by: there before the first step, followed the right way."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict
from running import DIRECT, config, run
from toys import Direct

from deblurkit.commands.train.monitor import with_directions
from deblurkit.commands.train.run import train
from deblurkit.config import build, compose
from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.metrics.parts.protocol import Protocol, Score

EARLY = "callbacks=[default,early_stopping]"


class Distance(Protocol):
    """As a learned distance: lower is better."""

    higher_is_better = False
    scores = ("lpips",)

    def measure(self, restored: Images, sharp: Images) -> Score:
        return {"lpips": (restored - sharp).abs().mean()}


@pytest.fixture(scope="module")
def method() -> RestorationMethod:
    return build("dclnet_tiny")


def modes(method: RestorationMethod, *overrides: str, validates: bool = True) -> dict[str, Any]:
    settled, monitored = with_directions(compose(*overrides), method, validates=validates)
    nodes = {key: node for key, node in settled.callbacks.items() if node and "monitor" in node}
    return {key: node.mode for key, node in nodes.items()} | {"monitor": monitored}


@pytest.mark.parametrize(
    ("overrides", "mode"),
    [
        ((), "max"),
        (("monitor=val/psnr_gain",), "max"),
        (("protocol=[rgb8,wang]", "monitor=val/wang/psnr_gray"), "max"),
        (("protocol=[realblur_ecc]", "monitor=val/unaligned"), "min"),
        (("monitor=train/objective", "monitor_mode=min"), "min"),
        (("monitor=train/objective", "callbacks.best.mode=min", "monitor_mode=min"), "min"),
    ],
)
def test_the_direction_is_known_or_told(
    method: RestorationMethod, overrides: tuple[str, ...], mode: str
) -> None:
    assert modes(method, EARLY, *overrides) == dict.fromkeys(
        ("best", "early_stopping", "monitor"), mode
    )


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("protocol=[gray]",), r"protocol=\[gray\]: .* such as monitor=val/psnr_gray; there are"),
        (("protocol=[wang]",), r"best follows val/psnr, which is not measured.*val/psnr_gray"),
        (("monitor=val/kernel_mse",), r"follows val/kernel_mse, which is not measured"),
        (("monitor=val/ssim_infinite",), r"not measured .* monitor=val/ssim;"),
        (("callbacks.scores=null",), r"such as callbacks\.scores"),
        (
            ("monitor=train/objective",),
            r"is train/objective best if it is high .* monitor_mode=min",
        ),
        (("monitor_mode=min",), r"val/psnr is best if it is high.* set monitor_mode=max"),
        (
            ("callbacks.best.mode=min",),
            r"callbacks\.best\.mode=min would take .* set callbacks\.best\.mode=max",
        ),
        (
            ("protocol=[realblur_ecc]", "monitor=val/unaligned", "monitor_mode=max"),
            r"val/unaligned is best if it is low",
        ),
        (("monitor_mode=up",), r"monitor_mode=up: give max .* or min"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    method: RestorationMethod, overrides: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        modes(method, *overrides)


def test_without_validation_pictures_nothing_of_theirs_is_followed(
    method: RestorationMethod,
) -> None:
    assert modes(method, "callbacks.best=null", validates=False) == {"monitor": "max"}
    with pytest.raises(InputError, match=r"early_stopping follows val/psnr.* set data\.val"):
        modes(method, EARLY, "callbacks.best=null", validates=False)


@pytest.mark.parametrize("direction", ["maximize", "minimize", None])
def test_a_search_looks_for_the_best(
    method: RestorationMethod, direction: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweeper = {"direction": direction} if direction else {}
    runtime = {"output_dir": "runs", "choices": {}}
    job = OmegaConf.create({"hydra": {"sweeper": sweeper, "runtime": runtime}})
    monkeypatch.setattr(HydraConfig.instance(), "cfg", job)
    if direction == "minimize":
        with pytest.raises(InputError, match=r"add hydra\.sweeper\.direction=maximize"):
            modes(method)
        assert modes(method, "monitor=train/objective", "monitor_mode=min")["monitor"] == "min"
    else:
        assert modes(method)["monitor"] == "max"


def test_it_is_refused_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="monitor=val/psnr_gray"):
        train(config(tmp_path, "model=dclnet_tiny", "protocol=[gray]"))
    assert not list(tmp_path.iterdir())


class Worsening(Direct):
    """Restores worse after each epoch."""

    def restoration(self, batch: Any) -> Any:
        pictures = batch["blurred"] * (1 - 0.2 * self.current_epoch)
        return {"restored": pictures}


def worsening(folder: Path, *overrides: str) -> DictConfig:
    cfg = config(folder, *overrides, model={**DIRECT, "_target_": f"{__name__}.Worsening"})
    cfg.trust = ["toys", __name__]
    return cfg


def test_the_best_checkpoint_has_the_lowest_of_what_should_fall(tmp_path: Path) -> None:
    cfg = worsening(tmp_path, "monitor=val/lpips")
    with open_dict(cfg):
        cfg.protocol = {"distance": {"_target_": f"{__name__}.Distance"}}
    run(cfg)
    with (tmp_path / "metrics.csv").open() as stream:
        values = [float(row["val/lpips"]) for row in csv.DictReader(stream) if row["val/lpips"]]
    best = torch.load(tmp_path / "best.ckpt", weights_only=True)
    assert values[0] < values[1]
    assert best["epoch"] == 0


def test_a_run_that_validates_nothing_ends_well(tmp_path: Path) -> None:
    run(worsening(tmp_path, "trainer.limit_val_batches=0", "trainer.max_epochs=1"))
    assert not (tmp_path / "best.ckpt").exists()
    assert (tmp_path / "last.ckpt").exists()
