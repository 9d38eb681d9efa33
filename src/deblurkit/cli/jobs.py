"""Jobs of a sweep: each is a process of its own, with the command line of a single run.

Lightning starts a process for each further device by repeating the command line. In a sweep that
is the sweep: every one of these processes would run a sweep of its own and train other parameters,
in silence. And when one of them fails, Lightning kills the process that started it, which would be
the sweep with all the jobs to come.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from deblurkit.cli.paths import quoted
from deblurkit.commands.shared import sweeps
from deblurkit.config import conf_dir

INTERRUPTED = 130  # exit code


class JobFailedError(Exception):
    """A job of a sweep has failed and said why; the others go on."""


def in_sweep() -> bool:
    """Whether this process runs a sweep rather than one of its jobs."""
    return HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN


def run_job(cfg: DictConfig, program: Sequence[str]) -> float | None:
    """Run the job that Hydra has composed, and wait for it.

    Args:
        cfg: Of the job.
        program: Starts it, without arguments.

    Returns:
        What the job is compared by, if anything.

    Raises:
        JobFailedError: If it fails, with the reason.
    """
    hydra: Any = HydraConfig.get()
    first = os.environ.get("SLURM_PROCID", "0") == "0"  # of several tasks that are this job
    if first:
        sweeps.begin(
            job=hydra.job.num,
            overrides=as_given(hydra.overrides.task),
            folder=hydra.runtime.output_dir,
            monitor=cfg.get("monitor"),
        )
    start = time.monotonic()
    code = exit_code([*program, *arguments(hydra)], folder=hydra.runtime.cwd)
    if first:
        sweeps.ended(round(time.monotonic() - start, 1))
    if code:
        sweeps.failed(
            f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        )
    record = sweeps.of_this_job()
    if "reason" in record:
        raise JobFailedError(record["reason"])
    value: float | None = record.get("value")
    return value


def arguments(hydra: Any) -> list[str]:
    """Arguments with which a single run is this job; later ones win.

    Args:
        hydra: Hydra's own config of the job.
    """
    flags = {"main": "--config-path", "command-line": "--config-dir"}
    sources = [
        source
        for source in hydra.runtime.config_sources
        if source.provider in flags and source.path != str(conf_dir())
    ]
    own = {
        "hydra.run.dir": hydra.runtime.output_dir,
        "hydra.sweep.dir": str(sweeps.folder_of(hydra)),
        "hydra.job.id": str(hydra.job.id),
    }
    return [
        *(f"{flags[source.provider]}={source.path}" for source in sources),
        f"--config-name={hydra.job.config_name}",
        *as_given(hydra.overrides.hydra),
        *as_given(hydra.overrides.task),
        *(f"{key}={quoted(value)}" for key, value in own.items()),
        f"hydra.job.num={hydra.job.num}",
        "hydra.output_subdir=null",  # the sweep has written it
        "hydra.mode=RUN",
    ]


def as_given(overrides: ListConfig) -> list[str]:
    """Overrides as they were written: what they refer to may be another thing in the job."""
    return [str(override) for override in OmegaConf.to_container(overrides, resolve=False) or ()]


def exit_code(command: Sequence[str], *, folder: str) -> int:
    """Run a job to its end; it does not outlive the sweep, and its devices do not outlive it.

    Returns:
        Its exit code; minus the number of the signal that killed it.

    Raises:
        SystemExit: If the sweep is told to end; the job was told, too, and has ended.
    """
    process = subprocess.Popen(command, cwd=folder, start_new_session=True)
    try:
        with ended_by_signals():
            process.wait()
    except KeyboardInterrupt:
        tell(process, signal.SIGINT)
        process.wait()
        sys.exit(INTERRUPTED)
    except SystemExit:
        tell(process, signal.SIGTERM)
        process.wait()
        raise
    finally:
        if process.returncode != 0:
            tell(process, signal.SIGKILL)  # devices that wait for one that has failed
    return process.returncode


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that would end this process at once end it by an exception."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else (signal.SIGTERM,)
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def tell(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Send a signal to a job and its devices, as many of them as there are."""
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
