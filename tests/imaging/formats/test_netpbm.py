"""Netpbm files say what is white; it is white in every one of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from deblurkit.data.sources.folders import FolderPairs
from deblurkit.errors import PictureError
from deblurkit.imaging.formats.files import picture_size, read_picture, write_image

LEVELS = np.array([[0, 1, 2], [5, 6, 7]])  # of 7


def netpbm(kind: int, top: int, values: np.ndarray) -> bytes:
    """A file with a comment in its head; ``kind`` is the digit behind the P."""
    height, width = values.shape[:2]
    head = f"P{kind} # drawn\n{width} {height}\n" + ("" if kind in (1, 4) else f"{top}\n")
    if kind == 4:
        return head.encode() + np.packbits(values.astype(np.uint8), axis=1).tobytes()
    if kind < 4:
        return (head + " ".join(map(str, values.astype(int).ravel())) + "\n").encode()
    return head.encode() + values.astype(np.uint8 if top < 256 else ">u2").tobytes()


@pytest.mark.parametrize("kind", [2, 3, 5, 6])
@pytest.mark.parametrize(
    ("top", "white", "seven"),
    [(7, 255, 255), (15, 255, 119), (255, 255, 7), (1023, 65535, 448), (65535, 65535, 7)],
)
def test_the_maximum_is_white(kind: int, top: int, white: int, seven: int, tmp_path: Path) -> None:
    stored = np.dstack([LEVELS] * 3) if kind in (3, 6) else LEVELS
    stored = np.concatenate([stored, np.full_like(stored, top)])
    (tmp_path / "a.pnm").write_bytes(netpbm(kind, top, stored))
    picture = read_picture(tmp_path / "a.pnm")
    assert picture.bits == (16 if top > 255 else 8)
    assert picture.gray == (kind in (2, 5))
    assert (picture.pixels[2:] == white).all()
    assert picture.pixels[1, 2].tolist() == [seven] * 3  # round(7 * white / top)
    assert picture.pixels[0, 0].tolist() == [0] * 3
    assert picture_size(tmp_path / "a.pnm") == (4, 3)


@pytest.mark.parametrize("kind", [1, 4])
def test_set_bits_are_black(kind: int, tmp_path: Path) -> None:
    (tmp_path / "a.pbm").write_bytes(netpbm(kind, 1, LEVELS > 5))
    assert read_picture(tmp_path / "a.pbm").pixels[..., 0].tolist() == [[255] * 3, [255, 0, 0]]


def test_what_another_encoder_writes_comes_back(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    for flag in (0, 1):  # text, bytes
        for name, values in (("a.ppm", deep), ("a.pgm", deep[..., 0])):
            for cut in (values, (values >> 8).astype(np.uint8)):
                assert cv2.imwrite(str(tmp_path / name), cut, [cv2.IMWRITE_PXM_BINARY, flag])
                shown = cut[..., ::-1] if cut.ndim == 3 else np.dstack([cut] * 3)
                np.testing.assert_array_equal(read_picture(tmp_path / name).pixels, shown)


def test_a_sharp_picture_of_ten_bits_is_as_bright_as_its_partner(tmp_path: Path) -> None:
    stored = np.arange(0, 1024, 8).reshape(8, 16)
    (tmp_path / "sharp").mkdir()
    (tmp_path / "sharp" / "a.pgm").write_bytes(netpbm(5, 1023, stored))
    write_image(tmp_path / "blurred" / "a.png", np.rint(stored * 255 / 1023).astype(np.uint8))
    pair = FolderPairs(tmp_path).read(0)
    np.testing.assert_allclose(pair["sharp"].astype(int), pair["blurred"], atol=1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"P5 3 2 255\n12345", "truncated"),
        (b"P2 3 2 255\n1 2 3 4 5", "truncated"),
        (b"P2 3 2 255\n1 2 3 4 5 x", "truncated"),
        (b"P2 3 2 7\n1 2 3 4 5 8", "above its maximum of 7"),
        (b"P2 3 2 7\n1 2 3 4 5 -1", "below zero"),
        (b"P5 3 2 70000\n" + bytes(12), "maximum is 70000"),
        (b"P5 3 2 0\n" + bytes(12), "maximum is 0"),
        (b"P6 # never ends", "truncated"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.pnm").write_bytes(content)
    with pytest.raises(PictureError, match=reason):
        read_picture(tmp_path / "a.pnm")
