"""What a page says about how it came to be."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from shlex import join
from typing import TYPE_CHECKING, Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

import deblurkit
from deblurkit.commands.shared.record import command, revision
from deblurkit.config import choice
from deblurkit.exporting.method import Exported
from deblurkit.restoring.speed.choice import has_paths
from deblurkit.weights.files import existing

if TYPE_CHECKING:
    from deblurkit.methods.frame.base import RestorationMethod
    from deblurkit.restoring.speed.paths import ComputePath


class Fact(NamedTuple):
    """A line of a list of facts; code is set in equal widths."""

    label: str
    value: str
    code: bool = False


def provenance(
    cfg: DictConfig, method: "RestorationMethod | None", path: "ComputePath"
) -> list[Fact]:
    """Command, method, weights with their hash and origin, seed, date and version.

    Args:
        cfg: Of the command.
        method: What restored; None where the pictures came restored and blurred ones without.
        path: How a network computed them.
    """
    facts = [Fact("Command", command(), code=True)]
    if HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN:
        facts.append(Fact("Job of this sweep", join(HydraConfig.get().overrides.task), code=True))
    if cfg.get("restored") is not None:
        facts.append(Fact("Restored pictures", str(cfg.restored)))
    elif method is not None:
        facts.append(Fact("Method", method_name(cfg, method)))
        if has_paths(method):
            facts.append(Fact("Computed in", str(path)))
    if cfg.weights is not None:
        facts.append(Fact("Weights", str(cfg.weights)))
        with existing(cfg.weights).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        facts.append(Fact("SHA-256 of the weights", digest, code=True))
    if method is not None and method.origin:
        facts.append(Fact("Origin of the weights", "\n".join(lines(method.origin))))
    commit = revision()
    return [
        *facts,
        Fact("Seed", str(cfg.seed)),
        Fact("Date", f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"),
        Fact("Version", f"deblurkit {deblurkit.__version__}" + (f" ({commit})" if commit else "")),
    ]


def method_name(cfg: DictConfig, method: "RestorationMethod") -> str:
    """The class of a method, with the key of its config where one was chosen."""
    key = choice("model")
    if isinstance(method, Exported):
        return method.title
    return type(method).__name__ + (f" (model={key})" if cfg.weights is None and key else "")


def lines(origin: Mapping[str, Any]) -> list[str]:
    """A line for each thing that is known of published weights."""
    return [f"{key}: {value}" for key, value in origin.items() if value]
