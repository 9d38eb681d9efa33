"""Paths of the library's networks, as measured; written by ``python benchmarks/speed.py``.

A row is a path, its ratio to the exact one's time, the dB that it loses with weights of a training
(None without such) and the PSNR between both paths' pictures.
"""

from collections.abc import Mapping

Rows = tuple[tuple[str, float, float | None, float], ...]

WITH_BF16: Mapping[str, Rows] = {
    "deblurkit.networks.dmphn.Restorer": (
        ("float32, channels last", 1.19, 0.0, 133.2),
        ("bfloat16", 2.18, 0.025, 53.9),
        ("bfloat16, channels last", 2.81, 0.033, 53.9),
    ),
    "deblurkit.networks.nafnet.Backbone": (
        ("float32, channels last", 1.87, 0.0, 155.6),
        ("bfloat16", 1.16, 0.001, 67.0),
        ("bfloat16, channels last", 2.66, 0.001, 67.1),
    ),
}
WITHOUT: Mapping[str, Rows] = {}
