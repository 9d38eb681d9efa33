"""Whether a resumed run of methods that solve single pictures has the pictures that it had."""

from collections.abc import Mapping
from typing import Any

from deblurkit.contracts import Image
from deblurkit.errors import InputError
from deblurkit.methods.priors.problem import Problem

ALIKE = 1 / 512  # half a grey level: the same picture, read on another device


def sizes_of(problems: Mapping[str, Problem]) -> dict[str, list[Any]]:
    """Size of each picture and extent of its blur, by the picture's name."""
    return {
        problem.name: [list(problem.blurred.shape), problem.kernel_size]
        for problem in problems.values()
    }


def require_same_pictures(problems: Mapping[str, Problem], checkpoint: Mapping[str, Any]) -> None:
    """Compare the pictures of the data with those of a checkpoint, whose state goes on.

    Raises:
        InputError: If names, sizes, extents of blur or pixels differ.
    """
    stored, sizes = checkpoint.get("problems", {}), sizes_of(problems)
    differing = {name for name in stored.keys() | sizes if stored.get(name) != sizes.get(name)}
    for key, problem in problems.items():
        blurred = checkpoint["state_dict"].get(f"problems.{key}.blurred")
        if blurred is None or not alike(problem.blurred, blurred):
            differing.add(problem.name)
    if differing:
        raise InputError(
            f"{len(differing)} pictures of the data are not those of the run, such as "
            f"{min(differing)}: a resumed run goes on with its own, by their names, pixels and "
            "extents of blur; resume with the data as it was, or start a new run"
        )


def alike(first: Image, second: Image) -> bool:
    """Whether two pictures differ by less than what reading them anew may change."""
    return first.shape == second.shape and bool((first - second.to(first)).abs().max() < ALIKE)
