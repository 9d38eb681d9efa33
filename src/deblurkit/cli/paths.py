"""Bare paths on a command line that Hydra reads."""

import re
from pathlib import Path

OVERRIDE = re.compile(r"^[+~]*[A-Za-z_][\w./@:-]*=")


def with_quoted_paths(arguments: list[str], key: str = "inputs") -> list[str]:
    """Gather bare paths into one quoted list, so that any character may be in a name.

    An argument that exists as a file or folder is a path, also if it holds ``=``; otherwise what
    looks like ``key=value`` or a flag is Hydra's, and everything else is a path.
    """
    paths: list[str] = []
    others: list[str] = []
    following = False  # whether this argument is the value of a flag
    for argument in arguments:
        if following or (argument.startswith("-") and not exists(argument)):
            others.append(argument)
            following = not following and takes_value(argument)
        elif exists(argument) or not OVERRIDE.match(argument):
            paths += [argument] if argument else []  # an unset variable is not the working folder
        else:
            others.append(argument)
    return [*others, f"{key}=[{','.join(map(quoted, paths))}]"] if paths else others


def exists(argument: str) -> bool:
    """Whether an argument is a file or folder."""
    try:
        return bool(argument) and Path(argument).exists()
    except OSError:  # longer than the name of a file may be
        return False


# Flags of Hydra whose value is the next argument.
VALUED = frozenset(
    {"--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"}
    | {"--cfg", "-c", "--package", "-p", "--info", "-i"}
)


def takes_value(argument: str) -> bool:
    """Whether the value of a flag is the next argument; long flags may be cut short."""
    cut = argument.startswith("--config-") and any(flag.startswith(argument) for flag in VALUED)
    return argument in VALUED or cut


def flags_first(arguments: list[str]) -> list[str]:
    """Flags before overrides: the parser takes overrides in one piece only."""
    flags: list[str] = []
    others: list[str] = []
    following = False
    for argument in arguments:
        flag = following or argument.startswith("-")
        (flags if flag else others).append(argument)
        following = not following and takes_value(argument)
    return [*flags, *others]


def quoted(path: str) -> str:
    """A string that Hydra and OmegaConf read back as it was."""
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", path)
    escaped = re.sub(r"(\\+)$", lambda found: found[1] * 2, escaped)
    return "'" + re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", escaped) + "'"
