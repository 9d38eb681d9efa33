"""``deblurkit-train``: one run, a sweep, or a run that goes on."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from omegaconf import DictConfig

from deblurkit.cli.command_line import CommandLine, typed_line
from deblurkit.cli.configs.stored_model import with_stored_model
from deblurkit.cli.configs.untrusted_configs import run_config
from deblurkit.cli.front import MISTAKE, complain, run_command
from deblurkit.cli.help import show
from deblurkit.cli.paths import quoted
from deblurkit.config import conf_dir
from deblurkit.errors import InputError

CHOICES = ("model", "data", "experiment", "weights")
DEMONSTRATION = (
    "no model=, data= or experiment= is chosen, so this is the demonstration, experiment=demo: "
    "some minutes on one core; deblurkit-train --help lists the choices"
)


def main() -> None:
    """Train; with nothing chosen, the demonstration."""
    line = typed_line()
    if line.resumed is not None:
        resume(line.resumed, line)
    elif line.names_any(CHOICES):
        start(line)
    else:
        if not line.only_asks and "LOCAL_RANK" not in os.environ:
            show(DEMONSTRATION)
        run_command("train", task, line.changed("experiment=demo"))


def start(line: CommandLine) -> None:
    """Begin a run; weights that it starts from bring their model, where none is chosen."""
    try:
        with with_stored_model(line) as complete:
            run_command("train", task, complete)
    except InputError as error:
        complain(str(error))
        sys.exit(MISTAKE)


def resume(folder: Path, line: CommandLine) -> None:
    """Go on in a run's folder with its own config; this command line may change values of it.

    Hydra reads a copy that lies alone: beside the original, a stranger may have put more.
    """
    try:
        if line.is_sweep:
            raise InputError(
                "resume= goes on with one run: leave -m out, and resume each job by itself"
            )
        text = run_config(folder, line)
    except InputError as error:
        complain(str(error))
        sys.exit(MISTAKE)
    line = line.changed(
        *(f"hydra.run.dir={quoted(str(folder))}", "hydra.output_subdir=null"),
        *(f"hydra.searchpath=[{quoted(f'file://{conf_dir()}')}]", "hydra.job.name=train"),
    )
    with TemporaryDirectory() as alone:
        (Path(alone) / "config.yaml").write_text(text, encoding="utf-8")
        run_command("config", task, line, folder=Path(alone))


def task(cfg: DictConfig) -> float | None:
    """Train."""
    from deblurkit.commands.train.run import train

    return train(cfg)


if __name__ == "__main__":
    main()
