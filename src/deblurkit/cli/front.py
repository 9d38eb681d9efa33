"""What all commands share: where configs lie, quick answers, one sentence per mistake.

Nothing heavy is imported here: ``--help``, ``--cfg job`` and completion answer without torch.
"""

import atexit
import errno
import gc
import io
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import deblurkit
from deblurkit.cli.command_line import CommandLine, program
from deblurkit.cli.configs.untrusted_configs import require_harmless_folders
from deblurkit.cli.help import help_text, show
from deblurkit.cli.jobs import INTERRUPTED, JobFailedError, in_sweep, run_job
from deblurkit.cli.line_checks import require_known_flags, typed
from deblurkit.cli.paths import unquoted
from deblurkit.cli.run_folders import tidy
from deblurkit.commands.shared import sweeps
from deblurkit.config import conf_dir, mistake, run_folder
from deblurkit.errors import InputError, sentence
from deblurkit.file_tree import standing
from deblurkit.late.imports import when_imported, without_collection
from deblurkit.paths import expanded
from deblurkit.weights import VARIABLE, named_file

Task = Callable[[DictConfig], Any]

FULL = "HYDRA_FULL_ERROR"  # set to 1, it shows every traceback
MISTAKE, DEFECT = 2, 1  # exit codes, beside that of an interruption
# What a disk answers where somebody else has to do something.
REFUSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR}
    | {errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP}
)
# Key and usual value of the folder of a command that has one of its own.
FOLDERS = {"deblur": ("output", "restored"), "blur": ("output", "pairs")}
# What the choices that an extra brings begin with.
SWEEPS = ("hydra/sweeper/optuna", "hydra/sweeper/sampler/", "hydra/launcher/submitit_")


def run_command(config: str, task: Task, line: CommandLine, folder: Path | None = None) -> None:
    """Compose the config of a command and hand it to its task.

    Args:
        config: Name of the primary config.
        task: Does the work.
        line: What the user typed.
        folder: Where the primary config lies; the library's configs if not given.
    """
    command = "train" if folder else config  # a run that goes on has its own config
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without a frame's characters
            stream.reconfigure(errors="replace")
    if line.asks_version or line.asks_help or line.is_empty:
        answer(line, command)
        return
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    path, full = folder or conf_dir(), os.environ.get(FULL)
    key, usual = FOLDERS.get(command, ("hydra.run.dir", "runs"))
    decorate = hydra.main(version_base="1.3", config_path=str(path), config_name=config)
    before = standing(expanded(unquoted(line.value(key) or usual)))
    run = sent_out(guarded(task, full, before), full, program())
    atexit.register(gc.freeze)  # the system takes all memory back: nobody looks what is garbage
    with summed_up(), without_collection():
        try:
            require_known_flags(line, command)
            require_harmless_folders(line)
            typed(line.readable(), path, config).hand_on()
            with variable(FULL, "1"):  # Hydra would print several lines and end the process
                decorate(run)()
        except JobFailedError:
            sys.exit(DEFECT)
        except KeyboardInterrupt:
            complain("interrupted")
            sys.exit(INTERRUPTED)
        except Exception as error:
            if full == "1":
                raise
            sys.exit(complained(error, folder=key))


def answer(line: CommandLine, command: str) -> None:
    """Say the version, or what a command does; that is a mistake where nothing was typed."""
    show(f"deblurkit {deblurkit.__version__}" if line.asks_version else help_text(command))
    if line.is_empty:
        sys.exit(MISTAKE)  # nothing was done


def complained(error: Exception, *, folder: str) -> int:
    """Say what kept a command from starting; the exit code.

    Args:
        error: From before the command's own work.
        folder: Key of the folder that it writes to.
    """
    if isinstance(error, OSError) and error.filename:  # Hydra makes the folder
        complain(f"{refusal(error)}; choose another folder with {folder}=")
        return MISTAKE
    if isinstance(error, HydraException | OmegaConfBaseException | InputError):
        complain(unmet(error))
        return MISTAKE
    complain(f"{type(error).__name__}: {sentence(error)}")
    return DEFECT


def refusal(error: OSError) -> str:
    """What the disk refused, in words."""
    return f"{error.filename} cannot be made or written: {error.strerror}"


def unmet(error: Exception) -> str:
    """What is wrong with a command line, or what it needs."""
    missing = error.missing_cfg_file if isinstance(error, MissingConfigException) else None
    if missing and missing.startswith(SWEEPS):
        return f"{missing} needs an extra: pip install deblurkit[sweep]"
    name = (missing or "").removeprefix("model/")
    if name != missing and named_file(name):
        return f"there is no model {name!r}, but there are weights of that name: weights={name}"
    return mistake(error)


@contextmanager
def summed_up() -> Iterator[None]:
    """Print the table of a sweep, however it ends; one failed job fails the command."""
    sweeps.Sweep.folder = None
    failures = 0
    try:
        yield
    finally:
        if sweeps.Sweep.folder is not None:
            from deblurkit.commands.shared.sweep_table import sum_up

            try:
                failures = sum_up(sweeps.Sweep.folder)
            except InputError as error:
                complain(str(error))
                failures = 1
    if failures:
        sys.exit(DEFECT)


def sent_out(task: Task, full: str | None, program: Sequence[str]) -> Task:
    """Let a sweep give each job to a process of its own; a single run is done here.

    Args:
        task: What a single run does.
        full: What the user set ``HYDRA_FULL_ERROR`` to; the jobs see it.
        program: Starts this command.
    """

    def run(cfg: DictConfig) -> Any:
        if not in_sweep():
            return task(cfg)
        with variable(FULL, full):
            return run_job(cfg, program)

    return run


@contextmanager
def variable(name: str, value: str | None) -> Iterator[None]:
    """Set a variable of the environment for a while; None takes it away."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def guarded(task: Task, full: str | None, before: Set[Path] | None = None) -> Task:
    """Turn a user's mistake into a sentence and any other failure into a note of where to look.

    Args:
        task: Does the work.
        full: What the user set ``HYDRA_FULL_ERROR`` to; the processes of other devices see it.
        before: Folders on the way to the run's that were there before; others are removed again
            where a run is refused and they are empty. Without it nothing is.
    """

    def run(cfg: DictConfig) -> Any:
        # Where weights= looks names up, here and in processes that are started.
        names = str(OmegaConf.select(cfg, "paths.weights", default="weights"))
        with variable(FULL, full), variable(VARIABLE, names):
            gc.enable()  # starting has made no garbage, but a task does
            quiet_warnings()
            when_imported("lightning.pytorch", quiet_loggers)
            try:
                value = task(cfg)
                sweeps.finished(value)
                return value
            except refusals() as error:
                if full == "1":
                    raise
                if before is not None:
                    tidy(Path(run_folder()).resolve(), before)
                fail(sentence(error), MISTAKE)
            except KeyboardInterrupt:
                say_how_to_go_on()
            except SystemExit as end:
                if not isinstance(end.__context__, KeyboardInterrupt):
                    raise
                say_how_to_go_on()  # Lightning was training and has tidied up
            except Exception as error:
                if full == "1":
                    raise
                if isinstance(error, OSError) and error.errno in REFUSED and error.filename:
                    fail(refusal(error), MISTAKE)
                words = f"{type(error).__name__}: {sentence(error)}"
                fail(f"{words} ({reported()})", DEFECT)

    return run


def reported() -> str:
    """Where the traceback of the error that is being handled lies."""
    report = Path(run_folder()) / "error.txt"
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError:
        return f"{FULL}=1 shows the traceback"
    return f"the traceback is in {report}"


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and end the command; a sweep reads why its job has failed."""
    complain(message)
    with suppress(InputError):  # the disk that is full has been complained of
        sweeps.failed(message)
    sys.exit(code)


def say_how_to_go_on() -> NoReturn:
    """End after Ctrl-C, with the way back."""
    folder = Path(run_folder())
    way = f"; go on with: deblurkit-train resume={folder}"
    fail("interrupted" + (way if (folder / "last.ckpt").is_file() else ""), INTERRUPTED)


def complain(message: str) -> None:
    """Say what is wrong, on the error stream, with the device's number where there are several."""
    rank = os.environ.get("LOCAL_RANK")
    print(f"deblurkit{f' (device {rank})' if rank else ''}: {message}", file=sys.stderr)


def refusals() -> tuple[type[Exception], ...]:
    """What is raised where something cannot be done as asked, by us and by Lightning."""
    exceptions = sys.modules.get("lightning.fabric.utilities.exceptions")
    return (InputError, *([] if exceptions is None else [exceptions.MisconfigurationException]))


def quiet_loggers() -> None:
    """Let every line of Lightning pass once: it installs handlers of its own, beside Hydra's."""
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.WARNING)


def quiet_warnings() -> None:
    """Let only those pass that a reader can use."""
    for start in (
        ".*LeafSpec",  # torch and lightning between themselves
        ".*Experiment logs directory .* exists",  # the config is written there first
        ".*Checkpoint directory .* exists",
        ".*does not have many workers",
        ".*is smaller than the logging interval",
        ".*Total length of `list` across ranks is zero",  # no validation was asked for
    ):
        warnings.filterwarnings("ignore", message=start)
