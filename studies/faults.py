"""Twenty one-line faults, one after the other: are they caught by the tests of ``make test``?

    python studies/faults.py            # all
    python studies/faults.py 3 7        # some, by their number

Each is put into a copy of this checkout, and those test files are run on it that are to notice it,
up to the first failure; tests that are slow are left out, as in ``make test``. Prints a line per
fault, and ends with code 1 if one was not caught.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What stands in one place of src, what takes its place, and the test files that are to notice.
FAULTS = [
    # imaging
    ("kernels.flip(-1, -2).expand", "kernels.expand", "test_convolution.py"),
    ('mode = "reflect" if min(', 'mode = "replicate" if min(', "test_convolution.py"),
    ("place - begin)", "place - begin + 1)", "test_tiles.py"),
    # data
    ("start = self.drawn + self.rank * self.batch_size", "start = self.drawn", "test_stream.py"),
    (
        'np.random.default_rng(number(self.seed, pool, "order", cycle))',
        'np.random.default_rng(number(self.seed, pool, "order", 0))',
        "test_stream.py",
    ),
    ('"blurred" in row for row in rows', '"sharp" in row for row in rows', "test_mixture.py"),
    # networks
    ("return first * second", "return first + second", "test_nafnet.py"),
    ("features * self.mix(means)", "features + self.mix(means)", "test_nafnet.py"),
    # losses
    (
        "return fake_scores.mean() - real_scores.mean()",
        "return real_scores.mean() - fake_scores.mean()",
        "test_adversarial.py",
    ),
    (
        "+ fake_scores.square().mean()) / 2",
        "+ fake_scores.square().mean())",
        "test_adversarial.py",
    ),
    ("return rows + columns", "return rows - columns", "test_total_variation.py"),
    # metrics
    (".clamp(0, 1).mul_(PEAK).round_()", ".clamp(0, 1).mul_(PEAK).floor_()", "test_gopro.py"),
    ("return 10 * (PEAK**2 * sharp.size", "return 20 * (PEAK**2 * sharp.size", "test_gopro.py"),
    # methods
    ("if clip and norm > clip:", "if clip and norm < clip:", "test_manual.py"),
    ("            self.in_a_row = 0\n", "            pass\n", "test_not_finite.py"),
    # callbacks
    (
        "decay = min(self.decay, (1 + self.steps) / (10 + self.steps))",
        "decay = self.decay",
        "test_average.py",
    ),
    ("copy_into(restorer_state(module), self._raw)", "self._raw = {}", "test_average.py"),
    # files and trust
    (
        "            part.replace(target)\n",
        "            shutil.copy(part, target)\n",
        "test_storage.py",
    ),
    (
        'own = target == TEACHER or (_inside(module, homes) and "." not in name)',
        "own = True",
        "test_trust.py test_config.py",
    ),
    ('"." not in name', "True", "test_trust.py test_config.py test_configs.py"),
]


def place_of(line: str, root: Path) -> Path:
    """The one file of src that holds a text.

    Raises:
        LookupError: If none does, or several.
    """
    files = [file for file in (root / "src").rglob("*.py") if line in file.read_text("utf-8")]
    if len(files) != 1:
        raise LookupError(f"{line!r} stands in {len(files)} files")
    return files[0]


def caught(line: str, fault: str, names: str, root: Path) -> str:
    """What pytest says of a fault at the end; nothing where it notices none."""
    file = place_of(line, root)
    right = file.read_text("utf-8")
    file.write_text(right.replace(line, fault), "utf-8")
    tests = [str(path) for name in names.split() for path in (root / "tests").rglob(name)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(right, "utf-8")
    failed = [said for said in done.stdout.splitlines() if said.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if done.returncode == 1 and failed else ""


def main() -> None:
    """Try the faults that are asked for."""
    asked = [int(number) for number in sys.argv[1:]] or range(1, len(FAULTS) + 1)
    missed = 0
    with tempfile.TemporaryDirectory() as copy:
        root = Path(copy) / "checkout"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".venv", ".git", "runs"))
        for number in asked:
            line, fault, names = FAULTS[number - 1]
            said = caught(line, fault, names, root)
            missed += not said
            print(f"{number:2d} {fault.strip()!r}: {said or 'NOT CAUGHT'}", flush=True)
    print(f"{len(asked) - missed} of {len(asked)} faults caught")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
