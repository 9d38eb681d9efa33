"""NAFNet's objective by hand, and its configs."""

from functools import partial

import pytest
from torch.optim import SGD
from toy_generators import Times, gray, number

from deblurkit.config import build, compose
from deblurkit.losses.squared import negative_psnr
from deblurkit.methods.nafnet import NAFNet


def test_the_objective_is_minus_the_score_in_decibels() -> None:
    method = NAFNet(
        backbone=Times(2.0),
        content=partial(negative_psnr, epsilon=1e-8),
        weights={"content": 1.0},
        optimizer=partial(SGD, lr=0.1),
        scheduler=None,
    )
    batch = {"paired": {"blurred": gray(0.25), "sharp": gray(0.6), "name": ["gray"]}}
    assert number(method.terms(batch)["content"]) == pytest.approx(-20.0, abs=1e-3)


@pytest.mark.parametrize(
    ("experiment", "parameters", "batch", "steps"),
    [
        ("nafnet_gopro", 17_111_907, 32, 200_000),
        ("nafnet_64_gopro", 67_888_835, 64, 400_000),
    ],
)
def test_experiments_have_the_authors_numbers(
    experiment: str, parameters: int, batch: int, steps: int
) -> None:
    cfg = compose(f"experiment={experiment}")
    method = build(experiment.removesuffix("_gopro"))
    assert sum(p.numel() for p in method.parameters()) == parameters
    assert (method.multiple, method.reach) == (16, None)
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur", 256, batch)
    assert cfg.trainer.max_epochs * cfg.data.batches_per_epoch == steps
    assert cfg.trainer.gradient_clip_val == 0.01
    assert cfg.model.optimizer.lr * cfg.model.scheduler.floor == pytest.approx(1e-7)
    assert list(cfg.model.optimizer.betas) == [0.9, 0.9]
