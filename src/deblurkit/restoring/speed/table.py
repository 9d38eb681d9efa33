"""Paths of the library's networks, as measured; written by ``python benchmarks/speed.py``.

A row is a path, its ratio to the exact one's time, the dB that it loses with weights of a training
(None without such) and the PSNR between both paths' pictures.
"""

from collections.abc import Mapping

Rows = tuple[tuple[str, float, float | None, float], ...]

WITH_BF16: Mapping[str, Rows] = {
    "deblurkit.networks.dclnet.Backbone": (
        ("float32, channels last", 1.05, None, 142.1),
        ("bfloat16", 1.51, None, 55.2),
        ("bfloat16, channels last", 1.82, None, 55.2),
    ),
    "deblurkit.networks.deblurgan.Generator": (
        ("float32, channels last", 1.05, None, 122.5),
        ("bfloat16", 1.84, None, 74.3),
        ("bfloat16, channels last", 1.86, None, 73.5),
    ),
    "deblurkit.networks.dmphn.Restorer": (
        ("float32, channels last", 1.36, 0.000, 132.9),
        ("bfloat16", 2.04, 0.028, 53.8),
        ("bfloat16, channels last", 2.84, 0.026, 53.8),
    ),
    "deblurkit.networks.maxim.Backbone": (
        ("float32, channels last", 0.97, 0.000, 150.0),
        ("bfloat16", 1.20, 0.003, 54.8),
        ("bfloat16, channels last", 1.13, 0.003, 54.8),
    ),
    "deblurkit.networks.mtwnet.TwoWay": (
        ("float32, channels last", 1.14, None, 131.0),
        ("bfloat16", 1.76, None, 49.8),
        ("bfloat16, channels last", 2.19, None, 49.8),
    ),
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
    "deblurkit.networks.srn.ScaleRecurrent": (
        ("float32, channels last", 1.11, None, 130.0),
        ("bfloat16", 2.14, None, 53.2),
        ("bfloat16, channels last", 2.18, None, 53.2),
    ),
}
WITHOUT: Mapping[str, Rows] = {
    "deblurkit.networks.dmphn.Restorer": (("float32, channels last", 1.15, 0.000, 132.9),),
    "deblurkit.networks.nafnet.Backbone": (("float32, channels last", 1.47, 0.000, 150.0),),
    "deblurkit.networks.residual_u.ResidualU": (("float32, channels last", 0.95, 0.000, 150.0),),
}
