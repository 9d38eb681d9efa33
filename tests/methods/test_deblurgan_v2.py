from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader
from toy_generators import Brightness, Doubling, Times, gray, number

from deblurkit.callbacks.resume import memories
from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.pixel import l1
from deblurkit.losses.relativistic import PooledRelativisticAverage, RelativisticAverage
from deblurkit.methods.deblurgan_v2 import DeblurGANv2


class OnTrunk(nn.Module):
    """A trunk of one number, and one more number behind it."""

    multiple, reach = 1, 0

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.top = Times(1.0), Times(1.0)

    def forward(self, blurred: Images) -> Images:
        return self.top(self.trunk(blurred))

    def read(self, path: str) -> None:
        with torch.no_grad():
            self.trunk.factor.fill_(float(Path(path).read_text()))


def method(**changed: Any) -> DeblurGANv2:
    given: dict[str, Any] = {
        "generator": OnTrunk(),
        "critics": {"patch": Brightness(2.0), "full": Brightness(4.0)},
        "adversarial": RelativisticAverage,
        "content": Frozen(Doubling),
        "pixel": l1,
        "trunk_weights": None,
        "frozen_epochs": 0,
        "weights": {
            "generator": {"adversarial": 0.01, "content": 0.006, "pixel": 0.5},
            "critics": {"adversarial": 1.0},
        },
        "optimizers": dict.fromkeys(["generator", "critics"], partial(SGD, lr=0.01)),
    }
    return DeblurGANv2(**given | changed)


class Watch(Callback):
    """The trunk's and the top's number after every epoch."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        generator = pl_module.generator
        self.seen.append((generator.trunk.factor.item(), generator.top.factor.item()))


def watched(deblurgan: DeblurGANv2, *, epochs: int) -> list[tuple[float, float]]:
    pools = {"paired": {"blurred": gray(0.5), "sharp": gray(1.0), "name": ["gray"]}}
    watch = Watch()
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(deblurgan, DataLoader([pools], batch_size=None, generator=torch.Generator()))
    return watch.seen


def test_the_generator_s_objective_by_hand() -> None:
    terms = method().generator_terms(gray(1.0), gray(0.5))
    # Scores of sharp and restored: 2 and 1, 4 and 2. Half of (fake - real - 1)^2 and of
    # (real - fake + 1)^2 each.
    patch = ((1 - 2 - 1) ** 2 + (2 - 1 + 1) ** 2) / 2
    full = ((2 - 4 - 1) ** 2 + (4 - 2 + 1) ** 2) / 2
    assert number(terms["adversarial"]) == pytest.approx((patch + full) / 2)
    assert number(terms["content"]) == pytest.approx(1.0)
    assert number(terms["pixel"]) == pytest.approx(0.5)
    total = method().objectives["generator"](terms)
    assert number(total) == pytest.approx(0.01 * 6.5 + 0.006 + 0.25)


def test_the_critics_objective_by_hand() -> None:
    # Half of (real - fake - 1)^2 and of (fake - real + 1)^2 each.
    patch = ((2 - 1 - 1) ** 2 + (1 - 2 + 1) ** 2) / 2
    full = ((4 - 2 - 1) ** 2 + (2 - 4 + 1) ** 2) / 2
    assert number(method().criticism(gray(1.0), gray(0.5))) == pytest.approx((patch + full) / 2)


def test_the_trunk_waits_and_then_moves_with_the_rest() -> None:
    (trunk1, top1), (trunk2, top2), (trunk3, top3) = watched(method(frozen_epochs=2), epochs=3)
    assert trunk1 == trunk2 == 1.0
    assert trunk3 != 1.0
    assert len({1.0, top1, top2, top3}) == 4


def test_the_trunk_is_read_when_training_starts(tmp_path: Path) -> None:
    file = tmp_path / "trunk.txt"
    deblurgan = method(trunk_weights=str(file), frozen_epochs=1)  # building needs no file
    assert deblurgan.generator.trunk.factor.item() == 1.0
    file.write_text("0.75")
    assert watched(deblurgan, epochs=1)[0][0] == 0.75


def test_a_trunk_is_not_read_over_loaded_weights(tmp_path: Path) -> None:
    file = tmp_path / "trunk.txt"
    file.write_text("0.75")
    deblurgan = method(trunk_weights=str(file), frozen_epochs=1)
    deblurgan.load_state_dict(method().state_dict())
    assert watched(deblurgan, epochs=1)[0][0] == 1.0


def test_pools_of_scores_are_found_by_checkpoints() -> None:
    deblurgan = method(adversarial=partial(PooledRelativisticAverage, capacity=50))
    watched(deblurgan, epochs=2)
    found = memories(deblurgan)
    assert found.keys() == {"memories.0", "memories.1"}
    assert all(memory[:, -1].tolist() == [2, 2] for memory in found.values())


class WithoutFile(OnTrunk):
    def read(self, path: str) -> None:
        raise InputError(f"{path} is no file")


def test_a_missing_trunk_is_a_sentence_with_the_key() -> None:
    deblurgan = method(generator=WithoutFile(), trunk_weights="nowhere.pt")
    with pytest.raises(InputError, match=r"nowhere\.pt is no file; .* model\.trunk_weights, null"):
        watched(deblurgan, epochs=1)


def test_a_resumed_training_does_not_need_the_trunk_s_file() -> None:
    deblurgan = method(generator=WithoutFile(), trunk_weights="nowhere.pt")
    deblurgan.trainer = SimpleNamespace(ckpt_path="last.ckpt", datamodule=None)
    deblurgan.setup("fit")
