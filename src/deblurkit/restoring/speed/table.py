"""Paths of the library's networks, as measured; written by ``python benchmarks/speed.py``.

A row is a path, its ratio to the exact one's time, the dB that it loses with weights of a training
(None without such) and the PSNR between both paths' pictures.
"""

from collections.abc import Mapping

Rows = tuple[tuple[str, float, float | None, float], ...]

WITH_BF16: Mapping[str, Rows] = {
    "deblurkit.networks.nafnet.Backbone": (
        ("float32, channels last", 1.92, 0.000, 150.0),
        ("bfloat16", 0.94, 0.000, 64.2),
        ("bfloat16, channels last", 2.31, 0.000, 64.3),
    ),
    "deblurkit.networks.residual_u.ResidualU": (
        ("float32, channels last", 1.04, 0.000, 150.0),
        ("bfloat16", 1.70, 0.000, 87.6),
        ("bfloat16, channels last", 1.82, 0.000, 87.6),
    ),
}
WITHOUT: Mapping[str, Rows] = {}
