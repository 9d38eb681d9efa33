"""Compiles every generator and a critic and compares; a program of its own.

The tests' shape checks cannot be compiled. Prints the largest difference of each network's answer.
"""

import torch
from generators import GENERATORS, guided
from torch import nn

from deblurkit.networks.parts.conditions import EdgeTexture, TinySegmenter
from deblurkit.networks.parts.critics import PatchCritic


def main() -> None:
    torch.manual_seed(0)
    edges = EdgeTexture(fine=7, coarse=31, temperature=0.5)
    segmenter = TinySegmenter(classes=3, channels=4, levels=3)
    networks: dict[str, nn.Module] = {name: build() for name, build in GENERATORS.items()}
    networks["guided by edges"] = guided(conditions=edges)
    networks["guided by a segmenter"] = guided(conditions=segmenter)
    networks["critic"] = PatchCritic(channels=4, strided=3, padding=1)
    for name, network in networks.items():
        pictures = torch.rand(2, 3, 40, 48)
        network.eval()
        compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
        answer = compiled(pictures)
        answer.square().sum().backward()
        assert any(parameter.grad.any() for parameter in network.parameters()), name
        print(f"{name}: {(answer - network(pictures)).abs().max().item()}")


if __name__ == "__main__":
    main()
