"""``deblurkit-train``: one run, a sweep, or a run that goes on."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from deblurkit.cli.front import MISTAKE, complain, run_command
from deblurkit.cli.paths import quoted
from deblurkit.config import conf_dir
from deblurkit.errors import InputError, sentence

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
    """Go on in a run's folder with its own config; this command line may change values of it."""
    try:
        refuse_sweep(sys.argv)
        refuse_foreign(folder)
    except InputError as error:
        complain(str(error))
        sys.exit(MISTAKE)
    sys.argv += [f"hydra.run.dir={quoted(str(folder))}", "hydra.output_subdir=null"]
    sys.argv += [f"hydra.searchpath=[{quoted(f'file://{conf_dir()}')}]", "hydra.job.name=train"]
    run_command("config", task, folder=folder)


def refuse_sweep(arguments: list[str]) -> None:
    """Look whether a run that goes on is asked to be several.

    Raises:
        InputError: If it is.
    """
    if {"-m", "--multirun"} & set(arguments):
        raise InputError(
            "resume= goes on with one run: leave -m out, and resume each job by itself"
        )


def refuse_foreign(folder: Path) -> None:
    """Look at a run's config before Hydra does, which would do what it says.

    Raises:
        InputError: If there is none, it was not written by a run, or it trusts packages that this
            command line does not.
    """
    file = folder / "config.yaml"
    if not file.is_file():
        raise InputError(
            f"{folder} is no run folder: it holds no config.yaml; there is nothing to resume"
        )
    try:
        text = file.read_text()
        cfg = OmegaConf.create(text)
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{file} is damaged: {sentence(error)}") from error
    sets_up_hydra = text.lstrip().startswith("#") or "hydra" in cfg or "defaults" in cfg
    if not isinstance(cfg, DictConfig) or sets_up_hydra:
        raise InputError(f"{file} was not written by a run: it sets up Hydra itself; not resumed")
    if cfg.get("trust") and not any(argument.startswith("trust=") for argument in sys.argv):
        names = ",".join(map(str, cfg.trust))
        raise InputError(
            f"this run builds classes of {names}; if you trust them, add trust=[{names}]"
        )


def task(cfg: DictConfig) -> float | None:
    """Train."""
    from deblurkit.training.run import train

    return train(cfg)


if __name__ == "__main__":
    main()
