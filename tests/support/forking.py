"""Commands of ours as processes that need not import torch: forks of one that has.

An interpreter that imports torch, Lightning and what our commands use takes seconds of a processor
before its first line; a fork of one that has done so takes none. It has its own memory, streams and
exit code like any other. What an interpreter reads when it starts (locale, encodings), and the
import itself, are tested in interpreters begun anew, see ``running.begun_anew``.
"""

import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

IMPORTED = (
    *(
        "deblurkit.commands.train.run",
        "deblurkit.commands.evaluate.evaluate",
        "deblurkit.commands.restore.with_trainer",
        "deblurkit.commands.restore.batch",
    ),
    *(
        "deblurkit.commands.blur.blur_files",
        "deblurkit.commands.convert.convert",
        "deblurkit.cli.front",
    ),
    *("albumentations", "kornia", "skimage.data", "torch.distributed"),
)


def started(
    module: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: dict[str, str],
    output: Path,
) -> BaseProcess:
    """Start a module as ``python -m`` does; both streams go to the end of a file."""
    process = forks().Process(target=become, args=(module, arguments, folder, environment, output))
    process.start()
    return process


def code_of(process: BaseProcess, *, timeout: float) -> int:
    """The exit code of a process once it has ended; one that hangs is ended with its children."""
    process.join(timeout)
    if process.exitcode is None:
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
        raise TimeoutError(f"it has not ended within {timeout:.0f} s")
    return process.exitcode


def forks() -> ForkServerContext:
    """Makes processes out of one that has imported everything and done nothing else."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def become(
    module: str, arguments: Sequence[str], folder: Path, environment: dict[str, str], output: Path
) -> None:
    """Be that process."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as where no shell ignores it
    with output.open("ab", buffering=0) as streams, Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(streams.fileno(), 1)
        os.dup2(streams.fileno(), 2)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
