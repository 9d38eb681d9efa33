"""DMPHN's objective by hand, and its configs."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD
from toy_generators import gray, number

from deblurkit.config import build, compose
from deblurkit.losses.squared import mse
from deblurkit.methods.dmphn import DMPHN


class Twice(nn.Module):
    """Two hierarchies that multiply by 2 and by 3."""

    def forward(self, blurred: Tensor) -> list[Tensor]:
        return [2 * blurred, 3 * blurred]


def pairs(blurred: float, sharp: float) -> Any:
    return {"paired": {"blurred": gray(blurred), "sharp": gray(sharp), "name": ["gray"]}}


def test_every_hierarchy_is_compared_with_the_sharp_picture() -> None:
    method = DMPHN(
        hierarchies=Twice(),
        content=mse,
        weights={"content": 1.0},
        optimizer=partial(SGD, lr=0.1),
        scheduler=None,
    )
    terms = method.terms(pairs(0.25, 1.0))
    assert number(terms["content"]) == pytest.approx(0.5**2 + 0.25**2)
    assert number(method(gray(0.25))) == pytest.approx(0.75)  # the last one restores


@pytest.mark.parametrize(
    ("key", "parameters", "multiple", "epochs", "falls"),
    [
        ("dmphn", 5_424_393, 8, 2400, [1000, 2000]),
        ("dmphn_1248", 7_232_524, 16, 4000, [1000, 2000, 3000]),
        ("dmphn_stack2", 10_848_786, 8, 3000, [1000, 2000]),
        ("dmphn_stack3", 16_273_179, 8, 3000, [1000, 2000]),
        ("dmphn_stack4", 21_697_572, 8, 3000, [1000, 2000]),
    ],
)
def test_configs_are_the_paper_s_models(
    key: str, parameters: int, multiple: int, epochs: int, falls: list[int]
) -> None:
    with torch.device("meta"):
        method = build(key)
    assert sum(p.numel() for p in method.parameters()) == parameters
    assert (method.multiple, method.reach) == (multiple, None)
    optimizer = method.optimizer([nn.Parameter(torch.zeros(1))])
    schedule = method.scheduler(optimizer, steps=epochs)
    (rate,) = schedule.lr_lambdas
    for count, fall in enumerate(falls, start=1):
        assert rate(fall - 1) == pytest.approx(0.1 ** (count - 1))
        assert rate(fall) == pytest.approx(0.1**count)


def test_experiments_have_the_authors_numbers() -> None:
    cfg = compose("experiment=dmphn_gopro")
    assert (cfg.data.variant, cfg.data.crop, cfg.data.batch_size) == ("blur", 256, 6)
    assert (cfg.trainer.max_epochs, list(cfg.data.augmentation.geometry)) == (2400, [])
    cfg = compose("experiment=dmphn_stack4_gopro")
    assert (cfg.trainer.max_epochs, cfg.model.hierarchies.stacks) == (3000, 4)
