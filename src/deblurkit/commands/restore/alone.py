"""Restoring in this process, without a Trainer: what one picture on a laptop needs."""

from collections.abc import Iterable, Sequence

import torch
from omegaconf import DictConfig, OmegaConf

from deblurkit.callbacks.signals import ended_by_sigterm
from deblurkit.commands.restore.devices import Observer, Share
from deblurkit.config import conf_dir, plain
from deblurkit.contracts import BlurredBatch
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.chain import Restore

# Keys of a Trainer that act on a training or a validation only, or on the bar that is drawn.
ASIDE = frozenset(
    {"max_epochs", "gradient_clip_val", "accumulate_grad_batches", "check_val_every_n_epoch"}
    | {"log_every_n_steps", "num_sanity_val_steps", "use_distributed_sampler"}
    | {"limit_val_batches", "limit_test_batches", "enable_progress_bar", "enable_model_summary"}
)


class Alone:
    """The CPU, by this process.

    Args:
        method: What restores in the end.
    """

    rank, count = 0, 1

    def __init__(self, method: RestorationMethod) -> None:
        self.method = method

    def run(
        self, restore: Restore, pictures: Iterable[BlurredBatch], observers: Sequence[Observer]
    ) -> None:
        """Restore all pictures, in the order of the files."""
        with torch.inference_mode(), self.method.in_eval_mode(), ended_by_sigterm():
            for batch in pictures:
                for observer in observers:
                    observer.before(batch)
                restoration = restore(self.method.visible(batch))
                for observer in observers:
                    observer.after(batch, restoration)

    def gathered(self, share: Share) -> list[Share]:
        """Its own."""
        return [share]

    def wait(self) -> None:
        """There is nobody to wait for."""


def needs_no_trainer(cfg: DictConfig) -> bool:
    """Whether a config asks for nothing of a Trainer: the one of ``trainer=cpu``, as it is."""
    usual = plain(OmegaConf.load(conf_dir() / "trainer" / "cpu.yaml"))
    chosen = plain(cfg.trainer)
    differing = {key for key in {**usual, **chosen} if usual.get(key) != chosen.get(key)}
    added = [node for group in ("callbacks", "logger") for node in (plain(cfg.get(group)) or ())]
    return not added and differing <= ASIDE
