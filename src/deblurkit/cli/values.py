"""Values of a command line, read against the types of the config that they change."""

from pathlib import Path

from omegaconf import DictConfig

from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.paths import quoted
from deblurkit.config import composed, conf_dir
from deblurkit.override_types import with_types


def typed(line: CommandLine, folder: Path, config: str) -> CommandLine:
    """The command line with values of the types that the config has.

    Args:
        line: What the user typed.
        folder: Where the primary config lies.
        config: Its name, unless the command line names another.

    Raises:
        InputError: If a value is of another type.
        HydraException: If an override cannot be read.
    """
    if line.completes:
        return line
    name = line.flag("--config-name", "-cn") or config
    primary = Path(line.flag("--config-path", "-cp") or folder)
    others = [*line.config_folders, *([] if primary == conf_dir() else [conf_dir()])]
    searched = ",".join(quoted(f"file://{other.resolve()}") for other in others)
    beside = [f"hydra.searchpath=[{searched}]"] if others else []

    def defaults(choices: list[str]) -> DictConfig:
        return composed(primary, name, [*beside, *choices])

    return line._replace(overrides=tuple(with_types(line.overrides, defaults, [primary, *others])))
