"""Kill training commands at random moments, resume them, and compare with one that nobody killed.

    python tests/support/kill_runs.py 25 [seed]

Every kill is a SIGKILL of a process that trains by the command's own code. What is compared is
the content of both checkpoints, bit by bit, and the table of numbers, row by row.
"""

import csv
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "support"))

import forking  # noqa: E402
import torch  # noqa: E402
from killing import MOMENTS, kill_at  # noqa: E402
from running import SMALL, differing, surroundings  # noqa: E402

LENGTH = (
    "trainer.max_epochs=3",
    "data.batches_per_epoch=4",
    "callbacks.last.every_n_batches=3",
    *("data.val._target_=toys.SmallPhotographs", "+data.val.height=64", "+data.val.width=80"),
)
TRUSTED = "trust=[toys,killing]"
OWN = ("--config-dir", str(TESTS / "conf"))
COSINE = "{_target_:deblurkit.methods.frame.schedules.warmup_cosine,_partial_:true}"
AVERAGE = "callbacks=[default,ema]"
NETWORKS = [
    *(
        f"model.{network}.{size}"
        for network in ("deblurrer", "blurrer")
        for size in ("channels=4", "blocks=1")
    ),
    *(
        f"model.{critic}.{size}"
        for critic in ("sharp_critic", "blurred_critic")
        for size in ("channels=4", "strided=1")
    ),
]
DDP = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.precision=32-true")
DIRECT = (*LENGTH, AVERAGE, "model=toy_direct", f"+model.scheduler={COSINE}")
DUEL = (*LENGTH, AVERAGE, "model=toy_duel", f"+model.schedulers={{generator:{COSINE}}}")
CYCLE = (*LENGTH, AVERAGE, "model=cyclegan", "data=photos_unpaired", *NETWORKS)
SOLVER = ("model=toy_solver", "data=toy_pictures", "callbacks.last.every_n_batches=2")
CASES: Mapping[str, Sequence[str]] = {
    "automatic": DIRECT,
    "manual, 2 workers": (*DUEL, "data.workers=2"),
    "per picture": SOLVER,
    "two pools": (*CYCLE, "model.pool.capacity=3"),
    "automatic, 2 ranks": (*DIRECT, *DDP),
    "manual, accumulating": (*DUEL, "trainer.accumulate_grad_batches=2"),
    "manual, 2 ranks, 2 workers": (*DUEL, *DDP, "data.workers=2"),
}
NETWORK_ONLY = (
    "trainer.max_epochs=2",
    "data.batches_per_epoch=3",
    "data.batch_size=2",
    "data.crop=32",
    "data.test=null",
)
PLACES = {"step": 9, "validation": 5, "border": 3, "write": 8, "rename": 8}  # to choose from
AS_IF = "as if nothing had happened"


def arguments(case: str) -> list[str]:
    """The overrides of a case, as on a command line."""
    small = [given for given in SMALL if case != "per picture" or given not in NETWORK_ONLY]
    chosen = [given for given in small if not given.startswith("trust=")]
    return [*OWN, *chosen, *CASES[case], TRUSTED, "hydra.run.dir=run"]


def trained(given: Sequence[str], folder: Path) -> int:
    """Run the command in a process of its own; its exit code, negative where a signal ended it.

    One device needs a fork only, of a process that has everything imported; several need a command
    that can be repeated.
    """
    if "trainer.devices=2" in given or "devices: 2" in config_of(folder):
        return started(given, folder)
    process = forking.started(
        "deblurkit.cli.train",
        given,
        folder=folder,
        environment=surroundings(),
        output=folder / "printed.txt",
    )
    return forking.code_of(process, timeout=600)


def config_of(folder: Path) -> str:
    """Of a run that was begun."""
    file = folder / "run" / "config.yaml"
    return file.read_text() if file.is_file() else ""


def started(given: Sequence[str], folder: Path) -> int:
    """The same by a command; whatever rank outlives the others is ended."""
    environment = os.environ | {"PYTHONPATH": str(TESTS / "support"), "OMP_NUM_THREADS": "1"}
    with (folder / "printed.txt").open("ab") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "deblurkit.cli.train", *given],
            cwd=folder,
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(timeout=600)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def outcome(folder: Path) -> dict[str, Any]:
    """What a finished run leaves behind, without what its clock says."""
    files = {
        path.name: torch.load(path, weights_only=True) for path in sorted(folder.glob("*t.ckpt"))
    }
    with (folder / "metrics.csv").open() as stream:
        return {**files, "metrics": list(csv.DictReader(stream))}


def point(case: str, moment: str, luck: random.Random, place: Path, expected: Any) -> str:
    """Kill one run, resume it, compare; what went wrong, or nothing."""
    number = luck.randrange(PLACES[moment])
    delay = luck.choice([0.0, luck.uniform(0, 0.03)])
    rank = luck.randrange(2) if "ranks" in case and moment not in ("write", "rename") else 0
    words = f"{case}: {moment} {number}, rank {rank}, {1000 * delay:.0f} ms"
    code = trained([*arguments(case), kill_at(moment, number, delay, rank)], place)
    begun = any((place / "run").glob("*.ckpt"))
    again = ["resume=run", "callbacks.kill=null", TRUSTED] if begun else arguments(case)
    words += "" if code else " (over before)"
    words += "" if begun else " (before the first checkpoint)"
    if (code := trained(again, place)) != 0:
        return f"{words}: code {code}, see printed.txt"
    wrong = differing(expected, outcome(place / "run"))
    return f"{words}: {wrong[:5] if wrong else AS_IF}"


def main() -> None:
    """Kill as many runs as asked."""
    points = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    luck = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    kept = Path(tempfile.mkdtemp(prefix="kill_runs_"))
    place = kept / "current"  # always the same: checkpoints hold the path of the best one
    expected: dict[str, Any] = {}
    good = 0
    for number, case, moment in zip(
        range(points), itertools.cycle(CASES), itertools.cycle(MOMENTS)
    ):
        if case not in expected:
            place.mkdir()
            assert trained(arguments(case), place) == 0, f"see {place}/printed.txt"
            expected[case] = outcome(place / "run")
            place.rename(kept / f"whole_{len(expected)}")
        place.mkdir()
        said = point(case, moment, luck, place, expected[case])
        place.rename(kept / f"killed_{number + 1}")
        good += said.endswith(AS_IF)
        print(f"{number + 1:3d} {said}", flush=True)
    print(f"{good} of {points} ended as if nothing had happened; their folders are in {kept}")
    sys.exit(good < points)


if __name__ == "__main__":
    main()
