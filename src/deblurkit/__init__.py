"""Single-image deblurring: papers as Lightning modules, composed by Hydra."""

from importlib import import_module
from typing import Any

from deblurkit.late.imports import without_collection

__version__ = "0.2.0"
__all__ = [
    "Deblurrer",
    "available_methods",
    "build",
    "compose",
    "deblur",
    "load",
    "save_weights",
]

# Names are fetched at first use, so that importing the package costs no torch.
_HOMES = {
    "Deblurrer": "deblurkit.restoring.deblurrer",
    "available_methods": "deblurkit.config",
    "build": "deblurkit.config",
    "compose": "deblurkit.config",
    "deblur": "deblurkit.restoring.deblurrer",
    "load": "deblurkit.checkpoint",
    "save_weights": "deblurkit.checkpoint",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'deblurkit' has no attribute {name!r}")
    with without_collection():
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
