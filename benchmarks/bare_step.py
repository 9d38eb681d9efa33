"""Our training step of DeblurGAN without a Trainer, for a GPU: what a CUDA graph can hold."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Bare:
    """Terms, descents and turns are the method's; Trainer, log, clipping and guard are left out.

    Under autocast to bfloat16, on one pair of pictures in [0, 1].
    """

    def __init__(self, method: Any, blurred: Tensor, sharp: Tensor) -> None:
        self.method = method.to(sharp.device).train()
        self.blurred, self.sharp = blurred, sharp
        self.optimizers = {
            player: factory(method.get_submodule(player).parameters())
            for player, factory in method.factories.items()
        }
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.update(fused=True, capturable=sharp.is_cuda)

    def step(self) -> None:
        method, sharp = self.method, self.sharp
        with torch.autocast(sharp.device.type, torch.bfloat16, cache_enabled=False):
            restored = method(self.blurred)
            for _ in range(method.critic_steps):
                self.descend("critic", method.critic_terms(sharp, restored.detach()))
            method.critic.requires_grad_(False)
            self.descend("generator", method.generator_terms(sharp, restored))
            method.critic.requires_grad_(True)

    def descend(self, player: str, terms: Any) -> None:
        self.method.objectives[player](terms).backward()
        self.optimizers[player].step()
        self.optimizers[player].zero_grad()

    def captured(self) -> Callable[[], None]:
        """The step as one CUDA graph."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph.replay
