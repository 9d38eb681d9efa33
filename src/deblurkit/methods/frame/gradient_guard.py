"""One step down an objective that no bad batch can spoil."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from deblurkit.contracts import Scalar
from deblurkit.errors import InputError

log = logging.getLogger(__name__)

IN_A_ROW = 10
IN_A_ROW_SCALED = 30  # a gradient scaler starts at 2**16 and needs some overflows to find its place


class GradientGuard:
    """Looks at an objective and its gradient before a step; skips, counts and finally stops.

    The gradients are those after the exchange between devices. An objective is each device's own,
    and its gradient may be zero where it is infinite, so that the exchange says nothing of it:
    the devices tell each other by one number, and every rank decides alike.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.in_a_row = 0
        self.in_a_row_of: dict[str, int] = {}  # players whose last steps were skipped
        self.finite: dict[str, Tensor] = {}  # whether each objective was, since the last step

    def counts(self) -> dict[str, Any]:
        """What a resumed run goes on counting from."""
        counts = {"skipped": self.skipped, "in_a_row": self.in_a_row}
        return counts | ({"players": dict(self.in_a_row_of)} if self.in_a_row_of else {})

    def go_on(self, counts: Mapping[str, Any]) -> None:
        """Count on from what a checkpoint holds."""
        self.skipped, self.in_a_row = counts["skipped"], counts["in_a_row"]
        self.in_a_row_of = dict(counts.get("players", {}))

    def watch(self, objective: Scalar, player: str = "") -> None:
        """Note whether an objective is finite; nothing waits for the device here.

        Args:
            objective: Of one batch, on this device.
            player: Whose it is, where there are several.
        """
        finite = objective.detach().isfinite()
        earlier = self.finite.get(player)  # of the batches whose gradients are gathered
        self.finite[player] = finite if earlier is None else finite & earlier

    def clip_or_skip(
        self,
        parameters: Sequence[Parameter],
        player: str = "",
        *,
        clip: float | None,
        scaled: bool,
        ranks: int,
        where: Callable[[], str],
    ) -> float:
        """Clip the gradient to a norm, or drop it where it or its objective is not finite.

        Args:
            parameters: What the optimiser is about to move, on one device.
            player: Whose step it is, where there are several.
            clip: Largest norm of the whole gradient; None leaves it as it is.
            scaled: Whether a gradient scaler will itself skip an overflow.
            ranks: Devices that train together.
            where: Names the batch and its pictures for the message.

        Returns:
            The norm before clipping.

        Raises:
            InputError: After ten steps in a row that had to be skipped, of all players together
                or of one of them.
        """
        gradients = [grad for parameter in parameters if (grad := parameter.grad) is not None]
        finite = on_every_device(self.finite.pop(player), ranks)
        norm, sound = norm_and_flag(gradients, finite)
        if sound and math.isfinite(norm):
            self.in_a_row = 0
            self.in_a_row_of.pop(player, None)
            if clip and norm > clip:
                torch._foreach_mul_(gradients, clip / (norm + 1e-6))
            return norm
        spoiled = "objective" if math.isfinite(norm) else "gradient"
        self._count(player, spoiled, most=IN_A_ROW_SCALED if scaled else IN_A_ROW, where=where)
        if spoiled == "objective" or not scaled:  # a scaler sees an overflow of gradients only
            for parameter in parameters:  # an optimiser passes over those without a gradient
                parameter.grad = None
        return norm

    def _count(self, player: str, spoiled: str, *, most: int, where: Callable[[], str]) -> None:
        self.skipped += 1
        self.in_a_row += 1
        log.warning("%s: the %s is not finite, step skipped (%d)", where(), spoiled, self.skipped)
        steps = self.in_a_row
        if player:  # the others may go on well
            self.in_a_row_of[player] = self.in_a_row_of.get(player, 0) + 1
            steps = max(steps, self.in_a_row_of[player])
        if steps >= most:
            raise InputError(
                f"training stopped at {where()}: {steps} steps in a row had no finite {spoiled}; "
                "the last checkpoint is good: lower the learning rate, set "
                "trainer.gradient_clip_val, or look at these pictures"
            )


def total_norm(gradients: list[Tensor]) -> float:
    """Norm of all gradients as one vector; torch's own spends more time on choosing than on it."""
    norm, _ = norm_and_flag(gradients, torch.ones(()))
    return norm


def norm_and_flag(gradients: list[Tensor], finite: Tensor) -> tuple[float, bool]:
    """Norm of all gradients, and a flag that comes along: each look at a device is a wait.

    Args:
        gradients: On one device.
        finite: One where an objective was finite, else zero.
    """
    norms = torch._foreach_norm(gradients) if gradients else ()
    *numbers, flag = torch.stack([*norms, finite.to(norms[0] if norms else finite)]).tolist()
    return math.hypot(*numbers), bool(flag)


def on_every_device(finite: Tensor, ranks: int) -> Tensor:
    """One where something is finite on every device that trains, else zero; all of them ask."""
    if ranks > 1:
        finite = finite.float()
        torch.distributed.all_reduce(finite, op=torch.distributed.ReduceOp.MIN)
    return finite
