import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageOps

from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import (
    Picture,
    as_pixels,
    as_tensor,
    eight_bit,
    picture_size,
    read_image,
    read_picture,
    write_image,
    write_picture,
)


@pytest.fixture(scope="module")
def cat() -> np.ndarray:
    return np.ascontiguousarray(skimage.data.chelsea()[100:160, 120:200])


@pytest.fixture(scope="module")
def deep_cat(cat: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 257, cat.shape)
    return (cat.astype(np.int64) * 256 + noise).clip(0, 65535).astype(np.uint16)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".webp"])
def test_eight_bits_survive_exactly(cat: np.ndarray, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Kätzchen, süß{suffix}"
    write_image(path, cat)
    assert np.array_equal(read_image(path), cat)
    assert picture_size(path) == cat.shape[:2]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_survive_exactly(deep_cat: np.ndarray, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"deep{suffix}"
    write_image(path, deep_cat)
    picture = read_picture(path)
    assert picture.bits == 16
    assert np.array_equal(picture.pixels, deep_cat)
    assert np.array_equal(as_pixels(as_tensor(picture.pixels), 16), deep_cat)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(
    cat: np.ndarray, tmp_path: Path, suffix: str, orientation: int
) -> None:
    path = tmp_path / f"turned{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}
    Image.fromarray(cat).save(path, exif=exif, **how.get(suffix, {}))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    pixels = read_image(path)
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).max() <= (4 if suffix == ".jpg" else 0)
    assert picture_size(path) == pixels.shape[:2]
    write_image(path.with_suffix(".png"), pixels)
    assert read_image(path.with_suffix(".png")).shape == pixels.shape


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_comes_back_gray(deep_cat: np.ndarray, tmp_path: Path, dtype: type) -> None:
    gray = (deep_cat[..., 0] >> (0 if dtype == np.uint16 else 8)).astype(dtype)
    write_image(tmp_path / "gray.png", gray)
    picture = read_picture(tmp_path / "gray.png")
    assert picture.gray
    assert (picture.pixels == gray[..., None]).all()
    write_picture(tmp_path / "again.png", picture)
    assert np.array_equal(cv2.imread(str(tmp_path / "again.png"), cv2.IMREAD_UNCHANGED), gray)


def test_a_gray_picture_that_became_coloured_is_written_as_luminance(tmp_path: Path) -> None:
    pixels = np.full((4, 5, 3), (200, 100, 50), np.uint8)
    write_picture(tmp_path / "gray.png", Picture(pixels, gray=True))
    assert (read_image(tmp_path / "gray.png") == round(0.299 * 200 + 0.587 * 100 + 5.7)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_kind_becomes_rgb(cat: np.ndarray, tmp_path: Path, mode: str, suffix: str) -> None:
    if (mode, suffix) == ("CMYK", ".png"):
        suffix = ".jpg"
    path = tmp_path / f"kind{suffix}"
    source = Image.fromarray(cat).convert(mode)
    source.save(path)
    picture = read_picture(path)
    expected = np.asarray(Image.open(path).convert("RGB"))
    assert np.array_equal(picture.pixels, expected)
    assert picture.gray == (mode in ("1", "L", "LA"))
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    assert picture.pixels.flags.c_contiguous


def test_opacity_is_carried_over(deep_cat: np.ndarray, tmp_path: Path) -> None:
    alpha = np.ascontiguousarray(deep_cat[::-1, :, 1])
    for gray in (False, True):
        pixels = np.dstack([deep_cat[..., 0]] * 3) if gray else deep_cat
        write_picture(tmp_path / "alpha.png", Picture(pixels, gray=gray, alpha=alpha))
        picture = read_picture(tmp_path / "alpha.png")
        assert np.array_equal(picture.pixels, pixels)
        assert np.array_equal(picture.alpha, alpha)
    with pytest.raises(PictureError, match="transparency"):
        write_picture(tmp_path / "alpha.jpg", Picture(eight_bit(deep_cat), alpha=eight_bit(alpha)))


def test_floats_are_rounded_and_clamped(tmp_path: Path) -> None:
    image = np.array([[[-1.0, 0.5 / 255 + 1e-6, 0.4 / 255]], [[1.6 / 255, 1.0, 2.0]]])
    write_image(tmp_path / "float.png", image)
    assert read_image(tmp_path / "float.png").tolist() == [[[0, 1, 0]], [[2, 255, 255]]]
    assert as_pixels(as_tensor(read_image(tmp_path / "float.png"))).tolist() == [
        [[0, 1, 0]],
        [[2, 255, 255]],
    ]
    with pytest.raises(ValueError, match="finite"):
        write_image(tmp_path / "float.png", image * np.nan)
    with pytest.raises(ValueError, match="finite"):
        as_pixels(torch.full((3, 2, 2), torch.inf))


def test_eight_bit_is_the_nearest() -> None:
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(eight_bit(every), np.rint(every / 257).astype(np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("kept", [0.2, 0.7, 0.99])
def test_truncated_files_are_refused(
    cat: np.ndarray, tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"cut{suffix}"
    write_image(path, cat)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(PictureError, match=r"cut\.\w+ cannot be read: "):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"hello, world", "no BMP"), (b"%PDF-1.4", "no BMP")]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "no.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=f"no.png cannot be read: .*{reason}"):
        read_image(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        read_image(tmp_path / "absent.png")
    with pytest.raises(PictureError, match="no such file"):
        picture_size(tmp_path / "absent.png")
    with pytest.raises(PictureError, match="directory"):
        read_image(tmp_path)


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    for side in (12_000, 20_000):  # below and above Pillow's own limit
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        packed = zlib.compress(bytes(1000))
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed)
        (tmp_path / "bomb.png").write_bytes(data + chunk(b"IEND", b""))
        with pytest.raises(PictureError, match="claims"):
            read_image(tmp_path / "bomb.png")


def test_what_cannot_be_in_so_few_bytes_is_refused(tmp_path: Path) -> None:
    Image.new("1", (5_000, 4_000)).save(tmp_path / "black.png")
    assert read_image(tmp_path / "black.png").shape == (4_000, 5_000, 3)
    data = bytearray((tmp_path / "black.png").read_bytes())
    data[24:26] = b"\x08\x02"  # 8 bits, RGB: 24 times the pixels
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "black.png").write_bytes(data)
    with pytest.raises(PictureError, match="cannot be in"):
        read_image(tmp_path / "black.png")


def test_a_damaged_length_costs_no_memory(cat: np.ndarray, tmp_path: Path) -> None:
    write_image(tmp_path / "cat.png", cat)
    data = bytearray((tmp_path / "cat.png").read_bytes())
    data[33:37] = b"\x7f\xff\xff\xff"
    (tmp_path / "cat.png").write_bytes(data)
    with pytest.raises(PictureError, match="truncated"):
        read_image(tmp_path / "cat.png")


def test_damaged_files_raise_nothing_but_our_error(cat: np.ndarray, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    path = tmp_path / "damaged"
    for suffix in (".png", ".jpg", ".tif", ".webp"):
        write_image(tmp_path / f"whole{suffix}", cat)
        data = np.frombuffer((tmp_path / f"whole{suffix}").read_bytes(), np.uint8)
        for _ in range(40):
            damaged = data.copy()
            damaged[draw.integers(0, min(len(data), 300), 3)] = draw.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes())
            with suppress(PictureError):
                assert read_image(path).shape[2] == 3


def test_a_float_file_says_what_to_do(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "float.tif"), np.zeros((4, 5), np.float32))
    with pytest.raises(PictureError, match="8 or 16 bits"):
        read_image(tmp_path / "float.tif")


def test_a_format_that_cannot_hold_the_picture_is_refused(
    deep_cat: np.ndarray, tmp_path: Path
) -> None:
    with pytest.raises(PictureError, match="16"):
        write_image(tmp_path / "deep.jpg", deep_cat)
    with pytest.raises(PictureError, match=r"\.xyz"):
        write_image(tmp_path / "deep.xyz", deep_cat)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(
    cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.png"
    write_image(path, cat)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PictureError, match=r"kept\.png cannot be written: No space left"):
        write_image(path, cat[::-1])
    assert np.array_equal(read_image(path), cat)
    assert len(list(tmp_path.iterdir())) == 1


def test_names_of_255_bytes_and_missing_folders(cat: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "new" / ("x" * 251 + ".png")
    write_image(path, cat)
    assert np.array_equal(read_image(path), cat)


def test_a_phone_picture_with_trailing_bytes_is_read(cat: np.ndarray, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(cat).save(buffer, "JPEG")
    (tmp_path / "phone.jpg").write_bytes(buffer.getvalue() + bytes(500))
    assert read_image(tmp_path / "phone.jpg").shape == cat.shape
