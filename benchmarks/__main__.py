"""Runs every benchmark, one after the other, and prints what they print in one piece.

``python benchmarks`` runs all, ``python benchmarks kernels cache`` some of them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
QUESTIONS = {
    "kernels": "Blur kernels against a plain file of the published generator",
    "blurring": "Blur of a batch against SciPy per picture and channel",
    "cache": "Crops out of the prepared cache against decoding whole frames",
    "overhead": "What our bases add to a bare Lightning step",
    "gan_step": "A training step of DeblurGAN against a plain port of the published one",
    "training_step": "A whole training step as trainer=cpu takes it, against float32",
    "protocols": "Protocols against the plain way to the same numbers",
    "selfdeblur": "An iteration of SelfDeblur against a plain port of the published loop",
    "start": "What it costs to start, from the key press to the end of a small command",
    "restore": "DCLNet on a 1280x720 picture: time, memory, share of the convolution speed",
    "inference": "Every network on a 1280x720 picture, and published times",
}


def main() -> None:
    chosen = sys.argv[1:] or list(QUESTIONS)
    unknown = [name for name in chosen if name not in QUESTIONS]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]!r}; there are {', '.join(QUESTIONS)}")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    failed = []
    for name in chosen:
        begin = time.monotonic()
        command = [sys.executable, str(FOLDER / f"{name}.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        title = f"{name}: {QUESTIONS[name]}"
        print(f"{title}\n{'-' * len(title)}\n{done.stdout.rstrip()}")
        if done.returncode:
            failed.append(name)
            print(done.stderr.rstrip())
        print(f"({time.monotonic() - begin:.0f} s)\n", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
