"""What restored pictures are compared with: simple methods, tuned on training pictures only."""

import logging
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from lightning.pytorch import Trainer

from deblurkit.contracts import BlurredBatch, Images, PairedBatch, Restoration
from deblurkit.data.module import PictureDataModule
from deblurkit.errors import InputError
from deblurkit.imaging.psnr import psnr
from deblurkit.methods.unsharp import UnsharpMask, details
from deblurkit.metrics.parts.protocol import rounded

log = logging.getLogger(__name__)

EQUAL = 100.0  # dB that equal pictures count as, so that a black crop does not decide alone


@runtime_checkable
class Reference(Protocol):
    """Restores test pictures beside the method under test."""

    def prepare(self, trainer: Trainer) -> None:
        """Do what has to be done before the first test picture; must not look at those."""
        ...

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore pictures of any size."""
        ...


class Choice(NamedTuple):
    """An unsharp mask and what it did for the pictures it was chosen on; PSNR in dB."""

    amount: float
    sigma: float
    psnr: float
    psnr_blurred: float


class BestUnsharp:
    """The unsharp mask with the best mean PSNR on training draws.

    Args:
        amounts: Amounts to try.
        sigmas: Standard deviations of the Gaussian to try, in pixels.
        draws: How many training crops decide; the first ones of the pool ``paired``.
    """

    def __init__(self, amounts: Sequence[float], sigmas: Sequence[float], *, draws: int) -> None:
        if not amounts or not sigmas or draws < 1:
            raise InputError("the best unsharp mask needs amounts, sigmas and draws to choose by")
        self.amounts, self.sigmas, self.draws = list(amounts), list(sigmas), draws
        self.method: UnsharpMask | None = None

    def prepare(self, trainer: Trainer) -> None:
        """Choose amount and deviation; every device comes to the same choice.

        Raises:
            InputError: If the data has no training pairs.
        """
        data = trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, PictureDataModule) or "paired" not in data.offers:
            raise InputError(
                "the reference is tuned on training pairs, but this data has none; "
                "leave it out with callbacks.scores.references={}"
            )
        pairs = data.pools_at(range(self.draws), trainer.strategy.root_device)["paired"]
        choice = self.choice(pairs)
        self.method = UnsharpMask(amount=choice.amount, sigma=choice.sigma)
        if trainer.is_global_zero:
            log.info(
                "unsharp mask: amount %g and sigma %g px did best on %d training crops (%+.2f dB)",
                choice.amount,
                choice.sigma,
                self.draws,
                choice.psnr - choice.psnr_blurred,
            )

    @torch.no_grad()
    def choice(self, pairs: PairedBatch) -> Choice:
        """The best candidate; of equal ones the first."""
        blurred, sharp = pairs["blurred"], rounded(pairs["sharp"])
        before = capped_psnr(blurred, sharp)
        added = {sigma: details(blurred, sigma=sigma) for sigma in self.sigmas}
        return max(
            (
                Choice(amount, sigma, capped_psnr(blurred + amount * added[sigma], sharp), before)
                for amount, sigma in product(self.amounts, self.sigmas)
            ),
            key=lambda candidate: candidate.psnr,
        )

    def restoration(self, batch: BlurredBatch) -> Restoration:
        """Restore by the chosen mask."""
        assert self.method is not None, "prepare comes first"
        return self.method.restoration(batch)


def capped_psnr(restored: Images, sharp: Images) -> float:
    """Mean over pictures of each picture's PSNR as 8-bit RGB, in dB, where equality is finite."""
    pairs = zip(rounded(restored).split(1), sharp.split(1), strict=True)
    values = torch.stack([psnr(*pair) for pair in pairs])
    return float(values.clamp(max=EQUAL).mean())
