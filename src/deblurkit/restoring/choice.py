"""The method that restores: stored weights, or a method that needs none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

import torch

from deblurkit.checkpoint import load
from deblurkit.config import build, build_recipe
from deblurkit.errors import InputError, described, sentence
from deblurkit.exporting.method import exported_method
from deblurkit.exporting.reading import is_exported
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.weights.files import existing

# Composing, loading and methods that draw random numbers use what the whole process has once.
ONE_AT_A_TIME = RLock()


def method_of(
    weights: str | Path | None, recipe: Mapping[str, Any] | None, *, trust: Sequence[str]
) -> RestorationMethod:
    """Load weights, or build a method that needs no training.

    Args:
        weights: As ``deblurkit.load`` takes them, or an ONNX file of ``deblurkit-export``.
        recipe: A plain, resolved ``model`` node.
        trust: Further packages whose classes may be named.

    Raises:
        InputError: If neither is given, both are, or the model would have random weights.
    """
    require_one_of(weights, recipe)
    if weights is not None:
        return stored(weights, trust=trust)
    return restoring_untrained(build_recipe(dict(recipe or {}), trust=trust))


def stored(weights: str | Path, *, trust: Sequence[str]) -> RestorationMethod:
    """The method of a file, be it weights or an exported network.

    Raises:
        InputError: If it cannot be read.
    """
    if is_exported(weights):
        return exported_method(existing(weights))
    return load(weights, trust=trust)


def require_one_of(weights: object, model: object) -> None:
    """Refuse a choice that says nothing, or two things.

    Raises:
        InputError: If neither is given, or both are.
    """
    if (weights is None) == (model is None):
        raise InputError(
            "give either weights=<checkpoint or safetensors> or a classical model=, not both: "
            "a file of weights knows its own model"
        )


def restoring_untrained(method: RestorationMethod) -> RestorationMethod:
    """A method that was just built, if it needs no weights.

    Raises:
        InputError: If its weights are random.
    """
    if not method.restores_untrained:
        raise InputError(
            f"{type(method).__name__} must be trained first; give its checkpoint with weights="
        )
    return method


def chosen(
    weights: str | Path | None, model: str | RestorationMethod | None, *, trust: Sequence[str]
) -> RestorationMethod:
    """Load weights or build a model; random state stays as it was.

    Raises:
        InputError: If both are given, or the model would have random weights.
    """
    require_one_of(weights, model)
    if isinstance(model, RestorationMethod):
        return model
    with ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        if weights is not None:
            return stored(weights, trust=trust)
        if not isinstance(model, str):
            raise InputError(
                "model is the name of a config, such as 'unsharp', or a method that "
                f"deblurkit.build or deblurkit.load has made, got {described(model)}"
            )
        return restoring_untrained(build(model, trust=trust))


def moved(method: RestorationMethod, device: str | torch.device | None) -> RestorationMethod:
    """A method on a device; where it is, if none is named.

    Raises:
        InputError: If there is no such device.
    """
    if device is None:
        return method
    try:
        torch.empty(0, device=device)  # a method without weights would not ask
        return method.to(device)
    except (AssertionError, RuntimeError) as error:  # torch without CUDA asserts
        raise InputError(f"device={str(device)!r} cannot be used: {sentence(error)}") from error
