"""Kernels out of files and out of points of light, as ``deblurkit-deblur`` takes them."""

import logging
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from running import command_line

from deblurkit.config import build
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur
from deblurkit.imaging.blur.kernel_files import read_kernel, write_kernel
from deblurkit.imaging.blur.kernels import normalized
from deblurkit.imaging.formats.files import as_pixels, as_tensor, read_image, write_image
from deblurkit.restoring.known_kernel import acts_turned, middled, told_kernel

SIZE = 9


def hook() -> torch.Tensor:
    """A kernel that differs much from its mirror image; its centre of mass is its middle."""
    kernel = torch.zeros(1, 1, SIZE, SIZE)
    kernel[..., 3, 1:7] = 1.0
    kernel[..., 4:8, 6] = 0.5
    return middled(normalized(kernel), "hook")


def photograph() -> torch.Tensor:
    taken = torch.from_numpy(skimage.data.astronaut()[:160, 140:310]).float() / 255
    return taken.permute(2, 0, 1)[None]


def error(file: Path) -> float:
    return float((as_tensor(read_image(file))[None] - photograph()).square().mean())


@pytest.fixture
def blurred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_image("photo.png", as_pixels(blur(photograph(), hook())[0]))
    return tmp_path


@pytest.mark.parametrize("name", ["psf.png", "psf.tif", "psf.npy"])
def test_a_kernel_file_is_read_as_its_weights(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name.endswith("npy"):
        np.save(file, 3 * hook()[0, 0].numpy())
    else:
        write_kernel(file, hook()[0])
    torch.testing.assert_close(read_kernel(file), hook(), rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones((8, 8)), "has 8x8 pixels; a kernel is square with an odd side"),
        (np.ones((9, 7)), "has 7x9 pixels; a kernel is square with an odd side"),
        (np.ones((4001, 4001), bool), "has 4001x4001 pixels"),
        (np.zeros((5, 5)), "is black everywhere"),
        (np.full((5, 5), -0.5), "holds negative numbers, down to -0.5"),
        (np.full((5, 5), np.nan), "numbers that are not finite"),
        (np.ones((3, 5, 5)), r"numbers of shape \(size, size\), got \(3, 5, 5\)"),
        (np.array([["a"]]), "must hold numbers"),
        (np.array([[{}]]), "is damaged or no NumPy array"),  # runs no code
    ],
)
def test_what_is_no_kernel_is_refused(tmp_path: Path, weights: np.ndarray, words: str) -> None:
    np.save(tmp_path / "psf.npy", weights)
    with pytest.raises(InputError, match=words):
        read_kernel(tmp_path / "psf.npy")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01\x00")
    for name in ("cut.npy", "absent.npy", "absent.png"):
        with pytest.raises(InputError, match=name):
            read_kernel(tmp_path / name)


def test_the_way_a_kernel_acts_is_told_by_the_picture() -> None:
    seen = blur(photograph(), hook())
    assert not acts_turned(seen, hook())
    assert acts_turned(seen, hook().flip(-1, -2))
    even = torch.full((1, 1, 5, 5), 1 / 25)
    assert not acts_turned(blur(photograph(), even), even)  # its own mirror image


def test_the_command_restores_with_kernels_however_they_are_stored(
    blurred: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = torch.nn.functional.pad(hook().flip(-1, -2), (4, 0, 4, 0))  # turned and displaced
    np.save("turned.npy", stored[0, 0].numpy())
    write_kernel(Path("right.tif"), hook()[0])
    before = error(Path("photo.png"))
    for name in ("right.tif", "turned.npy"):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            told = told_kernel(
                build("wiener"), [name], pictures=["photo.png"], point=None, size=None
            )
            assert told is not None
            batch = {"blurred": as_tensor(read_image("photo.png"))[None], "name": ["photo.png"]}
            restored = told(build("wiener").restoration)(batch)["restored"]
        assert float((restored - photograph()).square().mean()) < before / 4
        said = caplog.text
        assert ("off its middle" in said) == (name == "turned.npy")
        assert ("turned by 180 degrees" in said) == (name == "turned.npy")


def test_the_command_takes_a_file_and_a_point_of_light(blurred: Path) -> None:
    write_kernel(Path("my psf.png"), hook()[0])
    command_line(
        *("deblur", "photo.png", "kernel=my psf.png", "model=wiener", "output=a"), folder=blurred
    )
    assert error(Path("a/photo.png")) < error(Path("photo.png")) / 4
    printed = command_line(
        *("deblur", "photo.png", "kernel=my psf.png", "model=unsharp", "output=b"),
        folder=blurred,
        code=2,
    )
    assert "UnsharpMask does not use a kernel" in printed
    assert "Traceback" not in printed


def test_a_kernel_is_cut_out_of_a_point_of_light() -> None:
    dark = torch.full((1, 3, 48, 48), 0.1)
    dark[..., 20, 30] = 4.0
    night = blur(dark, hook())
    told = told_kernel(build("wiener"), [], pictures=["night.png"], point=[30, 20], size=SIZE + 2)
    assert told is not None
    seen: list[torch.Tensor] = []

    def restore(batch: BlurredBatch) -> Restoration:
        seen.append(batch["kernel"])
        return {"restored": batch["blurred"]}

    told(restore)({"blurred": night, "name": ["night.png"]})
    weights = torch.nn.functional.pad(hook(), (1, 1, 1, 1))
    torch.testing.assert_close(seen[0], weights, rtol=0, atol=0.01)


@pytest.mark.parametrize(
    ("files", "point", "size", "answer"),
    [
        (["psf.png"], [3, 3], 9, "leave one of them out"),
        (["psf.png", "psf.png"], None, None, "2 kernels came with 1 pictures"),
        ([], [3, 3], None, "kernel_size=21"),
        ([], [3, 3], 8, "must be odd"),
        ([], [3], 9, "column and row"),
        ([], [3, 3], 9, "reaches beyond a picture of 170x160"),
        ([], [80, 80], 151, "there is no point of light|reaches beyond"),
        (["large.png"], None, None, "larger than a picture"),
        (["absent.png"], None, None, "absent.png"),
    ],
)
def test_what_cannot_be_is_answered_in_a_sentence(
    blurred: Path, files: list[str], point: list[int] | None, size: int | None, answer: str
) -> None:
    write_kernel(Path("psf.png"), hook()[0])
    write_kernel(Path("large.png"), torch.ones(1, 201, 201))
    method = build("wiener")
    flat = torch.full((1, 3, 160, 170), 0.5)

    def restored() -> Restoration:
        told = told_kernel(method, files, pictures=["photo.png"], point=point, size=size)
        assert told is not None
        return told(method.restoration)({"blurred": flat, "name": ["photo.png"]})

    with pytest.raises(InputError, match=answer):
        restored()


def test_each_picture_gets_its_own_kernel_and_a_changed_file_counts(blurred: Path) -> None:
    write_kernel(Path("one.png"), hook()[0])
    other = hook().transpose(-1, -2)
    write_kernel(Path("two.png"), other[0])
    write_image("second.png", as_pixels(blur(photograph(), other)[0]))
    line = ["deblur", "photo.png", "second.png", "kernel=[one.png,two.png]", "model=wiener"]
    command_line(*line, "output=out", folder=blurred)
    for name in ("photo.png", "second.png"):
        assert error(Path("out") / name) < error(Path(name)) / 4
    first = Path("out/photo.png").read_bytes()
    Image.new("L", (3, 3), 255).save("one.png")
    command_line(*line, "output=out", folder=blurred)
    assert Path("out/photo.png").read_bytes() != first
