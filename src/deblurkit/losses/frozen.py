"""Helpers of training that are never trained: feature extractors, teachers, detectors."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import nn


class Frozen:
    """A network that helps to train others and is itself in no checkpoint.

    It is built at first use, or when training starts, and not before: a method can be built,
    loaded and used to restore on a machine that lacks every file of its training. It is no
    ``nn.Module``, so it is in no ``parameters()``, ``state_dict``, average or DDP bucket.

    >>> features = Frozen(lambda: nn.Conv2d(3, 4, 3))
    >>> features.network is None  # nothing is built so far
    True
    >>> features(torch.rand(1, 3, 8, 8)).shape
    torch.Size([1, 4, 6, 6])

    Args:
        factory: Builds the network; in the YAML a node with ``_partial_: true``.
    """

    def __init__(self, factory: Callable[[], nn.Module]) -> None:
        self.factory = factory
        self.network: nn.Module | None = None

    def open(self) -> nn.Module:
        """Build the network unless it is there already.

        Neither the random numbers nor the grad mode of the caller are touched: a first use
        inside a validation would otherwise leave inference tensors, and the next training step
        would fail on them.
        """
        if self.network is None:
            with torch.inference_mode(False), torch.random.fork_rng():
                self.network = self.factory().eval().requires_grad_(False)
        return self.network

    def __call__(self, pictures: torch.Tensor, *others: Any, **options: Any) -> Any:
        """Apply the network on the device of ``pictures``; gradients flow to the pictures."""
        network = self.open()
        held = next(chain(network.parameters(), network.buffers()), None)
        if held is not None and held.device != pictures.device:
            with torch.inference_mode(False):  # moved weights are new tensors
                network.to(pictures.device)
        return network(pictures, *others, **options)
