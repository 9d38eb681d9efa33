"""What this machine's processor can do, and how a training makes use of it."""

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
FLOAT32_CHANNELS_LAST = TrainingSwitches("32-true", torch.channels_last)
BFLOAT16 = TrainingSwitches("bf16-mixed", torch.contiguous_format)
BFLOAT16_CHANNELS_LAST = TrainingSwitches("bf16-mixed", torch.channels_last)


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 numbers itself: AVX512-BF16, which AMX comes with.

    Others convert each number first, which takes many times as long as float32.
    """
    return bool(torch.cpu._is_avx512_bf16_supported())
