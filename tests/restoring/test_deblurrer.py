"""Pictures out of Python: every kind comes back as its own, equal to the command's file."""

import gc
import inspect
import io
import logging
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from blind_scenes import SIZE, TINY, scene
from jaxtyping import config as shape_checks
from numpy.typing import NDArray
from omegaconf import OmegaConf
from picture_kinds import DISPLAY_P3, EXPOSURE, Kind, every_kind, photograph
from PIL import Image, ImageOps
from toys import Doubled

import deblurkit
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose, conf_dir
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import (
    as_tensor,
    eight_bit,
    read_picture,
    write_image,
)
from deblurkit.imaging.formats.picture import channels_of
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.restoring.deblurrer import Deblurrer, Settings, deblur

HELD_BY_PILLOW = (
    *("uint8_1.png", "uint8_2.png", "uint8_3.png", "uint8_4.png", "uint16_1.png", "windows.bmp"),
    *("uint8_3_tiff.tif", "lossless.webp", "translucent.webp", "palette.png", "palette.gif"),
    *("hidden_palette.png", "hidden_level.png", "two_levels.png", "display_p3.png"),
)
DECODED_OTHERWISE = ("inks.jpg", "lossy.jpg", "turned_1.jpg", "turned_6.jpg", "turned_7.jpg")
FLOATS = (np.float16, np.float32, np.float64)


def command(folder: Path, *overrides: str) -> None:
    """Restore ``folder/in`` to ``folder/out``."""
    places = (f"inputs=[{folder / 'in'}]", f"output={folder / 'out'}", f"paths.run={folder}")
    quiet = "trainer.enable_progress_bar=false"
    assert restore_files(compose(*places, quiet, *overrides, config="deblur")) == 0


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Kind]]:
    """Files of every kind, as they came and as the command has restored them."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "in").mkdir()
    small = {
        n: kind for n, kind in every_kind().items() if kind.pixels.size < 10_000 > 100 * len(n)
    }
    for name, kind in small.items():
        source(folder, name).write_bytes(kind.content)
    command(folder, "weights=tiny", "guard=false")
    return folder, small


@pytest.fixture(scope="module")
def deblurrer() -> Iterator[Deblurrer]:
    with Deblurrer(weights="tiny", guard=False) as kept:
        yield kept


def source(folder: Path, name: str) -> Path:
    """No two of these names go to the same result."""
    return folder / "in" / f"{name}{Path(name).suffix}"


def written_by_command(folder: Path, name: str) -> NDArray[Any]:
    """Channels of the command's file: (height, width, 1 to 4)."""
    return channels_of(read_picture(folder / "out" / f"{name}.png"))


def channels(picture: Image.Image | NDArray[Any]) -> NDArray[Any]:
    values = np.asarray(picture)
    return values.reshape(*values.shape[:2], -1)


def test_a_path_gives_what_the_command_writes(
    kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer
) -> None:
    folder, written = kinds
    changed = 0
    for name in written:
        truth = written_by_command(folder, name)
        answer = deblurrer(source(folder, name))
        assert isinstance(answer, Image.Image)
        held = eight_bit(truth) if truth.dtype == np.uint16 and truth.shape[2] > 1 else truth
        assert np.array_equal(channels(answer), held), name
        assert channels(answer).dtype == held.dtype, name
        changed += not np.array_equal(truth, channels_of(read_picture(source(folder, name))))
    assert changed > len(written) - 5


def test_a_picture_of_pillow_gives_what_the_command_writes(
    kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer
) -> None:
    folder, _ = kinds
    for name in HELD_BY_PILLOW:
        with Image.open(source(folder, name)) as opened:
            answer = deblurrer(opened)
        truth = written_by_command(folder, name)
        assert np.array_equal(channels(answer), truth), name
        assert channels(answer).dtype == truth.dtype, name


@pytest.mark.parametrize("name", DECODED_OTHERWISE)
def test_a_picture_of_pillow_is_restored_upright_and_in_colour(
    name: str, kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer
) -> None:
    """JPEG has more than one decoder; these are Pillow's pixels."""
    folder, _ = kinds
    with Image.open(source(folder, name)) as opened:
        pixels = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        answer = deblurrer(opened)
    assert answer.mode == "RGB"
    assert np.array_equal(np.asarray(answer), deblurrer(pixels))
    assert answer.getexif().get(0x0112, 1) == 1


def test_an_array_gives_what_the_command_writes_with_all_its_bits(
    kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer
) -> None:
    folder, written = kinds
    compared = 0
    for name, kind in written.items():
        pixels = kind.pixels[..., 0] if kind.pixels.shape[2] == 1 else kind.pixels
        if (pixels.ndim == 3 and pixels.shape[2] == 2) or not name.startswith(("uint", "turned.")):
            continue
        before = pixels.copy()
        answer = deblurrer(pixels)
        assert np.array_equal(channels(answer), written_by_command(folder, name)), name
        assert (answer.shape, answer.dtype) == (pixels.shape, pixels.dtype), name
        assert np.array_equal(pixels, before)
        compared += 1
    assert compared == 13


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [None, 3, 4])
def test_fractions_are_the_same_picture_as_whole_numbers(
    count: int | None, dtype: type[np.floating[Any]], deblurrer: Deblurrer
) -> None:
    levels = photograph(12, 17, count or 1)
    levels = levels if count else levels[..., 0]
    fractions = (levels / 255).astype(dtype)
    answer = deblurrer(fractions)
    assert (answer.shape, answer.dtype) == (levels.shape, np.dtype(dtype))
    # Whole numbers are rounded, of gray ones each channel and their luminance.
    allowed = (0.51 if count else 1.01) + (0.5 if dtype == np.float16 else 0)
    assert np.abs(answer * 255.0 - deblurrer(levels)).max() < allowed
    if count == 4:
        assert np.array_equal(answer[..., 3], fractions[..., 3])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 3, 4])
def test_tensors_are_the_same_pictures_alone_and_in_a_batch(
    count: int, dtype: torch.dtype, deblurrer: Deblurrer
) -> None:
    levels = [photograph(12 + number, 17, count)[:12] for number in range(2)]
    fractions = [torch.from_numpy(one / 255).movedim(-1, 0) for one in levels]
    batch = torch.stack(fractions).to(dtype).requires_grad_()
    answer = deblurrer(batch)
    assert (answer.shape, answer.dtype) == (batch.shape, dtype)
    assert not answer.requires_grad
    assert not answer.is_inference()
    for picture, restored, whole in zip(batch, answer, levels, strict=True):
        assert torch.equal(deblurrer(picture), restored)
        if dtype == torch.float32:
            values = deblurrer(whole[..., 0] if count == 1 else whole)
            rounded = (restored.movedim(0, -1) * 255).round().numpy()
            assert np.abs(rounded - channels(values)).max() <= (1 if count == 1 else 0)


def test_what_stands_beside_the_pixels_goes_with_them(
    kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer
) -> None:
    folder, _ = kinds
    for given in (source(folder, "display_p3.png"), Image.open(source(folder, "display_p3.png"))):
        assert deblurrer(given).info["icc_profile"] == DISPLAY_P3
    for given in (source(folder, "turned_6.jpg"), Image.open(source(folder, "turned_6.jpg"))):
        answer = deblurrer(given)
        assert answer.size == (12, 17)
        assert answer.getexif().get_ifd(0x8769)[0x829A] == pytest.approx(EXPOSURE)
        assert answer.getexif().get(0x0112, 1) == 1
        assert b"dc:subject" in answer.info["xmp"]


def test_bits_that_pillow_does_not_hold_are_said(
    kinds: tuple[Path, dict[str, Kind]], deblurrer: Deblurrer, caplog: pytest.LogCaptureFixture
) -> None:
    folder, _ = kinds
    deblurrer(source(folder, "uint16_1.png"))
    assert not caplog.text
    deblurrer(source(folder, "uint16_3.png"))
    assert "uint16_3.png.png has 16 bits per channel" in caplog.text
    assert "as a NumPy array it keeps them" in caplog.text


def test_pages_beyond_the_first_are_said(
    tmp_path: Path, deblurrer: Deblurrer, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (Image.fromarray(photograph(12 + number, 17)) for number in range(2))
    first.save(tmp_path / "stack.tif", save_all=True, append_images=[second])
    assert np.array_equal(deblurrer(tmp_path / "stack.tif"), deblurrer(np.asarray(first)))
    assert "stack.tif: the result is without " in caplog.text


def test_tiles_and_extents_are_the_commands(tmp_path: Path) -> None:
    pixels = skimage.data.coffee()[100:180, 100:196]
    write_image(tmp_path / "in" / "tiled.png", pixels)
    command(tmp_path, "weights=tiny", "guard=false", "tile=64", "overlap=8")
    tiled = read_picture(tmp_path / "out" / "tiled.png").pixels
    assert np.array_equal(deblur(pixels, guard=False, tile=64, overlap=8), tiled)
    (tmp_path / "in" / "tiled.png").unlink()
    _, blurred, _ = scene(24, 30)
    small = (*TINY, "model.priors.stopping.iterations=3")
    write_image(tmp_path / "in" / "shaken.png", blurred.movedim(0, -1).numpy())
    command(tmp_path, "model=selfdeblur", f"kernel_size={SIZE}", *small)
    method = deblurkit.build("selfdeblur", *(one.removeprefix("model.") for one in small))
    details = Deblurrer(model=method, kernel_size=SIZE).details(tmp_path / "in" / "shaken.png")
    truth = read_picture(tmp_path / "out" / "shaken.png").pixels
    assert np.array_equal(np.asarray(details.picture), truth)
    assert details.facts["iterations"] == 3
    assert details.kernel is not None
    levels = as_tensor(read_picture(tmp_path / "out" / "shaken_kernel.png").pixels)[:1]
    assert torch.allclose(details.kernel / details.kernel.max(), levels, atol=1e-4)


def test_what_is_sharp_stays_as_it_was_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = skimage.data.chelsea()[60:220, 60:260]
    deblurrer = Deblurrer()
    answer = deblurrer(pixels)
    assert np.array_equal(answer, pixels)
    assert not np.shares_memory(answer, pixels)
    assert "kept as it was: picture: it is sharp already (blur 0." in caplog.text
    assert "guard=False" in caplog.text
    details = deblurrer.details(Image.fromarray(pixels))
    assert details.kept is not None
    assert details.kept.startswith("it is sharp already")
    assert np.array_equal(np.asarray(details.picture), pixels)
    fractions = (pixels / 255).astype(np.float64)
    assert np.array_equal(deblurrer(fractions), fractions)
    assert not np.array_equal(Deblurrer(guard=False)(pixels), pixels)


def cut() -> Image.Image:
    """Opened from half a file, of which nothing has been decoded yet."""
    stream = io.BytesIO()
    Image.fromarray(photograph(64, 64)).save(stream, "JPEG")
    return Image.open(io.BytesIO(stream.getvalue()[:-1000]))


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        ([1, 2], "NumPy array or a tensor, got a list of 2"),
        (None, "got NoneType"),
        (b"\x89PNG", "got bytes"),
        ("missing.png", "missing.png cannot be read: there is no such file"),
        ("photo\0.png", "is no path of a file"),
        (np.zeros((3, 8, 9), np.uint8), r"got \(3, 8, 9\); numpy.moveaxis\(picture, 0, -1\)"),
        (np.zeros((2, 8, 9, 3), np.uint8), r"got \(2, 8, 9, 3\)"),
        (np.zeros((0, 9, 3), np.uint8), r"got \(0, 9, 3\)"),
        (np.zeros((8, 9), np.int64), r"\[0, 1\], got int64"),
        (np.zeros((8, 9), bool), "got bool"),
        (np.full((8, 9), 255.0), r"must lie in \[0, 1\].*divide 8-bit values by 255"),
        (np.full((8, 9), np.nan), r"must lie in \[0, 1\]"),
        (torch.rand(8, 9), r"got \(8, 9\) of torch.float32"),
        (torch.rand(8, 9, 3), r"permute\(2, 0, 1\) moves the channels"),
        (torch.zeros(3, 8, 9, dtype=torch.uint8), "torch.uint8; divide 8-bit values by 255"),
        (torch.rand(3, 8, 9) - 1, r"must lie in \[0, 1\]"),
        (torch.rand(0, 3, 8, 9), r"got \(0, 3, 8, 9\)"),
        (Image.new("F", (8, 9)), "what is white in a PIL picture of mode 'F'"),
        (cut(), "this PIL picture cannot be decoded: .*truncated"),
    ],
)
def test_what_is_no_picture_is_answered_with_a_sentence(
    picture: Any, sentence: str, deblurrer: Deblurrer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)  # as outside the tests
    with pytest.raises(InputError, match=sentence) as raised:
        deblurrer(picture)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"weights": "missing"}, "missing is no file.*one of tiny"),
        ({"weights": "tiny", "model": "unsharp"}, "either weights=.*not both"),
        ({"weights": "tiny", "model": Doubled()}, "either weights=.*not both"),
        ({"model": "unsharb"}, "no method 'unsharb'; did you mean unsharp"),
        ({"model": "dclnet_tiny"}, "DCLNet must be trained first"),
        ({"model": 3}, "got int"),
        ({"guard": "off"}, "guard is True or False, got 'off'"),
        ({"tile": 64.5}, "tile is a number of pixels, auto or null, got 64.5"),
        ({"tile": "whole"}, "got whole"),
        ({"kernel_size": 5}, "NAFNet does not use kernel_size"),
        ({"model": "l0_blind", "kernel_size": "large"}, "pixels or auto, got large"),
        ({"device": "cupid"}, "device='cupid' cannot be used"),
        ({"model": "unsharp", "device": "cuda:99"}, "device='cuda:99' cannot be used"),
    ],
)
def test_settings_that_do_not_exist_are_answered_with_a_sentence(
    settings: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=sentence):
        Deblurrer(**settings)


class Broken(ClassicalMethod):
    """Answers with what is no picture, or not at all."""

    def __init__(self, *, answer: str) -> None:
        super().__init__()
        self.answer = answer

    def restoration(self, batch: BlurredBatch) -> Restoration:
        if self.answer == "refusal":
            raise InputError("it is too blue")
        return {"restored": batch["blurred"] / 0}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("refusal", "^picture cannot be restored: it is too blue$"),
        ("infinite", "^picture cannot be restored: the result is not finite$"),
    ],
)
def test_a_restoration_that_fails_is_answered_with_a_sentence(answer: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        deblur(np.full((8, 9), 200, np.uint8), model=Broken(answer=answer))


def test_the_program_around_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file, no word, no thread and no random number is spent."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads(), torch.get_num_interop_threads()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    small = ("stopping.iterations=2", "inputs=4", "picture.channels=4", "picture.skipped=2")
    deep = deblurkit.build("dip_denoise", *small, "picture.scales=2")
    torch.set_rng_state(states[0])  # the method was built for this test
    for settings in ({"guard": False}, {"model": "unsharp"}, {"model": deep}):
        answer = deblur(np.full((16, 16, 3), 90, np.uint8), **settings)
        assert answer.shape == (16, 16, 3)
    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == threads
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert torch.is_grad_enabled()
    assert list(tmp_path.iterdir()) == []
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""


def test_calls_of_several_threads_answer_as_one_after_another(deblurrer: Deblurrer) -> None:
    pictures = [photograph(16 + number, 24) for number in range(8)]
    truth = [deblurrer(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        for answer, expected in zip(threads.map(deblurrer, pictures), truth, strict=True):
            assert np.array_equal(answer, expected)


def test_methods_that_draw_random_numbers_are_repeatable_in_threads() -> None:
    small = (*TINY, "model.priors.stopping.iterations=2")
    build = partial(deblurkit.build, "selfdeblur", *(one.removeprefix("model.") for one in small))
    picture = scene(24, 30)[1].movedim(0, -1).numpy().copy()
    several = [Deblurrer(model=build(), kernel_size=SIZE) for _ in range(4)]
    truth = several[0](picture)
    with ThreadPoolExecutor(4) as threads:
        for answer in threads.map(lambda deblurrer: deblurrer(picture), several):
            assert np.array_equal(answer, truth)


def test_weights_are_read_once_and_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    deblurrer = Deblurrer(guard=False)
    method = weakref.ref(deblurrer._method)
    monkeypatch.setattr("deblurkit.restoring.choice.load", None)  # nothing is read any more
    picture = photograph(12, 17)
    first = deblurrer(picture)
    assert np.array_equal(deblurrer(picture), first)
    gc.collect()
    gc.disable()
    try:
        with deblurrer:
            deblurrer(picture)
        assert method() is None, "closing lets the weights go at once"
    finally:
        gc.enable()
    with pytest.raises(InputError, match="this Deblurrer was closed"):
        deblurrer(picture)


def test_without_a_reference_the_weights_are_let_go() -> None:
    deblurrer = Deblurrer()
    method = weakref.ref(deblurrer._method)
    del deblurrer
    gc.collect()
    assert method() is None


def test_a_given_method_is_used_as_it_is() -> None:
    method = deblurkit.load("tiny").train()
    picture = photograph(12, 17)
    assert np.array_equal(
        Deblurrer(model=method)(picture), Deblurrer(weights="tiny", guard=False)(picture)
    )
    assert all(module.training for module in method.modules())


def test_settings_and_their_defaults_are_those_of_the_command() -> None:
    kept, once = (inspect.signature(one).parameters for one in (Deblurrer, deblur))
    once = {name: parameter for name, parameter in once.items() if name != "picture"}
    assert {n: p.default for n, p in kept.items()} == {n: p.default for n, p in once.items()}
    assert set(kept) == set(Settings.__annotations__)
    config = OmegaConf.load(conf_dir() / "deblur.yaml")
    for name in ("weights", "guard", "tile", "overlap", "kernel_size", "pixel_limit"):
        assert kept[name].default == config[name], name


def test_large_pictures_are_whole_numbers_until_they_are_restored(
    monkeypatch: pytest.MonkeyPatch, deblurrer: Deblurrer
) -> None:
    picture = photograph(12, 17, 3, np.uint16)
    expected = deblurrer(picture)
    monkeypatch.setattr("deblurkit.restoring.pictures.LARGE", 100)
    assert np.array_equal(deblurrer(picture), expected)
    tiled = Deblurrer(guard=False, tile=8, overlap=0)(picture)
    assert (tiled.shape, tiled.dtype) == (picture.shape, np.uint16)


def test_kept_pictures_of_a_batch_say_which(caplog: pytest.LogCaptureFixture) -> None:
    sharp = as_tensor(skimage.data.chelsea()[60:220, 60:260])
    with caplog.at_level(logging.WARNING, logger="deblurkit"):
        answer = Deblurrer()(torch.stack([sharp, sharp]))
    assert torch.equal(answer, torch.stack([sharp, sharp]))
    assert "kept as it was: picture 1: it is sharp already" in caplog.text
