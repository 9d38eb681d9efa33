"""What a training on a CPU takes by itself, where that is written, and what it says."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from omegaconf import DictConfig, OmegaConf, open_dict
from running import DIRECT, FLOAT32, SMALL_PHOTOGRAPHS, config, differing, kind_of, run
from torch.utils.data import DataLoader
from toys import Direct, Duel, Network, RandomFeatures

from deblurkit.callbacks.network import ChannelsLast, EveryNetworkChannelsLast, Float32Scores
from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.configs.untrusted_configs import run_config
from deblurkit.commands.train import switches
from deblurkit.commands.train.run import train
from deblurkit.config import available_methods
from deblurkit.losses.frozen import Frozen
from deblurkit.processor import BFLOAT16_CHANNELS_LAST, FLOAT32_CHANNELS_LAST
from deblurkit.processor import FLOAT32 as FLOAT32_SWITCHES

OPEN = "trainer.precision=null"  # as in conf/trainer/cpu.yaml
CALLBACKS = "deblurkit.callbacks.network"


@pytest.fixture
def with_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with the instructions, and a method that was tried with them."""
    monkeypatch.setattr(switches, "has_bf16", lambda: True)
    monkeypatch.setattr(Direct, "on_cpu", BFLOAT16_CHANNELS_LAST)


@pytest.fixture
def without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without the instructions, and the same method."""
    monkeypatch.setattr(switches, "has_bf16", lambda: False)
    monkeypatch.setattr(Direct, "on_cpu", BFLOAT16_CHANNELS_LAST)


def small(folder: Path, *overrides: str) -> DictConfig:
    cfg = config(folder, *overrides, model=DIRECT)
    cfg.data.val = SMALL_PHOTOGRAPHS
    return cfg


def written(folder: Path) -> dict[str, Any]:
    """What a run folder's config says of the switches, nothing resolved."""
    cfg = OmegaConf.load(folder / "config.yaml")
    names = ("channels_last", "float32_scores", "fused_optimizers")
    targets = {name: cfg.callbacks[name]._target_ for name in names if cfg.callbacks.get(name)}
    return {"precision": cfg.trainer.precision} | targets


@pytest.mark.usefixtures("with_bf16")
def test_a_run_takes_them_says_so_and_writes_plain_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        taken = run(small(tmp_path, OPEN))
    assert written(tmp_path) == {
        "precision": "bf16-mixed",
        "channels_last": f"{CALLBACKS}.EveryNetworkChannelsLast",
        "float32_scores": f"{CALLBACKS}.Float32Scores",
        "fused_optimizers": f"{CALLBACKS}.FusedOptimizers",
    }
    (line,) = [text for text in caplog.messages if "trains in" in text]
    assert line.startswith("Direct trains in bf16-mixed, channels last, the fastest way")
    assert "trainer.precision=32-true gives" in line
    float32 = run(small(tmp_path / "float32", FLOAT32))
    assert written(tmp_path / "float32") == {"precision": "32-true"}
    assert differing(taken["state_dict"], float32["state_dict"])  # the switches were on


@pytest.mark.usefixtures("with_bf16")
def test_a_resumed_run_takes_what_its_config_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = run(small(tmp_path / "whole", OPEN, "trainer.max_epochs=3"))
    part = small(tmp_path / "part", OPEN, "trainer.max_epochs=3")
    with open_dict(part):
        part.callbacks.stop = {"_target_": "toys.StopAfter", "epochs": 1}
    train(part)
    line = CommandLine(overrides=(f"resume={tmp_path / 'part'}", "trust=[toys]"))
    stored = OmegaConf.create(run_config(tmp_path / "part", line))
    stored.callbacks.stop, stored.resume = None, str(tmp_path / "part")
    stored.paths.run = str(tmp_path / "part")
    monkeypatch.setattr(switches, "has_bf16", lambda: False)  # on another machine
    caplog.clear()
    resumed = run(stored)
    assert written(tmp_path / "part")["precision"] == "bf16-mixed"
    assert differing(whole["state_dict"], resumed["state_dict"]) == []
    assert differing(whole["optimizer_states"], resumed["optimizer_states"]) == []
    (sentence,) = [text for text in caplog.messages if "no bf16 instructions" in text]
    assert "trainer.precision=bf16-mixed takes many times as long as 32-true" in sentence


@pytest.mark.usefixtures("without_bf16")
def test_a_processor_without_the_instructions_trains_in_float32(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        left_open = run(small(tmp_path / "open", OPEN))
    assert written(tmp_path / "open") == {"precision": "32-true"}
    assert "Direct trains in float32: this processor has no bf16 instructions" in caplog.text
    named = run(small(tmp_path / "named", FLOAT32))
    assert differing(left_open["state_dict"], named["state_dict"]) == []


@pytest.mark.usefixtures("without_bf16")
def test_such_a_processor_takes_what_was_tried_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Direct, "on_cpu_without_bf16", FLOAT32_CHANNELS_LAST)
    cfg = small(tmp_path, OPEN)
    with caplog.at_level("INFO"):
        switches.settle_switches(cfg, build_direct())
    assert cfg.trainer.precision == "32-true"
    assert {"channels_last", "fused_optimizers"} == {*cfg.callbacks} - {*small(tmp_path).callbacks}
    assert "Direct trains in 32-true, channels last, the fastest way that was tried" in caplog.text
    assert "this processor has no bf16 instructions" in caplog.text


@pytest.mark.usefixtures("with_bf16")
@pytest.mark.parametrize(
    ("overrides", "precision", "named"),
    [
        (("trainer=ddp", "trainer.precision=bf16-mixed"), "bf16-mixed", set()),
        (("trainer.accelerator=gpu", OPEN), "32-true", set()),  # nobody has tried
        (
            (OPEN, "+callbacks.channels_last=null"),
            "bf16-mixed",
            {"float32_scores", "fused_optimizers"},
        ),
        (
            (OPEN, "callbacks=[default,channels_last]"),
            "bf16-mixed",
            {"float32_scores", "fused_optimizers"},
        ),
    ],
)
def test_what_a_config_names_stays(
    overrides: tuple[str, ...], precision: str, named: set[str], tmp_path: Path
) -> None:
    cfg = small(tmp_path, *overrides)
    before = set(cfg.callbacks)
    switches.settle_switches(cfg, build_direct())
    assert cfg.trainer.precision == precision
    assert set(cfg.callbacks) - before == named
    assert "EveryNetworkChannelsLast" not in str(cfg.callbacks)


def build_direct() -> Direct:
    return Direct(restoring=Network(), lr=1e-2)


class Precisions(Callback):
    """Whether the network runs under autocast in each stage, and of what its answers are."""

    def __init__(self) -> None:
        self.seen: dict[str, set[bool]] = {}
        self.answers: set[torch.dtype] = set()

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        def note(network: Any, arguments: Any, restored: torch.Tensor) -> None:
            stages = ("training", "validating", "testing")
            (stage,) = [name for name in stages if getattr(trainer, name)]
            self.seen.setdefault(stage, set()).add(torch.is_autocast_enabled("cpu"))

        pl_module.network.register_forward_hook(note)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: Any, outputs: Any, *_: Any
    ) -> None:
        self.answers.add(outputs["restored"].dtype)


def test_steps_are_mixed_and_scores_are_float32() -> None:
    watch, method = Precisions(), build_direct()
    pair = {name: torch.rand(2, 3, 16, 16) for name in ("blurred", "sharp")} | {"name": ["a", "b"]}
    steps = DataLoader([{"paired": pair}] * 2, batch_size=None)
    pictures = DataLoader([pair], batch_size=None)
    quiet = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    trainer = Trainer(
        accelerator="cpu",
        precision="bf16-mixed",
        max_epochs=2,
        num_sanity_val_steps=0,
        callbacks=[Float32Scores(), watch],
        **dict.fromkeys(quiet, False),
    )
    trainer.fit(method, steps, pictures)  # a validation after each epoch
    trainer.test(method, pictures, verbose=False)
    assert watch.seen == {"training": {True}, "validating": {False}, "testing": {False}}
    assert watch.answers == {torch.float32}


def test_critics_and_frozen_helpers_are_laid_out_too() -> None:
    method = Duel(generator=Network(), critic=Network())
    method.content = Frozen(RandomFeatures)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    layouts, trainer = [], Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    for callback in (ChannelsLast(), EveryNetworkChannelsLast()):
        callback.setup(trainer, method, "fit")
        callback.on_train_start(trainer, method)
        weights = (method.generator, method.critic, method.content.open().features)
        convolutions = [getattr(part, "convolution", part).weight for part in weights]
        layouts.append([w.is_contiguous(memory_format=torch.channels_last) for w in convolutions])
    assert layouts == [[True, False, False], [True, True, True]]
    assert differing(before, method.state_dict()) == []


def test_solvers_stay_in_float32() -> None:
    """What is optimised per picture goes through thousands of steps that nobody has compared."""
    solvers = {kind for kind in map(kind_of, available_methods()) if kind.restores_untrained}
    assert solvers
    assert all(kind.on_cpu == FLOAT32_SWITCHES for kind in solvers)
