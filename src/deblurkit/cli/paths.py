"""Paths on a command line that Hydra reads: those without a key, and those behind one."""

import re
from pathlib import Path

from deblurkit.errors import InputError
from deblurkit.override_types import PATHS, SWITCH
from deblurkit.paths import expanded

OVERRIDE = re.compile(r"^[+~]*[A-Za-z_][\w./@:-]*=")
# Read by Hydra as they are.
PLAIN = re.compile(r"(?![+-]?[\d._]+([eE][+-]?\d+)?$)[\w./+-]+")
QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)


def with_quoted_paths(arguments: list[str], key: str = "inputs") -> list[str]:
    """Gather bare paths into one quoted list, so that any character may be in a name.

    An argument that exists as a file or folder is a path, also if it holds ``=``; otherwise what
    looks like ``key=value`` or a flag is Hydra's, and everything else is a path.

    Raises:
        InputError: If paths stand beside a list of them, of which one would be lost.
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
    listed = next((other for other in others if other.startswith(f"{key}=")), None)
    if paths and listed is not None:
        raise InputError(
            f"{paths[0]} and {listed} both name what is read: write all paths one after the other, "
            f"or all of them into {key}="
        )
    return [*others, f"{key}=[{','.join(map(quoted, paths))}]"] if paths else others


def with_quoted_value(override: str) -> str:
    """The same override, so written that Hydra reads a path as it was typed.

    What is quoted already, refers to another value or is null stays as it is.

    Raises:
        InputError: If there is no path behind a key that wants one.
    """
    key, _, value = override.partition("=")
    if key in PATHS and (not value or override.lower() == "output=null"):
        raise InputError(f"{override} names nothing; write {key}=<path>, or leave it out")
    several = key == "kernel" and value.startswith("[") and not exists(value)
    as_it_is = several or value.lower() == "null" or "${" in value or QUOTED.fullmatch(value)
    if key not in PATHS or as_it_is:
        return override
    if value.lower() in SWITCH and not exists(value):
        raise InputError(
            f"{override}: {key}= takes a path; leave it out for none, write {key}=./{value} for a "
            "file or folder of that name"
        )
    path = str(expanded(value)) if value.startswith("~") else value
    return f"{key}={path if is_plain(path) else quoted(path)}"


def is_plain(path: str) -> bool:
    """Whether Hydra reads it as text without quotes."""
    return bool(PLAIN.fullmatch(path)) and path.lower() not in {"true", "false", "nan", "inf"}


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
    escaped = re.sub(r"(\\*)'", lambda quote: quote[1] * 2 + r"\'", path)
    escaped = re.sub(r"(\\+)$", lambda slashes: slashes[1] * 2, escaped)
    return "'" + re.sub(r"(\\*)\$\{", lambda opening: opening[1] * 2 + r"\${", escaped) + "'"


def unquoted(value: str) -> str:
    """What ``quoted`` was given; other values as they are, without quotes around them."""
    if not QUOTED.fullmatch(value) or value[0] == '"':
        return value.strip('"')
    text = re.sub(r"(\\*)\\\$\{", lambda opening: opening[1][::2] + "${", value[1:-1])
    text = re.sub(r"(\\+)$", lambda slashes: slashes[1][::2], text)
    return re.sub(r"(\\*)\\'", lambda quote: quote[1][::2] + "'", text)
