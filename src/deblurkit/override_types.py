"""Values of overrides against those of the configs: switches, numbers, seeds.

Hydra makes a boolean of ``true`` and ``false`` only. A YAML also takes ``on``, ``off``, ``yes`` and
``no``; on a command line these would be texts, every one of which counts as true.

Nothing heavy is imported here.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from deblurkit.errors import InputError

SWITCH = {"true": True, "on": True, "yes": True, "1": True}
SWITCH |= {"false": False, "off": False, "no": False, "0": False}
SEEDS = 2**32  # NumPy's generators take no others
# What is behind these keys is a path, whatever it looks like.
PATHS = frozenset(
    {"output", "weights", "restored", "sharp", "blurred", "save", "frames", "disparity", "path"}
    | {"kernel", "resume", "data.root", "data.cache", "paths.run", "paths.data", "paths.weights"}
)
QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
# What Hydra reads as text, YAML as a number to the base of 8, 16 or 2, and people as one of ten.
AMBIGUOUS = re.compile(r"[+-]?(0\d[\d_.]*(?:[eE][+-]?\d+)?|0[xXoObB][\da-fA-F_]+)")

# Overrides that name paths and are as they should be: no config is composed to look at them, which
# takes a tenth of a second, and most commands are given nothing else.
_NAME = (
    rf"(?:{QUOTED.pattern}|(?=[\w./-]*[A-Za-z])(?!true$|false$|null$|nan$|inf$)[A-Za-z./][\w./-]*)"
)
PATHS_ONLY = re.compile(
    rf"inputs=\[(?:{QUOTED.pattern})(?:,(?:{QUOTED.pattern}))*\]"
    rf"|(?:{'|'.join(map(re.escape, sorted(PATHS)))})={_NAME}"
)

Defaults = Callable[[list[str]], DictConfig]


def with_types(overrides: Sequence[str], defaults: Defaults, folders: Sequence[Path]) -> list[str]:
    """The same overrides, with ``true`` or ``false`` for each word that people write for a switch.

    Args:
        overrides: Those of one config, ``key=value``.
        defaults: Composes that config out of choices of groups alone.
        folders: Where groups of configs lie.

    Raises:
        InputError: If a value cannot be meant for its key, with what can.
        HydraException: If an override cannot be read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    changes = OverridesParser.create().parse_overrides([*overrides])
    values = [
        change
        for change in changes
        if not PATHS_ONLY.fullmatch(str(change.input_line)) and is_value(change, folders)
    ]
    nulls = [change for change in changes if change not in values and is_null(change)]
    others = (*values, *nulls)
    choices = [
        change
        for change in changes
        if change not in others and not PATHS_ONLY.fullmatch(str(change.input_line))
    ]
    lines = {str(change.input_line): written_choice(change) for change in choices}
    if values or nulls:
        try:
            cfg = defaults([first_choice(change) for change in choices])
        except (HydraException, OmegaConfBaseException):
            return [*overrides]  # whoever composes the whole config says what is wrong
        lines |= {str(change.input_line): with_type(change, cfg) for change in values}
        for change in nulls:
            require_no_choice(change, cfg)
    lines |= {override: override for override in overrides if PATHS_ONLY.fullmatch(override)}
    return [lines[override] for override in overrides if override in lines]


def is_value(change: Any, folders: Sequence[Path]) -> bool:
    """Whether an override, as Hydra parsed it, sets a value rather than choosing a config."""
    key = change.key_or_group
    chooses = "/" in key or change.package is not None
    chooses |= any((folder / key).is_dir() for folder in folders)
    if chooses and not isinstance(change.value(), dict):
        return False
    return not (change.is_delete() or change.is_hydra_override())


def is_null(change: Any) -> bool:
    """Whether an override of a group chooses none of its configs."""
    others = change.is_delete() or change.is_hydra_override()
    return not others and elements(change) == [None]


def require_no_choice(change: Any, cfg: DictConfig) -> None:
    """Look whether none of a group's configs is chosen anyway; Hydra has no other way to say so.

    Raises:
        InputError: If the command needs one.
    """
    key = change.key_or_group
    if not key:
        raise InputError(f"{change.input_line!r} has no key: a change is written key=value")
    if at(cfg, key) is not None:
        raise InputError(f"{change.input_line}: a {key} is needed; leave it out, or choose one")


def written_choice(change: Any) -> str:
    """A choice of configs; what looks like a number is a name, too.

    Raises:
        InputError: If it is a choice of nothing.
    """
    if not change.key_or_group:
        raise InputError(f"{change.input_line!r} has no key: a change is written key=value")
    number = isinstance(change.value(), bool | int | float)
    if number and not change.is_hydra_override():
        return f"{change.get_key_element()}='{change.get_value_string()}'"
    return str(change.input_line)


def first_choice(change: Any) -> str:
    """A choice of configs; the first one of a sweep."""
    if not change.is_choice_sweep() or change.value_type.name.startswith("GLOB"):
        return written_choice(change)
    return f"{change.get_key_element()}={elements(change)[0]}"


def elements(change: Any) -> list[Any]:
    """The value of an override, or all those of a sweep over choices."""
    if change.value_type is None or not change.is_sweep_override():
        return [change.value()]
    if not change.is_choice_sweep():
        return []
    values = change.sweep_iterator()
    return [getattr(value, "text", value) for value in values]  # quoted ones have it


def with_type(change: Any, cfg: DictConfig) -> str:
    """The override with its value as the key wants it.

    Args:
        change: As Hydra parsed it.
        cfg: The config without it.

    Raises:
        InputError: If the key takes no such value.
    """
    key, line = change.key_or_group, str(change.input_line)
    default = at(cfg, key)
    require_one_reading(line, default)
    words = elements(change)
    if isinstance(default, ListConfig) and not is_argument(cfg, key):
        return listed(change, words)
    values = [fitting(key, word, cfg) for word in words]
    if all(type(value) is type(word) for value, word in zip(values, words, strict=True)):
        return line
    written = (str(value).lower() if isinstance(value, bool) else str(value) for value in values)
    return f"{change.get_key_element()}={','.join(written)}"


def listed(change: Any, words: list[Any]) -> str:
    """An override of a list; a single text is a list of one.

    Raises:
        InputError: If it is neither.
    """
    key, line = change.key_or_group, str(change.input_line)
    if len(words) != 1 or isinstance(words[0], list | dict):
        return line
    if not isinstance(words[0], str):
        raise InputError(f"{line}: {key} is a list, {key}=[...]")
    return f"{change.get_key_element()}=[{change.get_value_string()}]"


def fitting(key: str, value: Any, cfg: DictConfig) -> Any:
    """A value as its key wants it.

    What a constructor takes is looked at where it is called, see ``trust.require_fitting``.

    Raises:
        InputError: If it is no value for this key.
    """
    if key.rpartition(".")[2] == "seed" and isinstance(value, int) and not 0 <= value < SEEDS:
        raise InputError(f"{key}={value}: a seed is a whole number from 0 to {SEEDS - 1}")
    if isinstance(value, dict):
        for name, inner in value.items():
            if type(fitting(f"{key}.{name}", inner, cfg)) is not type(inner):
                raise InputError(f"{key}.{name}={inner}: within braces write true or false")
        return value
    default, constructed = at(cfg, key), is_argument(cfg, key)
    if isinstance(default, bool):
        return switch(key, value, constructed=constructed)
    if isinstance(default, int | float):
        return number(key, value, default=default, constructed=constructed)
    return value


def switch(key: str, value: Any, *, constructed: bool) -> Any:
    """True or false for any of the words for it; a constructor may take others.

    Raises:
        InputError: If it is none of the words.
    """
    if isinstance(value, str | int) and str(value).lower() in SWITCH:
        return SWITCH[str(value).lower()]
    if value is None or constructed:
        return value
    raise InputError(
        f"{key}={value}: {key} is a switch; write on or off, yes or no, true or false, 1 or 0"
    )


def number(key: str, value: Any, *, default: float, constructed: bool) -> Any:
    """A number for a key that has one; a whole one where that is whole, unless it is constructed.

    Raises:
        InputError: If it is none.
    """
    whole = isinstance(default, int) and not constructed
    if isinstance(value, bool) or (not constructed and not isinstance(value, int | float)):
        raise InputError(f"{key}={value}: {key} is a number, {default} where nothing is said")
    if whole and isinstance(value, float):
        if not value.is_integer():
            raise InputError(f"{key}={value}: {key} is a whole number")
        return int(value)
    return value


def require_one_reading(line: str, default: Any) -> None:
    """Refuse what one reader takes for text and another for a number.

    Args:
        line: An override.
        default: What its key holds without it; where that is text, so is this.

    Raises:
        InputError: With the number that may be meant.
    """
    texts = isinstance(default, ListConfig) and all(isinstance(text, str) for text in default)
    if isinstance(default, str) or (texts and len(default)):
        return
    _, _, value = line.partition("=")
    for word in re.split(r"[\[\]{}(),:=\s]+", QUOTED.sub(" ", value)):
        if AMBIGUOUS.fullmatch(word):
            prefixed = re.match(r"[+-]?0[xXoObB]", word)
            meant = str(int(word, 0)) if prefixed else re.sub(r"^([+-]?)0+(?=\d)", r"\1", word)
            raise InputError(
                f"{line}: write numbers in tens and without zeros before them, {meant} for {word}; "
                "text that looks so in quotes within quotes"
            )


def at(cfg: DictConfig, key: str) -> Any:
    """What a config holds at a key; None where it holds nothing, or what is not known yet."""
    try:
        return OmegaConf.select(cfg, key, throw_on_resolution_failure=False)
    except OmegaConfBaseException:
        return None


def is_argument(cfg: DictConfig, key: str) -> bool:
    """Whether a key is below a node that is handed to a constructor."""
    parts = key.split(".")
    above = (at(cfg, ".".join(parts[:count])) for count in range(1, len(parts)))
    return any(isinstance(node, DictConfig) and "_target_" in node for node in above)
