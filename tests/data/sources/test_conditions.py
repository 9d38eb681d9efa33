"""Class maps: read, refused, and aligned with their pictures whatever happens to these."""

import io
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from data_modules import line_blur, module
from small_sources import Mapped, Numbered

from deblurkit.data.augment import PairedAugmentation
from deblurkit.data.augment_batch import BatchAugmentation
from deblurkit.data.sources.cache import Cached
from deblurkit.data.sources.conditions import read_condition
from deblurkit.data.sources.folders import FolderPairs, FolderPictures
from deblurkit.data.sources.subsets import Share
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.files import write_image

SIDE = 40
GEOMETRY = [
    {"name": "D4", "p": 1.0},
    {"name": "Affine", "translate_px": [-3, 3], "interpolation": 0, "mask_interpolation": 0},
]
PHOTOMETRY = [{"name": "RandomBrightnessContrast", "p": 1.0}]
NOISE = [{"name": "GaussNoise", "std_range": [0.05, 0.1], "p": 1.0}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures whose green and blue are row and column, and maps that say the same."""
    root = tmp_path_factory.mktemp("maps")
    source = Mapped(6, side=SIDE, classes=8)
    for index in range(len(source)):
        pictures = source.read(index)
        maps = pictures["condition"].transpose(2, 0, 1)
        maps = maps if index % 2 else (maps / 255).astype(np.float32)
        for role in ("blurred", "sharp"):
            write_image(root / role / f"{index}.png", pictures[role])
        (root / "maps").mkdir(exist_ok=True)
        np.save(root / "maps" / f"{index}.npy", maps)
    np.save(root / "maps" / "of no picture.npy", maps)
    return root


def aligned(rows: dict[str, Any]) -> bool:
    """Whether a pixel's map says the row and column that its colours say."""
    picture = rows["sharp"] if "sharp" in rows else rows["blurred"]
    places, maps = (255 * picture[:, 1:]).round(), (255 * rows["condition"]).round()
    return torch.equal(places, maps[:, :2])


def test_floats_and_bytes_are_read_alike(folder: Path) -> None:
    source = Mapped(6, side=SIDE, classes=8)
    for index in (0, 1):
        read = read_condition(folder / "maps" / f"{index}.npy")
        assert read.dtype == np.uint8
        assert read.flags.c_contiguous
        assert np.array_equal(read, source.read(index)["condition"])


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_maps_stay_with_their_pictures(
    cached: bool, workers: int, folder: Path, tmp_path: Path
) -> None:
    pairs = FolderPairs(folder, condition="maps")
    blurred, sharp = (
        FolderPictures(folder, role, role=role, condition="maps") for role in ("blurred", "sharp")
    )
    pools = {"paired": pairs, "blurred": blurred, "sharp": Share(sharp, 0, 0.5)}
    if cached:
        pools = {pool: Cached(source, tmp_path / pool) for pool, source in pools.items()}
    data = module(
        pools,
        crop=16,
        batch_size=6,
        workers=workers,
        augmentation=PairedAugmentation(geometry=GEOMETRY[:1]),
        batch_augmentation=BatchAugmentation(),
    )
    seen = set()
    for batch in data.train_dataloader():
        finished = data.on_after_batch_transfer(batch, 0)
        for pool, rows in finished.items():
            assert rows["condition"].shape == (6, 8, 16, 16), pool
            assert torch.allclose(rows["condition"].sum(dim=1), torch.ones(6, 16, 16))
            assert aligned(rows)
        orientation = (255 * finished["paired"]["condition"][:, :2, :2, :2]).round()
        seen |= {tuple((one - one[:, :1, :1]).flatten().tolist()) for one in orientation}
    assert len(seen) > 4  # turned and flipped, all of them


def test_colours_and_noise_leave_maps_alone() -> None:
    pictures = Mapped(3, side=SIDE, classes=8).read(1)
    changed = PairedAugmentation(photometry=PHOTOMETRY, degradation=NOISE)(pictures, 0)
    assert not np.array_equal(changed["sharp"], pictures["sharp"])
    assert np.array_equal(changed["condition"], pictures["condition"])
    colours = BatchAugmentation(flip=0, turn=0, brightness=0.3, hue=0.1)
    batch = {role: torch.rand(2, 3, 8, 8) for role in ("blurred", "sharp")}
    batch["condition"] = torch.rand(2, 8, 8, 8).softmax(dim=1)
    assert torch.equal(colours(batch, 0)["condition"], batch["condition"])


@pytest.mark.parametrize("seed", range(6))
def test_shifts_move_maps_as_their_pictures(seed: int) -> None:
    pictures = Mapped(3, side=SIDE, classes=8).read(1)
    moved = PairedAugmentation(geometry=GEOMETRY)(pictures, seed)
    inside = (slice(6, -6), slice(6, -6))
    assert np.array_equal(moved["sharp"][inside][..., 1:], moved["condition"][inside][..., :2])
    assert moved["condition"].shape == pictures["condition"].shape


def test_a_map_is_trimmed_and_mirrored_with_its_picture() -> None:
    """Blur made here costs a margin; a picture that is too small is mirrored."""
    for side in (40, 18):
        data = module({"paired": Mapped(4, "sharp", side=side)}, synthesis=line_blur(), crop=16)
        rows = data.pools_at(range(8))["paired"]
        assert rows["condition"].shape == (8, 5, 16, 16)
        assert aligned(rows)
    data = module({"blurred": Mapped(4, "sharp")}, synthesis=line_blur())
    assert set(data.pools_at([0])["blurred"]) == {"blurred", "name", "kernel", "condition"}


def test_evaluation_has_them_too(folder: Path) -> None:
    data = module({"paired": Numbered(3)}, val=FolderPairs(folder, condition="maps"))
    whole = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    assert whole["condition"].shape == (1, 8, SIDE, SIDE)
    assert torch.allclose(whole["condition"].sum(dim=1), torch.ones(1, SIDE, SIDE))
    assert aligned(whole)


def test_even_classes_stay_even() -> None:
    """An eighth is no multiple of 1/255; what a batch holds is exact all the same."""
    even = Mapped(1, classes=8)
    even.read = lambda index: {
        "condition": np.full((24, 24, 8), 32, np.uint8),
        **Numbered(1).read(0),
    }
    rows = module({"paired": even}).pools_at([0])["paired"]
    assert torch.equal(rows["condition"], torch.full((1, 8, 8, 8), 0.125))


def test_a_cache_of_maps_survives_the_trip_to_a_worker(folder: Path, tmp_path: Path) -> None:
    own = shutil.copytree(folder, tmp_path / "own")
    pairs = FolderPairs(own, condition="maps")
    cached = pickle.loads(pickle.dumps(Cached(pairs, tmp_path / "cache")))
    for index in (0, 5):
        for role, pixels in pairs.read(index).items():
            assert np.array_equal(cached.read(index)[role], pixels)
    np.save(own / "maps" / "5.npy", np.full((8, SIDE, SIDE), 0.125))
    changed = Cached(pairs, tmp_path / "cache")
    assert (changed.read(5)["condition"] == 32).all()
    np.save(own / "maps" / "5.npy", np.full((4, SIDE, SIDE), 0.25))
    with pytest.raises(InputError, match=r"class map of 5 has 4 classes and that of 0 8"):
        Cached(pairs, tmp_path / "cache")


def test_a_missing_map_and_one_of_another_size_are_named(tmp_path: Path) -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    write_image(tmp_path / "blurred" / "a.png", picture)
    (tmp_path / "maps").mkdir()
    with pytest.raises(InputError, match=r"no class maps \(\.npy\) in .*maps: .*holds nothing"):
        FolderPictures(tmp_path, "blurred", role="blurred", condition="maps")
    np.save(tmp_path / "maps" / "b.npy", np.ones((1, 8, 12)))
    with pytest.raises(InputError, match=r"a\.png has no class map named 'a\.npy' in .*maps"):
        FolderPictures(tmp_path, "blurred", role="blurred", condition="maps")
    np.save(tmp_path / "maps" / "a.npy", np.ones((1, 12, 8)))
    source = FolderPictures(tmp_path, "blurred", role="blurred", condition="maps")
    with pytest.raises(InputError, match=r"a\.npy has 8x12 pixels and its partner .* 12x8"):
        source.read(0)


ONE = np.ones((1, 4, 4), np.float32)


def lying(*shape: int) -> bytes:
    """A header of many values with few behind it."""
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(64)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lying(8, 1 << 20, 1 << 20), "damaged or no array"),
        (lying(8, 4, 4), "damaged or no array"),
        (ONE[0], r"an array \(classes, height, width\)"),
        (ONE.astype(np.int64), "holds floats or uint8, this one int64"),
        (ONE / 2, "must not be negative and sum to 1 at each pixel"),
        (np.concatenate([2 * ONE, -ONE]), "must not be negative"),
        (ONE * np.nan, "sum to 1"),
        (ONE.astype(np.uint8), "sum to 255"),
        (np.array([{"a": 1}]), "damaged or no array"),  # a pickle: it is not opened
        (b"no array", "damaged or no array"),
        (b"", "damaged or no array"),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_class_map_is_one_sentence(values: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    if isinstance(values, bytes):
        file.write_bytes(values)
    elif values is not None:
        np.save(file, values, allow_pickle=True)
    with pytest.raises(PictureError, match=rf"a\.npy cannot be read: .*{words}") as caught:
        read_condition(file)
    assert "\n" not in str(caught.value)
