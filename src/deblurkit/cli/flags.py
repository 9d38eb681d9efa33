"""Words that look like the flags of other programs, answered with how ours are written."""

from difflib import get_close_matches

from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.help import group_options, own_options
from deblurkit.cli.paths import takes_value
from deblurkit.errors import InputError

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
