import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from omegaconf import OmegaConf
from small_sources import Numbered
from torch.utils.data import DataLoader, Dataset

from deblurkit.data.augment import PairedAugmentation, crop_box, pad_up
from deblurkit.data.sources.photos import Photos
from deblurkit.data.stream import Position, Stream, StreamLoader, collate
from deblurkit.errors import InputError

FLIPS = [{"name": "HorizontalFlip", "p": 0.5}, {"name": "VerticalFlip", "p": 0.5}]
NOISE = [{"name": "GaussNoise", "std_range": [0.05, 0.1], "p": 1.0}]
COLOUR = [{"name": "RandomBrightnessContrast", "p": 1.0}]


@pytest.fixture(scope="module")
def pair() -> dict[str, np.ndarray]:
    crop = Photos(["chelsea"]).crop(0, top=80, left=150, side=32)["sharp"]
    return {"blurred": crop, "sharp": crop.copy()}


def test_both_pictures_of_a_pair_move_and_change_alike(pair: dict[str, np.ndarray]) -> None:
    augmentation = PairedAugmentation(geometry=[{"name": "D4", "p": 1}], photometry=COLOUR)
    answers = [augmentation(pair, seed) for seed in range(12)]
    assert all(np.array_equal(answer["blurred"], answer["sharp"]) for answer in answers)
    assert all(answer["sharp"].flags.c_contiguous for answer in answers)
    assert len({answer["sharp"].tobytes() for answer in answers}) == 12


def test_noise_falls_on_the_input_only(pair: dict[str, np.ndarray]) -> None:
    before = {role: pixels.copy() for role, pixels in pair.items()}
    answer = PairedAugmentation(degradation=NOISE)(pair, 3)
    assert np.array_equal(answer["sharp"], pair["sharp"])
    assert 5 < np.std(answer["blurred"].astype(float) - pair["blurred"]) < 30
    assert all(np.array_equal(pair[role], before[role]) for role in pair)
    alone = PairedAugmentation(geometry=FLIPS, degradation=NOISE)({"sharp": pair["sharp"]}, 0)
    assert sorted(alone["sharp"].ravel()) == sorted(pair["sharp"].ravel())


def test_two_flips_are_independent_of_each_other_and_of_the_crop() -> None:
    corners = {"sharp": np.arange(4, dtype=np.uint8).reshape(2, 2, 1).repeat(3, axis=2)}
    flips = PairedAugmentation(geometry=FLIPS)
    seen = Counter(
        (int(flips(corners, seed)["sharp"][0, 0, 0]), crop_box(2, 1, 1, seed)[0])
        for seed in range(800)
    )
    assert len(seen) == 8
    assert all(60 < count < 140 for count in seen.values())


class Draws(Dataset[np.ndarray]):
    """What a stream does: the seed comes from the draw's number."""

    def __init__(self, pair: dict[str, np.ndarray]) -> None:
        self.pair = pair
        self.augmentation = PairedAugmentation(geometry=FLIPS, degradation=NOISE)

    def __len__(self) -> int:
        return 16

    def __getitem__(self, draw: int) -> np.ndarray:
        return self.augmentation(self.pair, draw)["blurred"]


def test_augmentation_is_the_same_for_any_number_of_workers(pair: dict[str, np.ndarray]) -> None:
    loaded = [
        np.concatenate(list(DataLoader(Draws(pair), batch_size=4, num_workers=workers)))
        for workers in (0, 1, 2)
    ]
    assert np.array_equal(loaded[0], loaded[1])
    assert np.array_equal(loaded[0], loaded[2])
    assert len({picture.tobytes() for picture in loaded[0]}) == 16  # no draw repeats another


def test_no_worker_and_no_epoch_repeats_the_draws_of_another() -> None:
    """Albumentations alone does: its generators are copied into every forked worker."""
    position = Position(batch_size=2, batches=4)
    stream = Stream(
        {"paired": Numbered(1)},
        sides={"paired": 24},
        seed=0,
        augmentation=PairedAugmentation(degradation=NOISE),
    )
    loader = StreamLoader(stream, batch_sampler=position, collate_fn=collate, num_workers=2)
    patterns = []
    for _ in range(2):  # epochs
        for batch in loader:
            noise = batch["paired"]["blurred"].int() - batch["paired"]["sharp"].int()
            patterns += [row.numpy().tobytes() for row in noise]
            position.advance()
    assert len(patterns) == len(set(patterns)) == 16


def test_the_answer_depends_on_the_seed_alone(pair: dict[str, np.ndarray]) -> None:
    augmentation = PairedAugmentation(geometry=FLIPS, photometry=COLOUR, degradation=NOISE)
    first = augmentation(pair, 5)
    augmentation(pair, 6)
    again = augmentation(pair, 5)
    assert all(np.array_equal(first[role], again[role]) for role in pair)


def test_configs_may_nest_and_come_from_a_yaml(pair: dict[str, np.ndarray]) -> None:
    given = OmegaConf.create(
        [{"name": "OneOf", "p": 1.0, "transforms": [*NOISE, {"name": "ImageCompression", "p": 1}]}]
    )
    answer = PairedAugmentation(degradation=given)(pair, 0)
    assert not np.array_equal(answer["blurred"], pair["blurred"])


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"geometry": [{"name": "HorizontalFlop"}]}, "'HorizontalFlop' is no transform"),
        ({"geometry": [{"p": 0.5}]}, "None is no transform"),
        ({"geometry": [{"name": "HorizontalFlip", "q": 1}]}, r"HorizontalFlip\(.*'q'"),
        ({"degradation": [{"name": "GaussNoise", "std_range": [5, 3]}]}, "std_range"),
        ({"degradation": [{"name": "HorizontalFlip"}]}, "move it to geometry"),
        ({"geometry": NOISE}, "move it to photometry or degradation"),
    ],
)
def test_what_albumentations_does_not_know_is_refused(lists: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PairedAugmentation(**lists)


def test_conversions_are_refused(pair: dict[str, np.ndarray]) -> None:
    convert = PairedAugmentation(photometry=[{"name": "ToFloat", "p": 1}])
    with pytest.raises(InputError, match="size or dtype"):
        convert(pair, 0)


def test_degradations_of_16_bits_are_refused(pair: dict[str, np.ndarray]) -> None:
    """JPEG and noise would answer floats of another range, or fail within OpenCV."""
    deep = {role: pixels.astype(np.uint16) * 257 for role, pixels in pair.items()}
    with pytest.raises(InputError, match=r"made for 8-bit pictures.*degradation=\[\]"):
        PairedAugmentation(degradation=[{"name": "GaussianBlur", "p": 1}])(deep, 0)
    flipped = PairedAugmentation(geometry=[{"name": "HorizontalFlip", "p": 1}])(deep, 0)
    assert np.array_equal(flipped["blurred"], deep["blurred"][:, ::-1])


def test_crops_cover_the_picture_evenly_and_repeat_for_a_seed() -> None:
    boxes = [crop_box(40, 100, 32, seed) for seed in range(2000)]
    tops, lefts = zip(*boxes, strict=True)
    assert (min(tops), max(tops), min(lefts), max(lefts)) == (0, 8, 0, 68)
    assert min(Counter(tops).values()) > 2000 / 9 * 0.7
    assert boxes[7] == crop_box(40, 100, 32, 7)
    assert crop_box(20, 32, 32, 1) == (0, 0)


def test_small_pictures_are_reflected_up() -> None:
    small = np.arange(2 * 40 * 3, dtype=np.uint8).reshape(2, 40, 3)
    padded = pad_up({"sharp": small}, 32)["sharp"]
    assert padded.shape == (32, 40, 3)
    assert np.array_equal(padded[:3], small[[0, 1, 0]])
    assert pad_up({"sharp": padded}, 32)["sharp"] is padded


def test_importing_the_adapter_does_not_import_albumentations() -> None:
    code = "import sys, deblurkit.data.augment; print('albumentations' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "False", answer.stderr
