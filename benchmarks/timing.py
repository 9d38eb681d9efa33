"""Seconds, memory and the speed of convolutions, of one process on one device."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

Shape = tuple[int, int, int, int]  # channels, side of the kernel, rows, columns


def seconds(work: Callable[[], Any], device: str) -> float:
    """Processor time of this process, or the time until a GPU has finished."""
    if device == "cpu":
        begin = time.process_time()
        work()
        return time.process_time() - begin
    torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def convolution_speed(
    shapes: Sequence[Shape],
    dtype: torch.dtype,
    device: str,
    *,
    layout: torch.memory_format = torch.contiguous_format,
) -> float:
    """Operations per second of a convolution, the best of all shapes and repetitions."""
    best = 0.0
    for channels, side, rows, columns in shapes:
        convolution = nn.Conv2d(channels, channels, side, padding=side // 2).to(device, dtype)
        convolution.to(memory_format=layout)  # type: ignore[call-overload]
        features = torch.rand(1, channels, rows, columns).to(device, dtype, memory_format=layout)
        operations = 2 * side**2 * channels**2 * rows * columns
        repeats = max(int(1e10 / operations), 2) if device == "cpu" else 50
        with torch.inference_mode():
            times = [seconds(lambda: convolution(features), device) for _ in range(repeats)]  # noqa: B023
        best = max(best, operations / min(times))
    return best


def megabytes(device: str) -> float:
    """The most memory that this process has held so far, on a GPU what PyTorch has given away."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return torch.cuda.max_memory_allocated() / 1e6


def in_a_process(file: str, case: Any) -> dict[str, float]:
    """What ``python file --case case`` prints last: peaks of memory belong to one case only."""
    command = [sys.executable, file, "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{case} failed:\n{done.stderr}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
