"""``deblurkit-train weights=<file>``: network and recipe are those of the file.

Nothing heavy is imported here before there is a file to read.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from omegaconf import OmegaConf

from deblurkit.cli.command_line import CommandLine
from deblurkit.cli.front import variable
from deblurkit.cli.paths import quoted
from deblurkit.weights import VARIABLE

NAME = "of_weights"  # of the config that holds the recipe
CHOOSING = ("model", "experiment")  # what says which model is trained


@contextmanager
def with_stored_model(line: CommandLine) -> Iterator[CommandLine]:
    """The command line, with the model of its weights where it chooses none itself.

    Values of the model can be changed as of every other: ``model.optimizer.lr=1e-5``. The recipe
    lies in a folder of its own as long as the block runs.

    Args:
        line: The command line.

    Raises:
        InputError: If the weights cannot be read.
    """
    weights = (line.value("weights") or "null").strip("'\"")
    if weights == "null" or line.names_any(CHOOSING) or line.asks_help or line.completes:
        yield line
        return
    from deblurkit.checkpoint import load

    trust = re.findall(r"[\w.]+", line.value("trust") or "")
    names = (line.value("paths.weights") or "").strip("'\"") or os.environ.get(VARIABLE)
    with variable(VARIABLE, names):
        recipe = load(weights, trust=trust).recipe
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model" / f"{NAME}.yaml"
        file.parent.mkdir()
        file.write_text(OmegaConf.to_yaml(OmegaConf.create(recipe)), encoding="utf-8")
        searched = f"hydra.searchpath=[{quoted(f'file://{folder}')}]"
        yield line.changed(f"model={NAME}", searched)
