"""Weights in and out: run checkpoints, safetensors to share, teachers.

Nothing that is read here can run code: checkpoints are read as plain tensors and containers, and
a recipe may only name what ``config.require_trusted`` allows.
"""

import hashlib
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from deblurkit.config import build_recipe
from deblurkit.errors import InputError, sentence
from deblurkit.methods.base import RestorationMethod
from deblurkit.storage import replacing


def load(weights: str | Path, *, trust: Sequence[str] = ()) -> RestorationMethod:
    """Build the method that a file describes, with the file's weights, ready to restore.

    Args:
        weights: A checkpoint of a run, its folder, or a safetensors file of ``save_weights``.
        trust: Further packages whose classes the recipe may name.

    Raises:
        InputError: If the file is missing, damaged, of another kind, holds anything but plain
            data, or names classes outside the trusted packages.
    """
    path = existing(weights)
    content = _read_safetensors(path) if path.suffix == ".safetensors" else read_checkpoint(path)
    described = content.get("deblurkit")
    if not isinstance(described, dict) or not isinstance(described.get("recipe"), dict):
        raise InputError(
            f"{path} does not say how its method is built: it was not written by deblurkit-train "
            "or save_weights, or by a plain Trainer with a method that was not made by "
            "deblurkit.build"
        )
    try:
        method = build_recipe(described["recipe"], trust=trust)
        method.on_load_checkpoint(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        raise InputError(f"{path} is damaged: {sentence(error)}") from error
    copy_weights(content["state_dict"], method, origin=path)
    return method.eval()


def teacher(weights: str) -> RestorationMethod:
    """A trained method for use inside another one; wrap it in ``Frozen``."""
    return load(weights)


def existing(weights: str | Path) -> Path:
    """The file behind a ``weights=`` value.

    Raises:
        InputError: If there is no such file.
    """
    path = Path(weights).expanduser()
    if "://" in str(weights):
        raise InputError(f"{weights} is an address; download the file first and give its path")
    for name in ("best.ckpt", "last.ckpt"):  # of a run folder; without validation none is best
        if (path / name).is_file():
            return path / name
    if not path.is_file():
        raise InputError(f"{weights} is no file; weights= takes a checkpoint or a safetensors file")
    return path


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running anything in it.

    Raises:
        InputError: If it holds more than plain data, or is no checkpoint at all.
    """
    content = read_plain(path)
    state = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise InputError(f"{path} is no checkpoint of a run: it has no 'state_dict' of tensors")
    return cast("dict[str, Any]", content)


def read_plain(path: Path) -> Any:
    """Read what ``torch.save`` wrote, without running anything in it.

    Raises:
        InputError: If it holds more than tensors and plain values, or something else.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} was refused: it holds more than tensors and plain values, so reading it "
            "could run foreign code; ask its author for safetensors"
        ) from error
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no checkpoint: {sentence(error)}") from error


def copy_weights(state: dict[str, torch.Tensor], module: nn.Module, *, origin: str | Path) -> None:
    """Fill a method, or a network of it, with stored weights, all of them.

    Raises:
        InputError: As in ``require_fit``.
    """
    require_fit(state, module, origin=origin)
    module.load_state_dict(state)


def require_fit(state: dict[str, torch.Tensor], module: nn.Module, *, origin: str | Path) -> None:
    """Compare stored weights with a method or a network of it.

    Raises:
        InputError: If names or shapes differ: the weights belong to another method or size.
    """
    own = module.state_dict()
    wrong = sorted(
        {*(own.keys() ^ state.keys())}
        | {name for name in own.keys() & state.keys() if own[name].shape != state[name].shape}
    )
    if wrong:
        raise InputError(
            f"{origin} does not fit this {type(module).__name__}: {len(wrong)} of "
            f"{len(own.keys() | state.keys())} tensors differ in name or shape, such as "
            f"{wrong[0]}; "
            "it belongs to another method or another size"
        )


def save_weights(method: RestorationMethod, path: str | Path) -> str:
    """Write a method's weights to share: safetensors that ``load`` reads, with their origin.

    Returns:
        The file's SHA-256, to be published beside it.

    Raises:
        InputError: If the method was not made by ``build`` or ``load``, or the disk refuses.
    """
    from safetensors.torch import save

    if method.recipe is None:
        raise InputError("only methods from deblurkit.build or deblurkit.load know their recipe")
    state = {name: value.detach().cpu().contiguous() for name, value in method.state_dict().items()}
    content = save(state, {"deblurkit": json.dumps(method.description())})
    with replacing(path) as stream:
        stream.write(content)
    return hashlib.sha256(content).hexdigest()


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {}).get("deblurkit", "null"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no safetensors file: {sentence(error)}") from error
    return {"deblurkit": described, "state_dict": state}
