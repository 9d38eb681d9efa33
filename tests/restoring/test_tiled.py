"""Pictures of any size: whole, in tiles, with the averages of the whole, with little memory."""

import gc
import logging
import multiprocessing
import resource
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from toys import Direct

import deblurkit
from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import as_levels, as_pixels, as_tensor
from deblurkit.imaging.tiling.tiles import tiled
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.progress import told_to
from deblurkit.restoring.tiled import Tiled

ROUNDING = 1e-6  # convolutions of other sizes add up in another order


class Local(nn.Module):
    """Looks two pixels far; on the way it holds so many copies of its answer."""

    multiple, reach = 4, 2

    def __init__(self, copies: int) -> None:
        super().__init__()
        self.copies = copies
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1)
        )

    def forward(self, blurred: Images) -> Images:
        assert not any(side % 4 for side in blurred.shape[-2:])
        return torch.stack(self.copies * [blurred + 0.1 * self.layers(blurred)]).mean(dim=0)


class Averaging(nn.Module):
    """Normalises twice and attends once over the whole picture."""

    multiple, reach = 4, 6

    def __init__(self) -> None:
        super().__init__()
        norm = nn.InstanceNorm2d(8, affine=True)
        nn.init.uniform_(norm.weight)
        nn.init.uniform_(norm.bias)
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norm, nn.ReLU())
        self.down = nn.Sequential(
            nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.InstanceNorm2d(8), nn.ReLU()
        )
        self.mix = nn.Conv2d(8, 8, 1)
        self.last = nn.Conv2d(8, 3, 1)

    def forward(self, blurred: Images) -> Images:
        features = self.down(self.first(blurred))
        features = features * self.mix(features.mean(dim=(-2, -1), keepdim=True)).sigmoid()
        return self.last(nn.functional.interpolate(features, scale_factor=2, mode="nearest"))


def method(network: type[nn.Module], *sizes: int) -> Direct:
    """The same one each time."""
    torch.manual_seed(0)
    return Direct(restoring=network(*sizes), lr=1e-3).eval().requires_grad_(False)


def around(method: RestorationMethod, *, tile: Any, overlap: int) -> Tiled:
    return Tiled(method.restoration, method=method, tile=tile, overlap=overlap)


def restored(chosen: Tiled, blurred: torch.Tensor) -> torch.Tensor:
    return chosen({"blurred": blurred, "name": ["photo.png"]})["restored"]


def photograph(height: int, width: int) -> Images:
    """Smooth, brighter on the right: tiles have other averages than the whole."""
    torch.manual_seed(1)
    noise = torch.rand(1, 3, height, width)
    return (0.2 * noise + 0.8 * torch.linspace(0, 1, width)).clamp(0, 1)


@pytest.mark.parametrize("size", [(65, 131), (64, 64), (33, 200), (7, 9)])
def test_tiles_of_a_local_network_are_exact_up_to_rounding(
    size: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    local = method(Local, 1)
    blurred = photograph(*size)
    whole = local.restoration({"blurred": blurred, "name": ["photo.png"]})["restored"]
    with caplog.at_level(logging.INFO):
        pieces = restored(around(local, tile=32, overlap=8), blurred)
    assert (pieces - whole).abs().max() < ROUNDING
    assert "in tiles of up to 32 pixels, with the same result as at once" in caplog.text


@pytest.mark.parametrize("size", [(65, 131), (90, 61)])
def test_averages_are_those_of_the_whole_picture(
    size: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    averaging = method(Averaging)
    blurred = photograph(*size)
    whole = averaging.restoration({"blurred": blurred, "name": ["photo.png"]})["restored"]
    with caplog.at_level(logging.INFO):
        pieces = restored(around(averaging, tile=32, overlap=8), blurred)
    assert (pieces - whole).abs().max() < 1e-5
    assert (
        "photo.png: restored in tiles of up to 32 pixels, with averages of the whole picture"
        in (caplog.text)
    )


def test_other_networks_are_blended_and_the_seams_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    averaging = method(Averaging)
    averaging.network.reach = None
    blurred = photograph(64, 96)
    with caplog.at_level(logging.INFO):
        pieces = restored(around(averaging, tile=32, overlap=8), blurred)
    whole = averaging.restoration({"blurred": blurred, "name": ["photo.png"]})["restored"]
    told = caplog.records[-1].args
    assert isinstance(told, tuple)
    mean, largest = told[2:]
    assert 0.1 < mean < largest
    assert (pieces - whole).abs().max() > 0.01


@pytest.mark.parametrize("bits", [8, 16])
def test_whole_numbers_of_a_file_come_back_as_such(bits: int) -> None:
    local = method(Local, 1)
    pixels = as_pixels(photograph(50, 70)[0], bits)
    chosen = around(local, tile=32, overlap=8)
    exact = restored(chosen, as_tensor(pixels)[None])[0]
    levels = restored(chosen, as_levels(pixels)[None])[0]
    assert not levels.is_floating_point()
    assert (as_pixels(levels, bits) == as_pixels(exact, bits)).all()
    whole = restored(around(local, tile=None, overlap=8), as_levels(pixels)[None])[0]
    assert (whole - exact).abs().max() < ROUNDING


def test_a_result_that_is_not_finite_is_refused() -> None:
    local = method(Local, 1)
    local.network.layers[0].bias[0] = torch.nan
    with pytest.raises(InputError, match="not finite"):
        restored(around(local, tile=32, overlap=8), photograph(50, 70))


@pytest.mark.parametrize("tile", ["large", 16, 4])
def test_impossible_tiles_are_refused_before_anything_is_restored(tile: int | str) -> None:
    with pytest.raises(InputError, match=r"tile"):
        around(method(nn.Identity), tile=tile, overlap=64)


def test_progress_is_told_inside_a_picture() -> None:
    told: list[tuple[str, int, int | None]] = []
    with told_to(lambda *words: told.append(words)):
        restored(around(method(Averaging), tile=32, overlap=8), photograph(64, 40))
    assert told[0] == ("rows for the averages of layer 1", 24, 64)
    assert told[-1] == ("rows", 64, 64)


def limited(answers: Connection, folder: Path, room: int, tile: int | str) -> None:
    """Restore a picture in this process with so many more bytes than it has now."""
    logging.basicConfig(filename=folder / "log.txt", level="INFO", force=True)
    chosen = around(method(Local, 128), tile=tile, overlap=8)
    gc.collect()  # what other tests left would be room, too
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        answers.send(restored(chosen, photograph(400, 400)).numpy())
    except InputError as error:
        answers.send(str(error))


def in_a_process(folder: Path, room: int, tile: int | str | None) -> object:
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()
    process = fork.Process(target=limited, args=(theirs, folder, room, tile))
    process.start()
    theirs.close()
    answer = mine.recv()
    process.join()
    assert process.exitcode == 0
    return answer


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_smaller_tiles_are_taken_where_memory_runs_out(tmp_path: Path) -> None:
    blurred = photograph(400, 400)
    local = method(Local, 128)
    whole = local.restoration({"blurred": blurred, "name": ["photo.png"]})["restored"]
    pieces = in_a_process(tmp_path, 80 * 2**20, 400)
    assert "memory ran out; going on with tiles of 200 pixels" in (tmp_path / "log.txt").read_text()
    assert (torch.tensor(pieces) - whole).abs().max() < ROUNDING


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_is_looked_at_before_it_runs_out(tmp_path: Path) -> None:
    pieces = in_a_process(tmp_path, 120 * 2**20, "auto")
    log = (tmp_path / "log.txt").read_text()
    assert "ran out" not in log
    assert "restored in tiles" in log
    assert torch.tensor(pieces).shape == (1, 3, 400, 400)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_whole_pictures_only_end_with_a_sentence(tmp_path: Path) -> None:
    assert in_a_process(tmp_path, 80 * 2**20, None) == (
        "restoring it takes more memory than there is; leave tile=auto"
    )


def test_small_pictures_are_restored_at_once() -> None:
    averaging = method(Averaging)
    blurred = photograph(300, 200)
    whole = averaging.restoration({"blurred": blurred, "name": ["photo.png"]})["restored"]
    assert torch.equal(restored(around(averaging, tile="auto", overlap=8), blurred), whole)


def test_methods_that_cannot_be_cut_are_left_alone() -> None:
    wiener = deblurkit.build("richardson_lucy")
    assert around(wiener, tile="auto", overlap=8).first_side({"blurred": photograph(9, 9)}) is None


@pytest.mark.parametrize(
    ("key", "overrides", "gain", "largest"),  # a gain wakes channel attention
    [
        ("cyclegan", ("deblurrer.channels=4", "deblurrer.blocks=1"), 1, 1e-4),
        ("dclnet", ("backbone.channels=16", "backbone.blocks=1"), 4, 1e-5),
        (
            "nafnet",
            (
                *("backbone.channels=4", "backbone.window=null", "backbone.encoder_blocks=[1,1]"),
                *("backbone.decoder_blocks=[1,1]", "backbone.middle_blocks=1"),
            ),
            1,
            1e-5,
        ),
    ],
)
def test_networks_with_averages_restore_in_tiles_as_at_once(
    key: str, overrides: tuple[str, ...], gain: float, largest: float
) -> None:
    torch.manual_seed(0)
    chosen = deblurkit.build(key, *overrides).eval().requires_grad_(False)
    for value in chosen.network.parameters():
        if value.abs().max() == 0:  # corrections start at zero
            nn.init.normal_(value, std=0.3)
        if value.shape[-2:] == (1, 1):
            value *= gain

    def restore(blurred: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = chosen.restoration({"blurred": blurred})["restored"]
        return answer

    blurred, tiles = photograph(209, 310), around(chosen, tile=128, overlap=32)
    assert not tiles.grid(128).fade  # cut, not blended
    whole, alone = restore(blurred), tiled(restore, blurred, tiles.grid(128))
    pieces = restored(tiles, blurred)
    assert (whole - blurred).abs().max() > 0.1
    assert (pieces - whole).abs().max() < largest < 0.1 * (alone - whole).abs().max()
