"""What a command says about itself, out of the comments of its config.

A config begins with ``# <command>: <what it does>``, then examples, each behind ``#   ``, then
notes. Nothing heavy is imported here, and no config is composed.
"""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from deblurkit.config import conf_dir

COMMANDS = ("deblur", "train", "eval", "blur", "data", "convert", "export")
WIDEST, COLUMN = 100, 28  # characters: of a line, and of what is typed
COMMENT, EXAMPLE = "# ", "#   "
INTERNAL = frozenset({"defaults", "hydra", "logger", "callbacks", "blur"})  # keys that are groups
FLAGS = {
    "--cfg job": "the whole config, without running; each of its values can be changed",
    "-m": "a run for each combination of values with commas between them",
    "--config-dir=<folder>": "further configs of your own",
    "--version": "of deblurkit",
}
CLASSICAL, PER_PICTURE = "ClassicalMethod", "PerPictureMethod"


class Option(NamedTuple):
    """What can be typed, and what the config's comment says of it."""

    typed: str
    comment: str

    def lines(self) -> str:
        """In two columns."""
        room = min(shutil.get_terminal_size().columns, WIDEST)
        first = f"  {self.typed:{COLUMN}}" + " " * (len(self.typed) >= COLUMN)
        return textwrap.fill(
            first + self.comment,
            max(room, 2 * COLUMN),
            subsequent_indent=" " * (COLUMN + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )


def show(text: str) -> None:
    """Print what was asked for; whoever reads it may stop, as ``head`` does."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor at the end


def overview() -> str:
    """The commands, a line each."""
    summaries = {command: Header.of(command).summary for command in COMMANDS}
    return "\n".join(
        [
            "deblurkit takes blur out of photographs. Its commands:",
            "",
            *(Option(f"deblurkit-{name}", said).lines() for name, said in summaries.items()),
            "",
            "Each says what it takes with --help: deblurkit-deblur --help",
        ]
    )


def help_text(command: str) -> str:
    """What a command does, examples, its own options, and the groups of configs that it can use."""
    header, groups = Header.of(command), list(group_options(command))
    inputs = (
        [Option("<paths>", "the same as inputs=[...]")] if command in {"deblur", "blur"} else []
    )
    parts = {
        "examples": [f"  {example}" for example in header.examples],
        "options": [option.lines() for option in (*inputs, *own_options(command))],
        "options of every command": [option.lines() for option in own_options("base")],
        "flags": [Option(*flag).lines() for flag in FLAGS.items()],
        "notes": [f"  {note}" for note in header.notes],
        "groups of configs": [option.lines() for option in groups],
    }
    named = [line for name, lines in parts.items() if lines for line in ("", f"{name}:", *lines)]
    return "\n".join([f"deblurkit-{command}: {header.summary}", *named])


class Header(NamedTuple):
    """The comments at the beginning of a command's config."""

    summary: str
    examples: list[str]
    notes: list[str]

    @classmethod
    def of(cls, command: str) -> "Header":
        """That of a command."""
        lines = text_of(command).split("defaults:")[0].splitlines()
        summary = lines[0].removeprefix(f"# deblurkit-{command}: ")
        examples = [line.removeprefix(EXAMPLE) for line in lines if line.startswith(EXAMPLE)]
        notes = [line for line in lines[1:] if not line.startswith(EXAMPLE)]
        return cls(summary, examples, [line.removeprefix(COMMENT) for line in notes if line])


def text_of(name: str) -> str:
    """The text of a config."""
    return (conf_dir() / f"{name}.yaml").read_text("utf-8")


def own_options(config: str) -> Iterator[Option]:
    """Keys of a config that are no groups, with what they hold and their comments.

    A comment stands behind its key, or above it where it is long.
    """
    above: list[str] = []
    parents: list[str] = []
    for line in dropwhile(is_comment, text_of(config).splitlines()):
        comment = re.fullmatch(r" *# (.*)", line)
        key = re.fullmatch(r"( *)([\w.]+):(?: +([^#\s].*?))?(?: +# (.*))?", line)
        if comment:
            above.append(comment[1])
            continue
        if key:
            parents = [*parents[: len(key[1]) // 2], key[2]]
            said = " ".join([*above, *([key[4]] if key[4] else [])])
            written = key[3] is not None and parents[0] not in INTERNAL
            if written and (said or config != "base"):
                value = "" if "${" in key[3] else key[3]  # made of others
                yield Option(f"{'.'.join(parents)}={value}", said)
        above = []


def is_comment(line: str) -> bool:
    """Whether a line of a config holds nothing else."""
    return line.startswith("#")


def group_options(command: str) -> Iterator[Option]:
    """The groups of a command's config: what is chosen, and what else can be."""
    cfg: Any = OmegaConf.to_container(OmegaConf.load(conf_dir() / f"{command}.yaml"))
    for entry in cfg["defaults"]:
        for name, chosen in entry.items() if isinstance(entry, dict) else ():
            group = name.removeprefix("optional ")
            if names := choices(command, group):
                value = "null" if chosen is None else str(chosen).replace("'", "")
                comment = re.search(rf"(?m)^  - {name}: \S+ *# (.*)$", text_of(command))
                said = f"{comment[1]}: " if comment else ""
                yield Option(f"{group}={value}", f"{said}{', '.join(names)}")


def choices(command: str, group: str) -> list[str]:
    """Configs of a group that are of use to a command."""
    files = sorted((conf_dir() / group).glob("*.yaml"))
    return [file.stem for file in files if is_of_use(command, group, file)]


def is_of_use(command: str, group: str, file: Path) -> bool:
    """Whether a command can do something with a config."""
    if command == "export":
        return False  # weights know their model
    if group == "model":
        parent = parent_of(file)
        if command in {"deblur", "eval"}:  # all others are a matter of weights=
            return parent in {CLASSICAL, PER_PICTURE}
        return parent != CLASSICAL and (command != "convert" or parent != PER_PICTURE)
    if group == "data":
        if command == "data":
            return holds(file, "root")  # in a folder, not in the install
        part = {"eval": "test", "train": "train"}[command]
        return holds(file, part) or holds(file, "source")
    if group == "protocol":
        return command != "data"  # which scores nothing
    return group not in {"known", "local"}


def holds(file: Path, key: str) -> bool:
    """Whether a config, or one that it is made of, has a key at its top."""
    text = file.read_text("utf-8")
    others = (file.with_name(f"{name}.yaml") for name in re.findall(r"(?m)^  - (\w+)$", text))
    inherited = any(holds(other, key) for other in others if other.is_file())
    return bool(re.search(rf"(?m)^{key}:", text)) or inherited


def parent_of(file: Path) -> str:
    """Name of the class that the method of a model's config derives from."""
    text = file.read_text("utf-8")
    target = re.search(r"(?m)^_target_: deblurkit\.([\w.]+)\.(\w+)", text)
    if target is None:
        base = re.search(r"defaults:(?: \[|\s+- )(\w+)", text)
        return parent_of(file.with_name(f"{base[1]}.yaml")) if base else ""
    module = Path(__file__).parents[1] / f"{target[1].replace('.', '/')}.py"
    parent = re.search(rf"(?m)^class {target[2]}\((\w+)", module.read_text("utf-8"))
    return parent[1] if parent else ""
