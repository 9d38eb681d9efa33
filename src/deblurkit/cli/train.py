"""``deblurkit-train``: one run, a sweep, or a run that goes on."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from omegaconf import DictConfig

from deblurkit.cli.front import MISTAKE, complain, run_command
from deblurkit.cli.paths import quoted
from deblurkit.cli.untrusted_configs import run_config
from deblurkit.config import conf_dir
from deblurkit.errors import InputError

CHOICES = ("model=", "data=", "experiment=")


def main() -> None:
    """Train; with nothing chosen, the demonstration."""
    arguments = sys.argv[1:]
    resumed = [argument for argument in arguments if argument.startswith("resume=")]
    if resumed:
        resume(Path(resumed[-1].removeprefix("resume=").strip("'\"")).expanduser().resolve())
    else:
        if not any(argument.startswith(CHOICES) for argument in arguments):
            sys.argv.append("experiment=demo")
        run_command("train", task)


def resume(folder: Path) -> None:
    """Go on in a run's folder with its own config; this command line may change values of it.

    Hydra reads a copy that lies alone: beside the original, a stranger may have put more.
    """
    try:
        refuse_sweep(sys.argv)
        text = run_config(folder, sys.argv)
    except InputError as error:
        complain(str(error))
        sys.exit(MISTAKE)
    sys.argv += [f"hydra.run.dir={quoted(str(folder))}", "hydra.output_subdir=null"]
    sys.argv += [f"hydra.searchpath=[{quoted(f'file://{conf_dir()}')}]", "hydra.job.name=train"]
    with TemporaryDirectory() as alone:
        (Path(alone) / "config.yaml").write_text(text, encoding="utf-8")
        run_command("config", task, folder=Path(alone))


def refuse_sweep(arguments: list[str]) -> None:
    """Look whether a run that goes on is asked to be several.

    Raises:
        InputError: If it is.
    """
    if {"-m", "--multirun"} & set(arguments):
        raise InputError(
            "resume= goes on with one run: leave -m out, and resume each job by itself"
        )


def task(cfg: DictConfig) -> float | None:
    """Train."""
    from deblurkit.commands.train.run import train

    return train(cfg)


if __name__ == "__main__":
    main()
