"""What our bases add to a bare Lightning step, in milliseconds, in one run on one core.

Bare is a plain LightningModule with the same tiny network and loss that guards, clips and logs
nothing; both get the same batches from the same loader and the same Trainer with
``log_every_n_steps=50``. Both train at once and take turns of ten steps; processor time is
counted, which other programs disturb less than the clock. Medians, and what was added in the
quietest tenth of the turns of each.
"""

import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from statistics import median, quantiles
from threading import Semaphore, Thread
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader

from deblurkit.callbacks.average import RestorerAverage
from deblurkit.callbacks.resume import ExactResume
from deblurkit.contracts import Images, Pools, Terms
from deblurkit.losses.pixel import l1
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.manual import ManualMethod

STEPS, CHUNK, WARM = 1200, 10, 10  # steps, steps in a turn, turns that are not counted
PATIENCE = 60  # seconds
Kind = Callable[[], LightningModule]


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))


class Plain(LightningModule):
    """One optimiser, as the first page of Lightning's documentation has it."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = network()

    def training_step(self, batch: Pools, batch_idx: int) -> torch.Tensor:
        pairs = batch["paired"]
        return l1(self.generator(pairs["blurred"]), pairs["sharp"])

    def configure_optimizers(self) -> Any:
        return Adam(self.parameters(), 1e-4)


class Automatic(AutomaticMethod):
    """The same on our base."""

    needs, restorer = frozenset({"paired"}), "generator"

    def __init__(self) -> None:
        optimizer = lambda parameters: Adam(parameters, 1e-4)  # noqa: E731
        super().__init__(weights={"content": 1.0}, optimizer=optimizer, scheduler=None)
        self.generator = network()

    def forward(self, blurred: Images) -> Images:
        return self.generator(blurred)

    def terms(self, batch: Pools) -> Terms:
        pairs = batch["paired"]
        return {"content": l1(self(pairs["blurred"]), pairs["sharp"])}


class PlainPlayers(LightningModule):
    """Two players by hand, as Lightning's documentation of manual optimisation has it."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.critic = network(), network()

    def training_step(self, batch: Pools, batch_idx: int) -> None:
        pairs = batch["paired"]
        generator, critic = self.optimizers()
        restored = self.generator(pairs["blurred"])
        self.toggle_optimizer(critic)
        self.manual_backward(l1(self.critic(pairs["sharp"]), self.critic(restored.detach())))
        critic.step()
        critic.zero_grad()
        self.untoggle_optimizer(critic)
        self.toggle_optimizer(generator)
        self.manual_backward(self.critic(restored).mean() + l1(restored, pairs["sharp"]))
        generator.step()
        generator.zero_grad()
        self.untoggle_optimizer(generator)

    def configure_optimizers(self) -> Any:
        return [Adam(self.generator.parameters(), 1e-4), Adam(self.critic.parameters(), 1e-4)]


class Manual(ManualMethod):
    """The same on our base."""

    needs, restorer = frozenset({"paired"}), "generator"

    def __init__(self) -> None:
        super().__init__(
            weights={
                "generator": {"adversarial": 1.0, "content": 1.0},
                "critic": {"adversarial": 1.0},
            },
            optimizers=dict.fromkeys(["generator", "critic"], lambda p: Adam(p, 1e-4)),
        )
        self.generator, self.critic = network(), network()

    def forward(self, blurred: Images) -> Images:
        return self.generator(blurred)

    def turns(self, batch: Pools) -> None:
        pairs = batch["paired"]
        restored = self(pairs["blurred"])
        with self.turn("critic") as descend:
            descend(
                {"adversarial": l1(self.critic(pairs["sharp"]), self.critic(restored.detach()))}
            )
        with self.turn("generator") as descend:
            adversarial = self.critic(restored).mean()
            descend({"adversarial": adversarial, "content": l1(restored, pairs["sharp"])})


class Turns(Callback):
    """Lets trainers in several threads train ten steps each in turn, and counts their time."""

    def __init__(self, own: Semaphore, other: Semaphore) -> None:
        self.own, self.other = own, other
        self.begin, self.milliseconds = 0.0, list[float]()

    def on_train_start(self, trainer: Any, module: Any) -> None:
        self.own.acquire(timeout=PATIENCE)
        self.begin = time.thread_time()

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx and batch_idx % CHUNK == 0:
            self.milliseconds.append(1000 * (time.thread_time() - self.begin) / CHUNK)
            self.other.release()
            self.own.acquire(timeout=PATIENCE)
            self.begin = time.thread_time()

    def on_train_end(self, trainer: Any, module: Any) -> None:
        self.other.release()


def fit(method: LightningModule, turns: Turns, more: list[Callback], folder: str) -> None:
    pictures = torch.rand(2, 2, 3, 16, 16)
    names = ["first", "second"]
    batch = {"paired": {"blurred": pictures[0], "sharp": pictures[1], "name": names}}
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[turns, *more],
        logger=CSVLogger(folder, name="", version=""),
        log_every_n_steps=50,
        default_root_dir=folder,
        enable_checkpointing=any(isinstance(callback, ExactResume) for callback in more),
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(method, DataLoader([batch] * STEPS, batch_size=None, generator=torch.Generator()))


def step_times(bare: Kind, based: Kind, more: list[Callback], folder: str) -> list[list[float]]:
    """Milliseconds per step of both, ten steps by ten steps."""
    first, second = Semaphore(1), Semaphore(0)
    plain, ours = Turns(first, second), Turns(second, first)
    thread = Thread(target=fit, args=(bare(), plain, [], f"{folder}/bare"))
    thread.start()
    fit(based(), ours, more, f"{folder}/ours")
    thread.join()
    return [plain.milliseconds[WARM:], ours.milliseconds[WARM:]]


def main() -> None:
    torch.set_num_threads(1)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    print(f"{'':34} {'bare ms':>8} {'ours ms':>8} {'ratio':>6} {'added ms':>9} {'quiet':>6}")
    with tempfile.TemporaryDirectory() as folder:
        both = [ExactResume(f"{folder}/run"), RestorerAverage(0.999)]
        rows: dict[str, tuple[Kind, Kind, list[Callback]]] = {
            "one optimiser": (Plain, Automatic, []),
            "two players": (PlainPlayers, Manual, []),
            "one optimiser, average and resume": (Plain, Automatic, both),
        }
        for name, (bare, based, more) in rows.items():
            plain, ours = step_times(bare, based, more, folder)
            pairs = list(zip(plain, ours, strict=True))
            added = median(after - before for before, after in pairs)
            ratio = median(after / before for before, after in pairs)
            quiet = quantiles(ours, n=10)[0] - quantiles(plain, n=10)[0]
            medians = f"{median(plain):8.3f} {median(ours):8.3f} {ratio:6.2f}"
            print(f"{name:34} {medians} {added:9.3f} {quiet:6.3f}")


if __name__ == "__main__":
    main()
