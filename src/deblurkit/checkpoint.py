"""Weights in and out: run checkpoints, safetensors to share, teachers.

Nothing that is read here can run code: checkpoints are read as plain tensors and containers, and
a recipe may only name what ``trust.trusted`` allows.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as registration

from deblurkit.config import build_recipe
from deblurkit.errors import InputError, sentence
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.storage import damage, replacing
from deblurkit.trust import parts
from deblurkit.weight_files.safetensors_files import read_safetensors
from deblurkit.weight_files.torch_files import read_torch
from deblurkit.weights.files import existing

EXPORTED = (".onnx", ".pt2")
SPARE = 2**20  # numbers that a method may make beside those of its file
MODULES = 50_000  # of a method


def load(weights: str | Path, *, trust: Sequence[str] = ()) -> RestorationMethod:
    """Build the method that a file describes, with the file's weights, ready to restore.

    >>> method = load("tiny")  # weights that come with the install
    >>> method.restore(torch.rand(1, 3, 30, 50)).shape
    torch.Size([1, 3, 30, 50])

    Args:
        weights: A checkpoint of a run, its folder, a safetensors file of ``save_weights``, or a
            name: of weights that come with the install, such as ``tiny``, or of a safetensors file
            in the folder of the variable ``DEBLURKIT_WEIGHTS`` (``weights/`` without it).
        trust: Further packages whose classes the recipe may name.

    Raises:
        InputError: If the file is missing, damaged, of another kind, holds anything but plain
            data and finite weights, names classes outside the trusted packages, or describes a
            method that is larger than the weights.
    """
    path = existing(weights)
    if path.suffix.lower() in EXPORTED:
        raise InputError(
            f"{path} is an exported network: deblurkit-deblur and deblurkit-eval restore with "
            "ONNX files; here, take the weights that it was made from"
        )
    try:
        safe = path.suffix == ".safetensors"
        content = _read_safetensors(path) if safe else read_checkpoint(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    described = content.get("deblurkit")
    if not isinstance(described, dict) or not isinstance(described.get("recipe"), dict):
        raise InputError(
            f"{path} does not say how its method is built: it was not written by deblurkit-train "
            "or save_weights, or by a plain Trainer with a method that was not made by "
            "deblurkit.build"
        )
    state = content["state_dict"]
    try:
        parts({"origin": described.get("origin")})
        with limited_to(state):
            method = build_recipe(described["recipe"], trust=trust)
            method.on_load_checkpoint(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        raise InputError(f"{path} is damaged: {sentence(error)}") from error
    copy_weights(state, method, origin=path)
    return method.eval()


@contextmanager
def limited_to(state: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Let nobody make a method inside that is larger than a file of its weights.

    Raises:
        InputError: At the first tensor or module that is too many.
    """
    stored = {value.data_ptr(): value.untyped_storage().nbytes() for value in state.values()}
    allowed = {"numbers": SPARE + sum(stored.values()), "modules": MODULES}

    def take(kind: str, count: int) -> None:
        allowed[kind] -= count
        if allowed[kind] < 0:
            raise InputError("its recipe describes a larger method than its weights are of")

    def take_tensor(module: nn.Module, name: str, tensor: torch.Tensor | None) -> None:  # noqa: ARG001
        take("numbers", 0 if tensor is None else tensor.numel())

    def take_module(module: nn.Module, name: str, submodule: nn.Module | None) -> None:  # noqa: ARG001
        take("modules", 1)

    with ExitStack() as stack:
        for hook in (
            registration.register_module_parameter_registration_hook(take_tensor),
            registration.register_module_buffer_registration_hook(take_tensor),
            registration.register_module_module_registration_hook(take_module),
        ):
            stack.callback(hook.remove)
        yield


def teacher(weights: str) -> RestorationMethod:
    """A trained method for use inside another one; wrap it in ``Frozen``."""
    return load(weights)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running anything in it.

    Tensors come from the disk when they are used.

    Raises:
        OSError: If the file cannot be opened.
        InputError: If it holds more than plain data, is damaged, or is no checkpoint at all.
    """
    content = read_torch(path)
    state = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise InputError(f"{path} is no checkpoint of a run: it has no 'state_dict' of tensors")
    if not all(isinstance(key, str) for key in (*content, *state)):
        raise InputError(f"{path} is no checkpoint of a run: its tensors have no names")
    archive = zipfile.is_zipfile(path)  # torch's older layout has no checksums
    if archive and (wrong := damage(path)) is not None:
        raise InputError(f"{path} is damaged: {wrong}")
    return content


def copy_weights(state: dict[str, torch.Tensor], module: nn.Module, *, origin: str | Path) -> None:
    """Fill a method, or a network of it, with stored weights, all of them.

    Raises:
        InputError: As in ``require_fit`` and ``require_finite``.
    """
    require_fit(state, module, origin=origin)
    require_finite(state, origin=origin)
    module.load_state_dict(state)


def require_fit(state: dict[str, torch.Tensor], module: nn.Module, *, origin: str | Path) -> None:
    """Compare stored weights with a method or a network of it, without looking at their numbers.

    Raises:
        InputError: If names, shapes or kinds of numbers differ: the weights belong to another
            method or size.
    """
    own = module.state_dict()
    wrong = sorted(
        {*(own.keys() ^ state.keys())}
        | {name for name in own.keys() & state.keys() if _form(own[name]) != _form(state[name])}
    )
    if wrong:
        raise InputError(
            f"{origin} does not fit this {type(module).__name__}: {len(wrong)} of "
            f"{len(own.keys() | state.keys())} tensors differ in name or shape, such as "
            f"{wrong[0]:.200}; "
            "it belongs to another method or another size"
        )


def require_finite(state: Mapping[str, torch.Tensor], *, origin: str | Path) -> None:
    """Refuse weights that are no weights.

    Raises:
        InputError: If a number is infinite or none.
    """
    for name, tensor in state.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise InputError(f"{origin} holds values that are no finite numbers, in {name:.200}")


def _form(tensor: torch.Tensor) -> tuple[torch.Size, bool, bool]:
    return tensor.shape, tensor.is_floating_point(), tensor.is_complex()


def save_weights(method: RestorationMethod, path: str | Path) -> str:
    """Write a method's weights to share: safetensors that ``load`` reads, with their origin.

    >>> method = deblurkit.build("wiener")
    >>> digest = save_weights(method, "wiener.safetensors")
    >>> len(digest), load("wiener.safetensors").gradients
    (64, 0.09)

    Returns:
        The file's SHA-256, to be published beside it.

    Raises:
        InputError: If the method was not made by ``build`` or ``load``, or the disk refuses.
    """
    from safetensors.torch import save

    if getattr(method, "recipe", None) is None:
        raise InputError("only methods from deblurkit.build or deblurkit.load know their recipe")
    state = {name: value.detach().cpu().contiguous() for name, value in method.state_dict().items()}
    content = save(state, {"deblurkit": json.dumps(method.description())})
    with replacing(path) as stream:
        stream.write(content)
    return hashlib.sha256(content).hexdigest()


def _read_safetensors(path: Path) -> dict[str, Any]:
    state, metadata = read_safetensors(path)
    try:
        described = json.loads(metadata.get("deblurkit", "null"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: {sentence(error)}") from error
    return {"deblurkit": described, "state_dict": state}
