"""How a CPU computes the steps of a training."""

from typing import NamedTuple

import torch


class TrainingSwitches(NamedTuple):
    """A precision and a layout, tried together on one method.

    Attributes:
        precision: Of the training steps, as Lightning's Trainer names it.
        layout: In which the networks hold their weights, and hand on pictures.
    """

    precision: str
    layout: torch.memory_format


FLOAT32 = TrainingSwitches("32-true", torch.contiguous_format)
BFLOAT16 = TrainingSwitches("bf16-mixed", torch.channels_last)
