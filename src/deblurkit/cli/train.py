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
LAID_OVER = "+trainer"  # the one group whose values may be laid over those of a run
EXAMPLES = {  # of values in a group
    "model": "model.optimizer.lr=1e-5",
    "data": "data.batch_size=4",
    "trainer": f"{LAID_OVER}=gpu",
    "callbacks": "callbacks.last.every_n_batches=100",
}
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
        require_values(line, folder)
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


def require_values(line: CommandLine, folder: Path) -> None:
    """Look whether all that changes are values: a run that goes on has chosen its configs.

    Args:
        line: The command line.
        folder: Of the run.

    Raises:
        InputError: If another config is chosen.
    """
    groups = [conf_dir(), *line.config_folders]
    for override in line.overrides:
        key = override.partition("=")[0]
        group = key.lstrip("+~").partition("@")[0]
        if key != LAID_OVER and group and any((configs / group).is_dir() for configs in groups):
            example = EXAMPLES.get(group, "trainer.max_epochs=40")
            raise InputError(
                f"{override} chooses another config, and resume= goes on with those of the run: "
                f"change single values, such as {example} ({folder / 'config.yaml'} lists them), "
                "or start a new run without resume="
            )


def task(cfg: DictConfig) -> float | None:
    """Train."""
    from deblurkit.commands.train.run import train

    return train(cfg)


if __name__ == "__main__":
    main()
