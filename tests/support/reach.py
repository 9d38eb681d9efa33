"""How far a network's result looks, found out by asking it."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from deblurkit.errors import InputError

_RECTIFIERS = (functional.relu, torch.relu, torch.Tensor.relu, torch.Tensor.clamp)


def measured_reach(
    network: nn.Module, *, side: int, picture: Callable[[Any], Tensor] = lambda answer: answer
) -> int:
    """Largest distance, along an axis, of a pixel that a result depends on, pixels.

    Every pixel of a square in the middle, as large as the network's multiple, is differentiated by
    all pixels of a picture. The network is a copy in double precision with positive weights, and
    what it rectifies or clamps is let through, so that nothing is lost or cancels: the answer is a
    property of its structure. Averages over the whole picture count as given, as for tiles.

    Args:
        network: From pictures to pictures; ``multiple`` is read from it.
        side: Of the picture, pixels; more than twice the reach.
        picture: Picks the restored picture out of what the network answers.

    Raises:
        InputError: If the reach is too large for this side.
    """
    multiple = int(getattr(network, "multiple", 1))
    positive = _positive(network)
    generator = torch.Generator().manual_seed(0)
    blurred = torch.rand(1, 3, side, side, generator=generator, dtype=torch.float64)
    blurred.requires_grad_()
    with _Structure():
        restored = picture(positive(blurred))
    middle = side // 2 // multiple * multiple
    reach = 0
    for place in range(middle, middle + multiple):
        # Along the diagonal every phase of rows and columns comes once.
        (slope,) = torch.autograd.grad(
            restored[..., place, place].sum(), blurred, retain_graph=True
        )
        touched = slope.abs().sum(dim=(0, 1)) > 0
        for along in (touched.any(dim=0), touched.any(dim=1)):
            seen = along.nonzero().flatten()
            reach = max(reach, place - int(seen.min()), int(seen.max()) - place)
            if seen.min() == 0 or seen.max() == side - 1:
                raise InputError(f"it looks further than pictures of {side} pixels show")
    return reach


def _positive(network: nn.Module) -> nn.Module:
    """A copy whose layers average their inputs with random weights."""
    changed = copy.deepcopy(network).double().eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in changed.parameters():
        drawn = 0.5 + torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data = drawn / drawn[0].numel() if parameter.ndim == 4 else 0.1 * drawn
    return changed


class _Structure(TorchFunctionMode):
    """Lets rectified and clamped values through; averages over the picture have no slope."""

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func in _RECTIFIERS:
            return args[0]
        if func is functional.instance_norm:
            variance, mean = torch.var_mean(args[0].detach(), dim=(-2, -1), keepdim=True)
            return (args[0] - mean) * (variance + 1e-5).rsqrt()
        answer = func(*args, **given)
        whole = func is torch.Tensor.mean and set(given.get("dim") or ()) == {-2, -1}
        return answer.detach() if whole else answer
