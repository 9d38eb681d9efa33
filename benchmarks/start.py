"""What it costs to start: processor seconds of whole processes, from the key press to their end.

Each case is begun in turn, round after round, so that other work on the machine disturbs all
alike; the least of each is printed, beside the import of torch, which nothing that computes can do
without. With ``--against`` another checkout that has its own ``.venv`` takes turns with this one,
and the median of the ratios of single rounds is printed.

    python benchmarks/start.py
    python benchmarks/start.py --against ../older
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import cv2
import numpy as np

ROUNDS = 5
OURS = Path(sys.executable)
# Tells on the error stream what the processor has spent when a first line was written.
FIRST_LINE = """
import sys, time
class Told:
    def __init__(self, stream): self.stream, self.first = stream, True
    def __getattr__(self, name): return getattr(self.stream, name)
    def write(self, text):
        if self.first: print(f"first line: {time.process_time():.3f}", file=sys.stderr)
        self.first = False
        return self.stream.write(text)
sys.stdout = Told(sys.stdout)
"""
DEBLUR = "from deblurkit.cli.deblur import main\nmain()"
CASES: dict[str, tuple[str, list[str]]] = {
    "import torch": ("import torch", []),
    "a misspelt file": (DEBLUR, ["photo.pgn"]),
    "a misspelt name of weights": (DEBLUR, ["small.png", "weights=tyni"]),
    "a misspelt option": (DEBLUR, ["small.png", "wieghts=tiny"]),
    "deblurkit-deblur --help": (DEBLUR, ["--help"]),
    "one small picture": (DEBLUR, ["small.png"]),
    "build('dclnet_tiny')": ("import deblurkit; deblurkit.build('dclnet_tiny')", []),
    "load('tiny')": ("import deblurkit; deblurkit.load('tiny')", []),
}
LINE = "one small picture, until the first line"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", type=Path, help="another checkout, with its own .venv")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    pythons = [OURS] if chosen.against is None else [OURS, python_of(chosen.against)]
    spent: dict[str, list[list[float]]] = {name: [] for name in [*CASES, LINE]}
    for _ in range(chosen.rounds):
        for name, (program, words) in CASES.items():
            pairs = [seconds(python, program, words) for python in pythons]
            spent[name].append([whole for whole, _ in pairs])
            if name == "one small picture":
                spent[LINE].append([first for _, first in pairs])
    for name, rounds in spent.items():
        least = [f"{min(side):5.2f} s" for side in zip(*rounds, strict=True)]
        ratios = [ours and theirs / ours for ours, *others in rounds for theirs in others]
        ratio = f"  {median(ratios):4.1f} x" if ratios else ""
        print(f"{name:42} {'  '.join(least)}{ratio}")


def python_of(checkout: Path) -> Path:
    return checkout.resolve() / ".venv" / "bin" / "python"


def seconds(python: Path, program: str, words: list[str]) -> tuple[float, float]:
    """Processor seconds of a process, and those until its first line."""
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
        cv2.imwrite(f"{folder}/small.png", cv2.GaussianBlur(noise, (0, 0), 2))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [python, "-c", FIRST_LINE + program, *words],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = [line for line in done.stderr.splitlines() if line.startswith("first line: ")]
    first = float(told[0].split()[-1]) if told else float("nan")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, first


if __name__ == "__main__":
    main()
