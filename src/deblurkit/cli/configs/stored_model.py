"""``deblurkit-train weights=<file>``: network and recipe are those of the file.

Nothing heavy is imported here before there is a file to read.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import OmegaConf

from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.front import variable
from deblurkit.cli.help import show
from deblurkit.cli.paths import quoted
from deblurkit.weights import VARIABLE
from deblurkit.weights.files import existing

NAME = "of_weights"  # of the config that holds the recipe
CHOOSING = ("model", "experiment")  # what says which model is trained
SMALLER = 0.1  # learning rate of further training, as share of that of the first one


@contextmanager
def with_stored_model(line: CommandLine) -> Iterator[CommandLine]:
    """The command line, with the model of its weights where it chooses none itself.

    Learning rates are a tenth of those of the recipe: weights that have learnt would be thrown
    away by the first steps at full rate. Values of the model can be changed as of every other:
    ``model.optimizer.lr=1e-4``. The recipe lies in a folder of its own as long as the block runs.

    Args:
        line: The command line.

    Raises:
        InputError: If the weights cannot be read.
    """
    weights = (line.value("weights") or "null").strip("'\"")
    if weights == "null" or line.names_any(CHOOSING) or line.asks_help or line.completes:
        yield line
        return
    trust = re.findall(r"[\w.]+", line.value("trust") or "")
    names = (line.value("paths.weights") or "").strip("'\"") or os.environ.get(VARIABLE)
    with variable(VARIABLE, names):
        existing(weights)  # refuses a name of nothing at once
        from deblurkit.checkpoint import load

        recipe, rates = with_smaller_rates(load(weights, trust=trust).recipe)
    for key, rate in rates.items():
        if line.value(key) is None:
            show(f"{key}={rate:g}: a tenth of the rate of the first training; set it to change it")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model" / f"{NAME}.yaml"
        file.parent.mkdir()
        file.write_text(OmegaConf.to_yaml(OmegaConf.create(recipe)), encoding="utf-8")
        searched = f"hydra.searchpath=[{quoted(f'file://{folder}')}]"
        yield line.changed(f"model={NAME}", searched)


def with_smaller_rates(node: Any, key: str = "model") -> tuple[Any, dict[str, float]]:
    """A recipe whose learning rates are those of further training, and these by dotted key."""
    if isinstance(node, list):
        parts = [with_smaller_rates(value, f"{key}.{number}") for number, value in enumerate(node)]
        return [part for part, _ in parts], {k: v for _, rates in parts for k, v in rates.items()}
    if not isinstance(node, Mapping):
        return node, {}
    smaller, all_rates = {}, {}
    for name, value in node.items():
        if name == "lr" and str(node.get("_target_", "")).startswith("torch.optim."):
            all_rates[f"{key}.lr"] = smaller[name] = value * SMALLER
        else:
            smaller[name], rates = with_smaller_rates(value, f"{key}.{name}")
            all_rates |= rates
    return smaller, all_rates
