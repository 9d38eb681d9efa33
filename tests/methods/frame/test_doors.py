"""Batches that somebody else's loader makes: right ones train, others get a sentence."""

from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import config as shape_checks
from lightning.pytorch import LightningDataModule, Trainer
from torch.utils.data import DataLoader
from toys import Direct, Duel, Network, PerPicture

from deblurkit.errors import InputError

PICTURES = torch.rand(2, 3, 8, 8)
PAIR = r"\{'blurred': \(B, 3, H, W\), 'sharp': \(B, 3, H, W\), 'name': \[B texts\]\}"
TRAINING = rf"; a batch is \{{'paired': {PAIR}\}}$"


def loader(batch: Any) -> DataLoader[Any]:
    return DataLoader([batch], batch_size=None)


def trainer(folder: Path) -> Trainer:
    quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "logger"), False)
    return Trainer(
        max_epochs=1,
        accelerator="cpu",
        default_root_dir=folder,
        enable_checkpointing=False,
        **quiet,
    )


def direct() -> Direct:
    return Direct(restoring=Network(), lr=1e-3)


def duel() -> Duel:
    return Duel(generator=Network(), critic=Network())


@pytest.mark.parametrize("method", [direct, duel])
@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ((PICTURES, PICTURES), "this batch is a (list|tuple) of 2"),
        (PICTURES, r"this batch is a torch.Tensor of shape \(2, 3, 8, 8\)"),
        ({"blurred": PICTURES, "sharp": PICTURES}, r"this batch holds \['blurred', 'sharp'\]"),
        (
            {"paired": (PICTURES, PICTURES)},
            "the pool 'paired' of this batch is a (list|tuple) of 2",
        ),
        (
            {"paired": {"blurred": PICTURES, "target": PICTURES}},
            r"the pool 'paired' of this batch is a dict with the keys \['blurred', 'target'\]",
        ),
    ],
)
def test_a_batch_of_another_shape_is_answered_with_the_right_one(
    method: Any, batch: Any, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)  # as outside the tests
    trained = method()
    name = type(trained).__name__
    wanted = rf"^{name} trains on the pools \['paired'\], {sentence}{TRAINING}"
    with pytest.raises(InputError, match=wanted):
        trainer(tmp_path).fit(trained, loader(batch))


@pytest.mark.parametrize("name", [{}, {"name": ["a", "b"]}])
def test_a_right_batch_trains_with_names_or_without(name: Any, tmp_path: Path) -> None:
    method = direct()
    before = method.restoring.convolution.weight.detach().clone()
    batch = {"paired": {"blurred": PICTURES, "sharp": PICTURES, **name}}
    trainer(tmp_path).fit(method, loader(batch))
    assert not torch.equal(method.restoring.convolution.weight, before)


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
@pytest.mark.parametrize("batch", [(PICTURES, PICTURES), {"paired": {"blurred": PICTURES}}])
def test_a_batch_that_is_evaluated_has_pictures(
    stage: str, batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=rf"^a batch of a validation, .* is {PAIR}.*this one is a"):
        getattr(trainer(tmp_path), stage)(direct(), loader(batch))


class Handed(LightningDataModule):
    """Hands over one batch."""

    def __init__(self, batch: Any) -> None:
        super().__init__()
        self.batch = batch

    def train_dataloader(self) -> DataLoader[Any]:
        return loader(self.batch)


def test_methods_of_single_pictures_say_what_they_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    wanted = r"a batch is \{'pictures': \{'blurred': \[\(3, H, W\), \.\.\.\]"
    with pytest.raises(InputError, match=rf"a data module before the first step: .*where {wanted}"):
        trainer(tmp_path).fit(PerPicture(iterations=2), loader((PICTURES, PICTURES)))
    with pytest.raises(InputError, match=rf"this batch is a (list|tuple) of 2; {wanted}"):
        trainer(tmp_path).fit(PerPicture(iterations=2), datamodule=Handed((PICTURES, PICTURES)))
