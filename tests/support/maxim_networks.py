"""Small networks of MAXIM."""

from typing import Any

from fingerprint import fill
from torch import nn

from deblurkit.networks.maxim import Backbone

SIZES = {
    "channels": 4,
    "stages": 2,
    "sides": [4, 4, 2, 2],
    "groups": 1,
    "bottlenecks": 1,
    "reduction": 2,
}


def fresh(**changes: Any) -> Backbone:
    return Backbone(**SIZES | changes)


def small(**changes: Any) -> Backbone:
    network = fresh(**changes)
    fill(network)
    for module in network.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
    return network
