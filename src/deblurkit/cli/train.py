"""``deblurkit-train``: one run, a sweep, or a run that goes on."""

import sys
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.cli.front import complain, run_command
from deblurkit.config import conf_dir

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
    if not (folder / "config.yaml").is_file():
        complain(f"{folder} is no run folder: it holds no config.yaml; there is nothing to resume")
        sys.exit(2)
    quoted = str(folder).replace("'", r"\'")
    sys.argv += [f"hydra.run.dir='{quoted}'", "hydra.output_subdir=null", "hydra.job.name=train"]
    sys.argv += [f"hydra.searchpath=[file://{conf_dir()}]"]
    run_command("config", task, folder=folder)


def task(cfg: DictConfig) -> float | None:
    """Run a job of a sweep, or the only one."""
    from deblurkit.training.run import train
    from deblurkit.training.sweeps import command_of_this_job, leave_the_group

    command_of_this_job()
    try:
        return train(cfg)
    finally:
        leave_the_group()


if __name__ == "__main__":
    main()
