"""Which files are restored and where each result goes, before anything heavy is imported."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.commands.shared.inputs import single_target, targets, with_beside
from deblurkit.commands.shared.owners import Owners
from deblurkit.commands.shared.results import result_file
from deblurkit.errors import InputError
from deblurkit.imaging.suffixes import WRITABLE

COMPARED = "_compared"  # ending of the stem of the picture with both side by side
KERNEL = "_kernel"  # of the kernel that a method has estimated
Destinations = Sequence[tuple[Path, Path]]  # files, and where the result of each goes


def placed(cfg: DictConfig, folder: Path, owners: Owners) -> list[tuple[Path, Path]]:
    """Every picture with the file that its result goes to.

    Args:
        cfg: Of the command.
        folder: Of the results.
        owners: Know what is in it.

    Raises:
        InputError: If there is no picture, the format of the results cannot be written, or one of
            the inputs, or the one file that is named, would be overwritten.
    """
    file, inputs = result_file(str(cfg.output)), [str(entry) for entry in cfg.inputs]
    suffix = cfg.suffix if file is None else file.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(f"suffix must be one of {', '.join(sorted(WRITABLE))}, got {suffix}")
    if file is not None:
        return single_target(inputs, file, owners=owners)
    return targets(inputs, folder, suffix, beside=beside(cfg), owners=owners)


def beside(cfg: DictConfig) -> list[str]:
    """Endings of what may be written beside results; methods without training estimate kernels."""
    estimates = cfg.get("model") is not None
    return [COMPARED] * bool(cfg.compare) + [KERNEL] * estimates


def claim(owners: Owners, destinations: Destinations, *, endings: Sequence[str]) -> None:
    """Note whose the results will be, and what is written beside them."""
    files = {p: file for file, target in destinations for p in with_beside(target, endings)}
    owners.claim({path: file for path, file in files.items() if owners.may_write(path, file)})
