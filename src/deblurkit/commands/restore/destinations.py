"""Which files are restored and where each result goes, before anything heavy is imported."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.commands.shared.inputs import single_target, targets
from deblurkit.commands.shared.results import result_file
from deblurkit.errors import InputError
from deblurkit.imaging.suffixes import WRITABLE

COMPARED = "_compared"  # ending of the stem of the picture with both side by side
Destinations = Sequence[tuple[Path, Path]]  # files, and where the result of each goes


def placed(cfg: DictConfig, folder: Path) -> list[tuple[Path, Path]]:
    """Every picture with the file that its result goes to.

    Args:
        cfg: Of the command.
        folder: Of the results.

    Raises:
        InputError: If there is no picture, the format of the results cannot be written, or one of
            the inputs would be overwritten.
    """
    file, inputs = result_file(str(cfg.output)), [str(entry) for entry in cfg.inputs]
    suffix = cfg.suffix if file is None else file.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(f"suffix must be one of {', '.join(sorted(WRITABLE))}, got {suffix}")
    if file is not None:
        return single_target(inputs, file)
    return targets(inputs, folder, suffix, beside=(COMPARED,) if cfg.compare else ())
