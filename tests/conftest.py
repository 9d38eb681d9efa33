"""What all tests share: shape checks, one thread, real pictures, a small GOPRO_Large."""

import os

# Before anything that reads them is imported.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

from jaxtyping import install_import_hook

# Shapes and types of every call are checked, in the tests only, wherever tensors are handed on.
TENSORS = (
    "contracts",
    "imaging",
    "data",
    "networks",
    "losses",
    "metrics",
    "methods",
    "restoring",
    "callbacks",
)
install_import_hook([f"deblurkit.{name}" for name in TENSORS], "checking.check")

# ruff: noqa: E402
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray

TRAIN = (
    *("GOPR0372_07_00", "GOPR0372_07_01", "GOPR0374_11_00", "GOPR0374_11_01", "GOPR0374_11_02"),
    *("GOPR0374_11_03", "GOPR0378_13_00", "GOPR0379_11_00", "GOPR0380_11_00", "GOPR0384_11_01"),
    *("GOPR0384_11_02", "GOPR0384_11_03", "GOPR0384_11_04", "GOPR0385_11_00", "GOPR0386_11_00"),
    *("GOPR0477_11_00", "GOPR0857_11_00", "GOPR0868_11_01", "GOPR0868_11_02", "GOPR0871_11_01"),
    *("GOPR0881_11_00", "GOPR0884_11_00"),
)
TEST = ("GOPR0384_11_00", "GOPR0854_11_00")
FRAMES = ("000047", "000054")
HEIGHT, WIDTH = 96, 128  # of the pictures, pixels
EXPOSURE = 7  # frames averaged to one blurred picture


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is installed
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one worker run all tests of a file with a fixture of the module: others would remake it.

    The mark ``xdist_group`` would say so in the tests, but pytest 9.2 takes no notice of it.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return file if has_module_fixture(config.rootpath / file) else nodeid

    return Scheduling(config, log)


@cache
def has_module_fixture(file: Path) -> bool:
    """Whether a test file makes something once for all its tests."""
    return 'scope="module"' in file.read_text(encoding="utf-8")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real data sets' samples."""
    folder = os.environ.get("DEBLURKIT_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set DEBLURKIT_TEST_DATA to the folder of real pictures to run this test")
    return Path(folder)


@pytest.fixture(scope="session")
def gopro_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GOPRO_Large in small, shared by all tests: read it, do not write to it.

    22 sequences train and 2 test, as many as the real set trains with, two pictures of 96 x 128
    each, ``{train,test}/<sequence>/{blur,blur_gamma,sharp}/<frame>.png``. A window glides over a
    photograph; a blurred picture is the mean of seven of its frames, its partner the middle one.
    """
    root = tmp_path_factory.mktemp("data") / "GOPRO_Large"
    generator = np.random.default_rng(0)
    photographs = {"train": training_photographs(), "test": [skimage.data.astronaut()]}
    for part, sequences in (("train", TRAIN), ("test", TEST)):
        for number, sequence in enumerate(sequences):
            pictures = photographs[part]
            photograph = pictures[number % len(pictures)]
            for name, frames in zip(FRAMES, glide(photograph, generator), strict=True):
                write_exposure(root / part / sequence, name, frames)
    return root


def training_photographs() -> list[NDArray[np.uint8]]:
    """Photographs with something to see everywhere."""
    left, right, _ = skimage.data.stereo_motorcycle()
    return [skimage.data.coffee(), left, skimage.data.immunohistochemistry(), right]


def glide(
    photograph: NDArray[np.uint8], generator: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    """Exposures of a window that crosses a photograph in a straight line."""
    velocity = generator.uniform(-1.2, 1.2, size=2)  # pixels per frame
    reach = len(FRAMES) * EXPOSURE * 2  # more than it ever moves, pixels
    room = np.array(photograph.shape[:2]) - (HEIGHT, WIDTH) - 2 * reach
    start = reach + generator.uniform(0, room)
    for exposure in range(len(FRAMES)):
        times = exposure * EXPOSURE + np.arange(EXPOSURE)
        places = (start + times[:, None] * velocity).round().astype(int)
        yield np.stack([photograph[y : y + HEIGHT, x : x + WIDTH] for y, x in places])


def write_exposure(folder: Path, name: str, frames: NDArray[np.uint8]) -> None:
    """Write the mean of the frames, their mean in linear light, and the middle frame."""
    pictures = {
        "blur": frames.mean(axis=0),
        "blur_gamma": 255 * np.mean((frames / 255) ** 2.2, axis=0) ** (1 / 2.2),
        "sharp": frames[len(frames) // 2],
    }
    for variant, picture in pictures.items():
        place = folder / variant
        place.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(place / f"{name}.png"), picture.round().astype(np.uint8)[..., ::-1])
