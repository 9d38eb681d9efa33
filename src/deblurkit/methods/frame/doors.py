"""What comes in from outside, refused in one sentence where it is something else."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from deblurkit.contracts import Pools
from deblurkit.errors import InputError, described

ASIDE = frozenset({"name", "seed"})  # an objective needs none of them
HOLDS: dict[str, frozenset[str]] = {
    pool: kind.__required_keys__ - ASIDE for pool, kind in Pools.__annotations__.items()
}
PAIR = "{'blurred': (B, 3, H, W), 'sharp': (B, 3, H, W), 'name': [B texts]}"
SHAPES = {
    "paired": PAIR,
    "blurred": "{'blurred': (B, 3, H, W), 'name': [B texts]}",
    "sharp": "{'sharp': (B, 3, H, W), 'name': [B texts], 'seed': [B numbers]}",
    "pictures": (
        "{'blurred': [(3, H, W), ...], 'name': [a text each], 'kernel_size': [pixels each]}"
    ),
}


def require_pictures(blurred: Any) -> None:
    """Refuse what is no batch of pictures.

    Raises:
        InputError: With what it is, and how the same becomes a batch of pictures.
    """
    if not isinstance(blurred, Tensor):
        raise InputError(
            f"restore wants a tensor of shape (B, 3, H, W) in [0, 1], got {described(blurred)}; "
            "deblurkit.deblur takes files, PIL pictures and NumPy arrays"
        )
    shaped = blurred.ndim == 4 and blurred.shape[1] in (1, 3) and blurred.numel() > 0
    if not shaped or not blurred.is_floating_point():
        raise InputError(
            "restore wants floating-point pictures of shape (B, 3, H, W) or (B, 1, H, W), "
            f"got {tuple(blurred.shape)} of {blurred.dtype}{way_to_pictures(blurred)}"
        )
    require_unit_range(blurred)


def way_to_pictures(picture: Tensor) -> str:
    """What makes a batch in [0, 1] of a tensor, as the end of a sentence; empty if unknown."""
    channels_last = picture.ndim in (3, 4) and picture.shape[-1] in (1, 3)
    ways = []
    if picture.ndim == 3 and picture.shape[0] in (1, 3):
        ways.append("write picture[None] for one picture")
    elif channels_last and picture.shape[-3] not in (1, 3):
        order = "permute(2, 0, 1)[None]" if picture.ndim == 3 else "permute(0, 3, 1, 2)"
        ways.append(f"its channels come last: write picture.{order}")
    if str(picture.dtype) == "torch.uint8":
        ways.append("divide 8-bit values by 255")
    return "".join(f"; {way}" for way in ways)


def require_unit_range(pictures: Tensor) -> None:
    """Refuse numbers outside [0, 1], and what is no number.

    >>> require_unit_range(torch.rand(1, 3, 2, 2))

    Raises:
        InputError: With where they lie.
    """
    low, high = pictures.aminmax()
    if not (low >= 0 and high <= 1):
        raise InputError(
            f"pictures must lie in [0, 1], these lie in [{low:.3g}, {high:.3g}]; "
            "divide 8-bit values by 255"
        )


def require_pools(batch: Any, needs: frozenset[str], *, method: str) -> None:
    """Refuse a training batch without the pools of an objective, or without their pictures.

    Args:
        batch: Whatever a loader has made.
        needs: Names of the pools.
        method: Who needs them.

    Raises:
        InputError: With the shape of a batch that fits.
    """
    if not isinstance(batch, Mapping):
        said = f"this batch is {described(batch)}"
    elif not needs <= batch.keys():
        said = f"this batch holds {sorted(map(str, batch))}"
    else:
        short = [pool for pool in sorted(needs) if not holds(batch[pool], pool)]
        if not short:
            return
        said = f"the pool {short[0]!r} of this batch is {described(batch[short[0]])}"
    raise InputError(
        f"{method} trains on the pools {sorted(needs)}, {said}; a batch is {shape_of(needs)}"
    )


def holds(pool: Any, name: str) -> bool:
    """Whether a pool holds what its name promises; of names that are not ours, anything does."""
    return name not in HOLDS or (isinstance(pool, Mapping) and HOLDS[name] <= pool.keys())


def shape_of(needs: frozenset[str]) -> str:
    """A training batch, written as a dict of shapes."""
    pools = (f"{pool!r}: {SHAPES.get(pool, '...')}" for pool in sorted(needs))
    return "{" + ", ".join(pools) + "}"


def require_evaluation_batch(batch: Any) -> None:
    """Refuse what is no batch of a validation, a test or a prediction.

    Raises:
        InputError: With the shape of such a batch.
    """
    if not isinstance(batch, Mapping) or "blurred" not in batch:
        raise InputError(
            f"a batch of a validation, a test or a prediction is {PAIR}, without 'sharp' where "
            f"there is none, this one is {described(batch)}"
        )
