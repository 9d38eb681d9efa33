"""Whether a command line fits: its flags are known, its values of the types of the config."""

from difflib import get_close_matches
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.help import group_options, own_options
from deblurkit.cli.paths import quoted, takes_value
from deblurkit.config import composed, conf_dir
from deblurkit.errors import InputError
from deblurkit.override_types import with_types

LONG = (
    *("--help", "--hydra-help", "--version", "--cfg", "--resolve", "--package", "--run"),
    *("--multirun", "--shell-completion", "--config-path", "--config-name", "--config-dir"),
    *("--experimental-rerun", "--info"),
)
SHORT = frozenset({"-h", "-c", "-p", "-r", "-m", "-sc", "-cp", "-cn", "-cd", "-i"})
INFORMATION = frozenset({"all", "config", "defaults", "defaults-tree", "plugins", "searchpath"})


def require_known_flags(line: CommandLine, command: str) -> None:
    """Look whether the flags are those that commands have.

    Args:
        line: What the user typed.
        command: Whose options are proposed.

    Raises:
        InputError: With the way in which the option is written.
    """
    is_value_of = ""
    for word in line.flags:
        if is_value_of:
            information = is_value_of in {"-i", "--info"}
            if information and word not in INFORMATION:
                raise InputError(f"{is_value_of} is no flag for files; they need none: {word}")
            is_value_of = ""
            continue
        name = word.partition("=")[0]
        known = name in SHORT or (name.startswith("--") and any(f.startswith(name) for f in LONG))
        if not known:
            raise InputError(f"there is no flag {name}; {hint(word, command)}")
        is_value_of = word if takes_value(word) else ""


def hint(word: str, command: str) -> str:
    """How to write what somebody wrote as a flag."""
    options = [option.typed.partition("=")[0] for option in own_options(command)]
    options += [option.typed.partition("=")[0] for option in group_options(command)]
    options += [option.typed.partition("=")[0] for option in own_options("base")]
    name, sign, value = word.lstrip("-").replace("-", "_").partition("=")
    value = word.partition("=")[2] if sign else "<value>"
    if len(name) == 1:
        close = [option for option in options if option.startswith(name)]
    else:
        close = [name] if name in options else get_close_matches(name, options, 1)
    written = " or ".join(f"{option}={value}" for option in close)
    return f"options are written without dashes: {written or 'key=value'}; --help lists them"


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
