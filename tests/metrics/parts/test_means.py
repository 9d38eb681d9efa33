"""What a mean is where scores are infinite."""

import math
from itertools import permutations

import pytest
import torch

from deblurkit.contracts import Images
from deblurkit.metrics.parts.means import MeanScore, mean_score
from deblurkit.metrics.parts.protocol import Protocol, Score

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("scores", "mean", "left_out"),
    [
        ([30.0, 33.0], MeanScore(31.5), ""),
        ([30.0, 33.0, INF], MeanScore(31.5, 1, 0), "1 inf"),
        ([30.0, -INF, INF, INF], MeanScore(30.0, 2, 1), "2 inf, 1 -inf"),
        ([INF, INF], MeanScore(INF, 2, 0), ""),
        ([-INF], MeanScore(-INF, 0, 1), ""),
    ],
)
def test_infinite_scores_are_left_out_and_counted(
    scores: list[float], mean: MeanScore, left_out: str
) -> None:
    for order in permutations(scores):
        assert mean_score(order) == mean
    assert mean.left_out == left_out


@pytest.mark.parametrize(
    ("scores", "counts"),
    [([], (0, 0, 0)), ([INF, -INF], (1, 1, 0)), ([30.0, NAN], (0, 0, 1)), ([INF, NAN], (1, 0, 1))],
)
def test_there_is_no_mean_of_nothing_nor_of_what_is_no_number(
    scores: list[float], counts: tuple[int, int, int]
) -> None:
    mean = mean_score(scores)
    assert math.isnan(mean.value)
    assert mean[1:] == counts


class Level(Protocol):
    """The first value of a picture, as PSNR would be infinite of it."""

    higher_is_better = True
    scores = ("level",)

    def measure(self, restored: Images, sharp: Images) -> Score:
        value = restored[0, 0, 0, 0]
        return {"level": value.log() if value in (0.0, 1.0) else value}


def test_a_protocol_means_as_all_do_also_of_the_scores_of_two_devices() -> None:
    alone, first, second, truth = Level(), Level(), Level(), torch.rand(1, 3, 4, 4)
    for protocol, level in ((alone, 0.0), (first, 0.0), (second, 0.25), (second, 0.75)):
        protocol.update(torch.full((1, 3, 4, 4), level), truth)
    assert alone.compute()["level"].item() == -INF
    first.merge_state(second)
    assert first.compute()["level"].item() == 0.5
