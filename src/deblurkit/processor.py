"""What this machine's processor can do that decides which way is the fastest one."""

import torch


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 numbers itself: AVX512-BF16, which AMX comes with.

    Others convert each number first, which takes many times as long as float32.
    """
    return bool(torch.cpu._is_avx512_bf16_supported())
