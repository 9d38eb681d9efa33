"""What holds for every protocol of conf/protocol: shares, reset, plots, and bad pictures."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import pytest
import torch
from every_protocol import LARGE, NAMES, PICTURES, SIZE, made, row, sharp, values, write_files
from photographs import spoiled

from deblurkit.errors import InputError
from deblurkit.metrics.parts.pooled import PooledProtocol, measured
from deblurkit.metrics.parts.protocol import Protocol

matplotlib.use("Agg")
every = pytest.mark.parametrize("name", NAMES)
SSIMS = {"ssim", "ssim_matlab_rgb", "ssim_gauss_rgb", "ssim_gray", "ssim_wang", "ms_ssim"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


def taken(protocol: Any, restored: torch.Tensor, truth: torch.Tensor) -> dict[str, Any]:
    return measured(protocol, {"restored": restored, "sharp": truth}, PICTURES[0])


def empty(protocol: Protocol | PooledProtocol) -> bool:
    """Whether nothing is kept or counted."""
    states = protocol.metric_state.values()
    return not any(len(one) if isinstance(one, list) else one.any() for one in states)


@pytest.mark.slow
def test_two_ranks_give_the_bits_that_one_gives(files: Path) -> None:
    """Two pictures on the first rank, one on the second; then one and none."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "protocol_ranks", str(rank), str(files)],
            cwd=Path(__file__).parents[1] / "support",
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    for process in processes:
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0, printed
    ranks = [json.loads((files / f"rank_{rank}.json").read_text()) for rank in (0, 1)]
    assert ranks[0] == ranks[1]
    for name in NAMES:
        alone = made(name, files)
        row(name, alone, 0)
        assert ranks[0][name]["first"] == values(alone), name
        for number in (1, 2):
            row(name, alone, number)
        assert ranks[0][name]["both"] == ranks[0][name]["again"] == values(alone), name


@every
def test_any_order_gives_the_same_bits_and_reset_begins_anew(name: str, files: Path) -> None:
    there, back = made(name, files), made(name, files)
    rows = [row(name, there, number) for number in range(3)]
    for number in (1, 2):
        row(name, back, number)
    back.reset()
    assert empty(back)
    for number in (2, 0, 1):
        assert row(name, back, number) == rows[number]
    assert values(there) == values(back)
    if isinstance(there, Protocol):
        for score, value in there.compute().items():
            assert value.item() == math.fsum(one[score] for one in rows) / 3


@every
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_around_it_changes_no_bit(
    name: str, dtype: torch.dtype, files: Path
) -> None:
    exact, mixed = made(name, files), made(name, files)
    alone = row(name, exact, 0)
    with torch.autocast("cpu", dtype):
        assert row(name, mixed, 0) == alone
        assert values(mixed) == values(exact)
    truth = sharp(0, name)
    half = spoiled(truth).to(dtype)  # as a network answers under autocast
    with torch.autocast("cpu", dtype):
        scores = taken(mixed, half, truth)
    assert scores == taken(exact, half.float(), truth)


@every
@pytest.mark.parametrize("size", [(1, 1), (4, 40), (40, 5)], ids=str)
def test_a_picture_that_is_too_small_is_scored_or_named(
    name: str, size: tuple[int, int], files: Path
) -> None:
    protocol = made(name, files)
    small = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    pictures = {"restored": small * 0.9, "sharp": small}
    if name in {"cw_ssim_pyssim", "detection"}:
        scores = measured(protocol, pictures, PICTURES[0])
        assert not any(math.isnan(value) for value in scores.values())
    else:
        with pytest.raises(InputError, match=PICTURES[0]):
            measured(protocol, pictures, PICTURES[0])
        assert empty(protocol)


@every
def test_every_score_says_which_value_is_best(name: str, files: Path) -> None:
    protocol = made(name, files)
    lower = {"unaligned", "error_ratio_ssd", "error_ratio_spectral"}
    for score in protocol.scores:
        expected = "min" if score in lower else "max"
        if isinstance(protocol, PooledProtocol) and score.rpartition("/")[2] in protocol.counted:
            expected = None
        assert protocol.direction(score) == expected


@every
def test_its_state_can_be_stored(name: str, files: Path) -> None:
    protocol, other = made(name, files), made(name, files)
    for one in (protocol, other):
        one.persistent(True)
    row(name, protocol, 0)
    other.load_state_dict(protocol.state_dict())
    row(name, protocol, 1)
    row(name, other, 1)
    assert values(other) == values(protocol)


@every
def test_it_can_be_plotted(name: str, files: Path) -> None:
    protocol = made(name, files)
    row(name, protocol, 0)
    figure, axes = protocol.plot()
    assert axes.has_data()
    matplotlib.pyplot.close(figure)


@every
def test_no_picture_is_no_number(name: str, files: Path) -> None:
    protocol = made(name, files)
    row(name, protocol, 0)
    protocol.reset()
    with pytest.warns(UserWarning, match="before the ``update``"):
        found = protocol.compute()
    assert all(value.isnan() for value in found.values())


@every
@pytest.mark.parametrize(
    ("restored", "truth", "words"),
    [
        (sharp(0)[..., :-1], sharp(0), "equal sizes"),
        (sharp(0), sharp(0)[..., :-1, :], "equal sizes"),
        (sharp(0), sharp(0) / 0, r"in \[0, 1\]"),
        (sharp(0), sharp(0) * 257, "16-bit ones by 65535"),
    ],
    ids=["narrower", "lower", "not finite", "16 bit"],
)
def test_what_cannot_be_scored_is_refused(
    name: str, restored: torch.Tensor, truth: torch.Tensor, words: str, files: Path
) -> None:
    protocol = made(name, files)
    with pytest.raises(InputError, match=words):
        taken(protocol, restored, truth)
    assert empty(protocol)


@every
def test_a_restored_picture_that_is_not_finite_is_no_number(name: str, files: Path) -> None:
    truth = sharp(0, name)
    broken = spoiled(truth)
    broken[0, 1, 5, 5] = torch.inf
    protocol = made(name, files)
    scores = taken(protocol, broken, truth)
    if isinstance(protocol, PooledProtocol):  # counted: there is nothing to see
        black = taken(protocol, broken.nan_to_num(0, 0, 0), truth)
        assert scores.keys() == black.keys()
    else:
        assert all(math.isnan(value) for value in scores.values())
        assert all(value.isnan() for value in protocol.compute().values())


@every
@pytest.mark.parametrize("level", [0.0, 128 / 255, 1.0])
def test_constant_pictures_have_defined_scores(name: str, level: float, files: Path) -> None:
    """Equal ones are perfect; one that differs from a photograph is worse than the photograph."""
    even = torch.full((1, 3, *LARGE.get(name, SIZE)), level)
    protocol = made(name, files)
    same, lost = taken(protocol, even, even), taken(protocol, even, sharp(0, name))
    assert not any(math.isnan(value) for value in (*same.values(), *lost.values()))
    for score in SSIMS & lost.keys():
        assert -1 <= lost[score] < 0.95
        if name != "kohler":  # its truth are the stored frames
            assert same[score] == pytest.approx(1)
            assert same.get("psnr", math.inf) == math.inf
