from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import nn
from torch.utils.data import DataLoader
from toy_players import Players, Single, batches

from deblurkit.callbacks.average import RestorerAverage
from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod


class Watch(Callback):
    """The generator's factor after every batch and while it is validated."""

    def __init__(self) -> None:
        self.raw: list[float] = []
        self.validated: list[float] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        self.raw.append(module.generator.factor.item())

    def on_validation_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        self.validated.append(module.generator.factor.item())


def fitted(method, average: RestorerAverage, folder: Path, *, epochs: int = 1, resume=None):
    watch = Watch()
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[average, watch],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(method, batches(1.0, 2.0, 1.0), validation(), ckpt_path=resume)
    file = folder / f"{epochs}.ckpt"
    trainer.save_checkpoint(file)
    return watch, torch.load(file, weights_only=True)


def validation() -> DataLoader[BlurredBatch]:
    return DataLoader([{"blurred": torch.rand(1, 3, 4, 4), "name": ["a"]}], batch_size=None)


def averaged(raw: list[float], decay: float) -> float:
    """By hand: the factor starts at 1 and every step is weighted."""
    average = 1.0
    for step, value in enumerate(raw, start=1):
        kept = min(decay, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * value
    return average


@pytest.mark.parametrize("decay", [0.0, 0.2, 0.999])
def test_it_is_the_average_worked_out_by_hand(decay: float, tmp_path: Path) -> None:
    watch, checkpoint = fitted(Single(), RestorerAverage(decay), tmp_path)
    assert watch.raw == pytest.approx([0.9, 0.7, 0.6])
    wanted = averaged(watch.raw, decay)
    assert checkpoint["state_dict"]["generator.factor"].item() == pytest.approx(wanted)
    assert checkpoint["current"]["factor"].item() == pytest.approx(0.6)
    assert watch.validated == pytest.approx([wanted])


def test_training_goes_on_from_the_raw_weights(tmp_path: Path) -> None:
    method = Single()
    watch, _ = fitted(method, RestorerAverage(0.5), tmp_path, epochs=2)
    assert watch.raw == pytest.approx([0.9, 0.7, 0.6, 0.5, 0.3, 0.2])
    assert method.generator.factor.item() == pytest.approx(0.2)


def test_a_resumed_run_goes_on_with_both(tmp_path: Path) -> None:
    whole = fitted(Single(), RestorerAverage(0.5), tmp_path / "whole", epochs=2)[1]
    fitted(Single(), RestorerAverage(0.5), tmp_path / "part", epochs=1)
    resume = tmp_path / "part" / "1.ckpt"
    resumed = fitted(Single(), RestorerAverage(0.5), tmp_path / "rest", epochs=2, resume=resume)[1]
    for key, name in (("state_dict", "generator.factor"), ("current", "factor")):
        assert torch.equal(resumed[key][name], whole[key][name])


def test_critics_are_not_averaged(tmp_path: Path) -> None:
    method = Players()
    watch, checkpoint = fitted(method, RestorerAverage(0.5), tmp_path)
    assert set(checkpoint["current"]) == {"factor"}
    assert torch.equal(checkpoint["state_dict"]["critic.factor"], method.critic.factor.detach())
    # Every batch counts once, however many players moved in it.
    wanted = averaged(watch.raw, 0.5)
    assert checkpoint["state_dict"]["generator.factor"].item() == pytest.approx(wanted)


def test_weights_that_get_other_memory_are_still_followed(tmp_path: Path) -> None:
    """As where a validation lays the network out anew, and back again."""

    def renew(network: nn.Module, *_) -> None:
        network.factor.data = network.factor.data.clone()

    method = Single()
    method.generator.register_forward_pre_hook(renew)
    watch, checkpoint = fitted(method, RestorerAverage(0.5), tmp_path)
    wanted = averaged(watch.raw, 0.5)
    assert checkpoint["state_dict"]["generator.factor"].item() == pytest.approx(wanted)


def test_integers_are_copied(tmp_path: Path) -> None:
    def count(network: nn.Module, *_) -> None:
        network.seen += 1

    method = Single()
    method.generator.register_buffer("seen", torch.zeros((), dtype=torch.long))
    method.generator.register_forward_hook(count)
    _, checkpoint = fitted(method, RestorerAverage(0.5), tmp_path)
    assert checkpoint["state_dict"]["generator.seen"] == 3


class Normalised(nn.Module):
    """One number behind a normalisation that keeps the batches' mean."""

    def __init__(self) -> None:
        super().__init__()
        self.normalisation = nn.BatchNorm2d(3, momentum=0.1)

    def forward(self, blurred: Images) -> Images:
        return self.normalisation(blurred)


def test_running_statistics_are_those_of_the_data(tmp_path: Path) -> None:
    """An average of them that forgets as slowly as that of the weights knows the start best."""
    method = Single()
    method.generator = Normalised()
    torch.manual_seed(0)
    pictures = [5 + 2 * torch.randn(2, 3, 8, 8) for _ in range(40)]
    pools = [{"blurred": {"blurred": blurred, "name": ["a", "b"]}} for blurred in pictures]
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[RestorerAverage(0.999)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
    )
    trainer.fit(method, DataLoader(pools, batch_size=None))
    trainer.save_checkpoint(tmp_path / "averaged.ckpt")
    checkpoint = torch.load(tmp_path / "averaged.ckpt", weights_only=True)
    names = {"running_mean": 5.0, "running_var": 4.0}
    for name, expected in names.items():
        averaged = checkpoint["state_dict"][f"generator.normalisation.{name}"]
        assert averaged.mean().item() == pytest.approx(expected, rel=0.15)
        assert not averaged.equal(checkpoint["current"][f"normalisation.{name}"])


def test_a_decay_that_forgets_nothing_is_refused() -> None:
    for decay in (1.0, -0.1):
        with pytest.raises(InputError, match=r"decay must be in \[0, 1\)"):
            RestorerAverage(decay)


def test_a_method_without_a_network_has_nothing_to_average() -> None:
    class Classical(RestorationMethod):
        def restoration(self, batch: BlurredBatch) -> Restoration:
            return {"restored": batch["blurred"]}

    with pytest.raises(InputError, match=r"Classical has no network to average"):
        RestorerAverage(0.9).on_fit_start(Trainer(logger=False, accelerator="cpu"), Classical())
