"""The task of ``deblurkit-convert``: published weights as a file that ``weights=`` reads."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from deblurkit.checkpoint import copy_weights, save_weights
from deblurkit.commands.convert.published_files import content, digest, downloaded, unread
from deblurkit.commands.shared.results import new_file
from deblurkit.config import build_recipe, conf_dir, instantiate, plain
from deblurkit.errors import InputError, sentence
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod

log = logging.getLogger(__name__)

HOME = "deblurkit.published"  # of the importers
TOLD = frozenset({"advice", "known", "fetching", "fetched"})  # of a source, not remembered


def convert(cfg: DictConfig) -> str:
    """Fill a method with the files of a source and write it, with what is known of them.

    Args:
        cfg: The command's config: ``source``, ``model``, ``path`` and ``output``.

    Returns:
        SHA-256 of the written file.

    Raises:
        InputError: If a file is missing, damaged or of another network, or ``output`` exists.
    """
    if cfg.get("source") is None:
        names = sorted(file.stem for file in (conf_dir() / "source").glob("*.yaml"))
        raise InputError(f"say whose weights they are, source=<one of {', '.join(names)}>")
    output, path = new_file(str(cfg.output), ".safetensors"), str(cfg.path or "")
    try:
        source = chosen_source(cfg)
        importer = instantiate(source.pop("importer"), (HOME, *plain(cfg.trust)))
        files = downloaded(path, importer)
        parts = importer.parts({name: content(file) for name, file in files.items()})
        method = filled(cfg, parts)
    except InputError as error:
        words = f"source={cfg.source.name}: {sentence(error)}; {cfg.source.advice}"
        raise InputError(words) from error
    method.origin = origin(source, files) | {"fresh": untouched(method, parts)}
    if method.origin["fresh"]:
        networks = ", ".join(method.origin["fresh"])
        log.info("not in the files, so started fresh with seed %d: %s", cfg.seed, networks)
    if left := unread(path, files.values()):
        log.info("other files in that folder, left unread: %d, such as %s", len(left), left[0])
    written = save_weights(method, output)
    log.info("%s: weights of %s", output, source["citation"])
    log.info("licence as its source states it: %s; sha256 %s", source["licence"], written)
    return written


def chosen_source(cfg: DictConfig) -> dict[str, Any]:
    """What is known of the source, as plain values.

    Raises:
        InputError: If its importer asks for sizes that the model does not have.
    """
    try:
        source: dict[str, Any] = plain(cfg.source)
    except InputError as error:
        raise InputError(f"it does not make this model= ({sentence(error)})") from error
    return source


def filled(cfg: DictConfig, parts: Mapping[str, dict[str, Tensor]]) -> RestorationMethod:
    """The method with these states of its networks; others start fresh, from the seed.

    Raises:
        InputError: If the network that restores is not among them, or one does not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(cfg.seed)
        method = build_recipe(plain(cfg.model), trust=plain(cfg.trust))
    if not isinstance(method, NetworkMethod) or method.restorer not in parts:
        raise InputError(f"these are no weights of {type(method).__name__}, choose another model=")
    networks = dict(method.named_modules())
    for name, state in parts.items():
        if name in networks:
            copy_weights(state, networks[name], origin=f"{name} in {cfg.path}")
        else:
            log.info("not used, since the model does not have it: %s", name)
    return method


def untouched(method: RestorationMethod, parts: Iterable[str]) -> list[str]:
    """The largest networks of a method that are not, and hold nothing of, these parts."""
    fresh: list[str] = []
    for name, module in method.named_modules():
        inside = any(f"{name}.".startswith(f"{part}.") for part in (*parts, *fresh))
        around = any(f"{part}.".startswith(f"{name}.") for part in parts) or not name
        if not inside and not around and any(True for _ in module.parameters()):
            fresh.append(name)
    return fresh


def origin(source: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
    """What to remember of the files, plain values; it is said whether they are known."""
    known: Mapping[str, str] = source.get("known", {})
    home = source.get("publisher", source["repository"])
    published = known.get(digest(*files.values()))
    if published:
        log.info("these are the files of %s, as %s has them", published, home)
    elif known:
        log.warning(
            "these are not the files that %s has: unless you have trained them yourself, "
            "download them again",
            home,
        )
    facts = {key: value for key, value in source.items() if key not in TOLD}
    sums = {name: digest(file) for name, file in files.items()}
    return facts | {"published": published, "files": sums}
