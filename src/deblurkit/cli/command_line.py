"""The command line, read once into a value, and written once for Hydra and Lightning's launcher.

Nothing heavy is imported here.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from deblurkit.cli.paths import flags_first, takes_value, unquoted, with_quoted_value
from deblurkit.paths import expanded

CONFIG_FOLDERS = ("--config-d", "--config-p", "-cd", "-cp")  # also where they are cut short
SWEEP = frozenset({"-m", "--multirun"})
SWEEPERS = ("hparams_search=", "hydra.mode=", "hydra/sweeper=")  # without the flag
HELP = frozenset({"-h", "--help"})
COMPLETION = frozenset({"-sc", "--shell-completion"})
QUESTIONS = frozenset({"--version", "--cfg", "-c", "--info", "-i", "--hydra-help"})


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
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.arguments

    @property
    def asks_version(self) -> bool:
        """Whether only the version is asked for."""
        return "--version" in self.flags

    @property
    def asks_help(self) -> bool:
        """Whether it asks what the command does."""
        return not HELP.isdisjoint(self.flags)

    @property
    def completes(self) -> bool:
        """Whether a shell asks how a word goes on."""
        return not COMPLETION.isdisjoint(self.flags)

    @property
    def only_asks(self) -> bool:
        """Whether it runs nothing."""
        names = {flag.partition("=")[0] for flag in self.flags}
        return self.completes or not names.isdisjoint({*HELP, *QUESTIONS})

    @property
    def is_sweep(self) -> bool:
        """Whether several runs are asked for."""
        return not SWEEP.isdisjoint(self.flags)

    @property
    def resumed(self) -> Path | None:
        """Folder of the run that goes on, absolute."""
        folder = self.value("resume")
        return None if folder is None else expanded(unquoted(folder)).resolve()

    @property
    def config_folders(self) -> list[Path]:
        """Further folders of configs; a flag that is cut short has its value behind it, too."""
        folders = []
        for flag, following in pairwise([*self.arguments, ""]):
            name, sign, value = flag.partition("=")
            if name.startswith(CONFIG_FOLDERS):
                folders.append(expanded(value if sign else following))
        return folders

    def flag(self, *names: str) -> str | None:
        """The value of a flag by any of its names, if it is there."""
        for flag, following in pairwise([*self.flags, ""]):
            name, sign, value = flag.partition("=")
            if name in names:
                return value if sign else following
        return None

    def value(self, key: str) -> str | None:
        """What the last override of a key says."""
        values = [word for word in self.overrides if word.startswith(f"{key}=")]
        return values[-1].removeprefix(f"{key}=") if values else None

    def names_any(self, keys: Iterable[str]) -> bool:
        """Whether any of these keys is overridden."""
        return any(self.value(key) is not None for key in keys)

    def trusts(self, *names: str) -> bool:
        """Whether it says what to trust, and trusts these packages."""
        packages = self.value("trust")
        return packages is not None and {*names} <= {*re.findall(r"[\w.]+", packages)}

    def changed(self, *overrides: str) -> "CommandLine":
        """With further overrides, which win."""
        return self._replace(overrides=(*self.overrides, *overrides))

    def readable(self) -> "CommandLine":
        """With paths so written that Hydra reads them as they were typed.

        In a sweep, commas part values.

        Raises:
            InputError: If a key that wants a path has none.
        """
        sweeps = self.is_sweep or any(word.startswith(SWEEPERS) for word in self.overrides)
        return self._replace(
            overrides=tuple(
                word if sweeps and "," in word else with_quoted_value(word)
                for word in self.overrides
            )
        )

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


def typed_line(with_keys: Callable[[list[str]], list[str]] = list) -> CommandLine:
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
