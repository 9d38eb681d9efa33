"""Configs that may be a stranger's: a run folder that goes on, a folder of further configs.

Hydra does what a config says about Hydra itself before any command of ours sees it: such configs
are looked at first. What a command line says is its user's own will.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]
from omegaconf import DictConfig, OmegaConf

from deblurkit.cli.command_line import CommandLine
from deblurkit.errors import InputError, sentence
from deblurkit.file_tree import files_below

SIZE, TEXTS, FILES = 2**20, 100_000, 1000  # of one config, bytes and texts; of a folder
DEPTH = 50  # of a config; ours have six
RESOLVERS = ("run_folder", "absolute", "now", "oc.env")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|CRED|AUTH", re.IGNORECASE)


def run_config(folder: Path, line: CommandLine) -> str:
    """The config of a run that goes on, as its text.

    Args:
        folder: Of the run.
        line: The command line.

    Raises:
        InputError: If there is none, it was not written by a run, it reads what is secret, or it
            trusts packages that this command line does not.
    """
    file = folder / "config.yaml"
    if not file.is_file():
        raise InputError(
            f"{folder} is no run folder: it holds no config.yaml; there is nothing to resume"
        )
    text = text_of(file)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in events_of(text)):
            raise ValueError("it refers to itself")
        cfg = OmegaConf.create(text)
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{file} is damaged: {sentence(error)}") from error
    sets_up_hydra = re.search(r"^\W*#\s*@", text) or "hydra" in cfg or "defaults" in cfg
    if not isinstance(cfg, DictConfig) or sets_up_hydra:
        raise InputError(f"{file} was not written by a run: it sets up Hydra itself; not resumed")
    require_harmless_values(OmegaConf.to_container(cfg, resolve=False), file)
    if cfg.get("trust") and not line.trusts():
        names = ",".join(map(str, cfg.trust))
        raise InputError(
            f"this run builds classes of {names}; if you trust them, add trust=[{names}]"
        )
    return text


def events_of(text: str) -> Iterator[yaml.Event]:
    """What a YAML text says, piece by piece, before anything is made of it.

    Raises:
        ValueError: If it is nested as no config is: reading would take a time that grows with the
            square of the depth.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} deep")
        yield event


def text_of(file: Path) -> str:
    """The text of a config, if it is as long as one.

    Raises:
        InputError: If it is not.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(SIZE + 1)
        if len(content) > SIZE:
            raise ValueError(f"it has more than {SIZE} bytes")
        return content.decode()
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is damaged: {sentence(error)}") from error


def require_harmless_values(node: Any, file: Path) -> None:
    """Look at the values that a config asks its surroundings for.

    Raises:
        InputError: If it is more than a run writes there.
    """
    for text in texts(node):
        for resolver in re.findall(r"\$\{\s*([^{}:]*):", text):
            if resolver.strip() not in RESOLVERS:
                raise InputError(f"{file} was not written by a run: it calls {resolver}")
        variables = re.findall(r"oc\.env\s*:\s*([^,{}]*)([,}]?)", text)
        if any(not end or SECRET.search(name) for name, end in variables):
            raise InputError(
                f"{file} reads a variable of your environment that may be secret: {text:.100}; "
                "write its value there"
            )


def texts(node: Any) -> Iterator[str]:
    """Every key and every text of a config."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def require_harmless_folders(line: CommandLine) -> None:
    """Look at further folders of configs that a command line names.

    Args:
        line: The command line.

    Raises:
        InputError: If a config there sets up Hydra, or says what to trust: both could run foreign
            code, so both must be asked for by ``trust=``.
    """
    for folder in line.config_folders:
        below = files_below(folder) if folder.is_dir() else ()
        files = [file for file in below if file.name.endswith((".yaml", ".yml"))]
        if len(files) > FILES:
            raise InputError(f"{folder} holds more than {FILES} configs; name a folder of few")
        for file in files:
            require_harmless_config(file, file.relative_to(folder), line)


def require_harmless_config(file: Path, relative: Path, line: CommandLine) -> None:
    """Look at one of them.

    Raises:
        InputError: As above.
    """
    text = text_of(file)
    try:
        for _ in events_of(text):
            pass  # it is not too deep
        node = yaml.safe_load(text)
        words = list(islice(texts(node), TEXTS + 1))
        if len(words) > TEXTS:
            raise ValueError(f"it has more than {TEXTS} values")
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{file} is damaged: {sentence(error)}") from error
    words += [*relative.parts, *re.findall(r"(?m)^\W*#\s*@.*", text)]
    computed = isinstance(node, dict) and "${" in " ".join(texts(node.get("defaults")))
    if (computed or any("hydra" in word for word in words)) and not line.trusts("hydra"):
        raise InputError(
            f"{file} sets up Hydra, which could run foreign code; if it is your own, add "
            "trust=[hydra]"
        )
    if "trust" in words and not line.trusts():
        raise InputError(f"{file} says what to trust; say it yourself with trust=[name]")
