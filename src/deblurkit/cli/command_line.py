"""The command line, read once into a value, and written once for Hydra and Lightning's launcher.

Nothing heavy is imported here.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from deblurkit.cli.paths import flags_first, takes_value

CONFIG_FOLDERS = ("--config-d", "--config-p", "-cd", "-cp")  # also where they are cut short
SWEEP = frozenset({"-m", "--multirun"})


class CommandLine(NamedTuple):
    """What a user typed behind the command's name.

    Args:
        flags: Hydra's, each before its value.
        overrides: Changes of the config, ``key=value``.
    """

    flags: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """In the order that Hydra takes: overrides in one piece."""
        return [*self.flags, *self.overrides]

    @property
    def asks_version(self) -> bool:
        """Whether only the version is asked for."""
        return "--version" in self.flags

    @property
    def is_sweep(self) -> bool:
        """Whether several runs are asked for."""
        return not SWEEP.isdisjoint(self.flags)

    @property
    def resumed(self) -> Path | None:
        """Folder of the run that goes on, absolute."""
        folder = self.value("resume")
        return None if folder is None else Path(folder.strip("'\"")).expanduser().resolve()

    @property
    def config_folders(self) -> list[Path]:
        """Further folders of configs; a flag that is cut short has its value behind it, too."""
        found = []
        for flag, following in zip(self.arguments, [*self.arguments[1:], ""], strict=True):
            name, sign, value = flag.partition("=")
            if name.startswith(CONFIG_FOLDERS):
                found.append(Path(value if sign else following).expanduser())
        return found

    def value(self, key: str) -> str | None:
        """What the last override of a key says."""
        values = [word for word in self.overrides if word.startswith(f"{key}=")]
        return values[-1].removeprefix(f"{key}=") if values else None

    def names_any(self, keys: Iterable[str]) -> bool:
        """Whether any of these keys is overridden."""
        return any(self.value(key) is not None for key in keys)

    def trusts(self, *names: str) -> bool:
        """Whether it says what to trust, and trusts these packages."""
        said = self.value("trust")
        return said is not None and {*names} <= {*re.findall(r"[\w.]+", said)}

    def changed(self, *overrides: str) -> "CommandLine":
        """With further overrides, which win."""
        return self._replace(overrides=(*self.overrides, *overrides))

    def hand_on(self) -> None:
        """Write it where Hydra reads it, and Lightning when it starts further devices."""
        sys.argv[1:] = self.arguments


def parsed(words: Sequence[str]) -> CommandLine:
    """A command line out of its words, which are all flags, values of flags, or overrides."""
    ordered = flags_first([*words])
    following, count = False, 0
    for word in ordered:
        if not following and not word.startswith("-"):
            break
        following = not following and takes_value(word)
        count += 1
    return CommandLine(tuple(ordered[:count]), tuple(ordered[count:]))


def given(with_keys: Callable[[list[str]], list[str]] = list) -> CommandLine:
    """The command line of this process.

    Args:
        with_keys: Turns words without a key, such as paths, into overrides.
    """
    return parsed(with_keys(sys.argv[1:]))


def program() -> list[str]:
    """How this program was started, without its arguments."""
    spec = sys.modules["__main__"].__spec__
    started = [str(Path(sys.argv[0]).resolve())] if spec is None else ["-m", spec.name]
    return [sys.executable, *started]
