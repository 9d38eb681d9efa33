"""SelfDeblur takes the steps of the published loop: a plain port of it, in double precision."""

import sys
from math import exp
from pathlib import Path

import pytest
import torch

from deblurkit.config import build
from deblurkit.methods.priors.deep import DRAWS

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from published_selfdeblur import PublishedLoop
from selfdeblur import matched

SEED, SWITCH, FALLS, STEPS = 1, 8, [12], 20
SMALL = ("channels=8", "skipped=4", "scales=3")


def doubled(port: PublishedLoop) -> None:
    """Double precision throughout, the window of its similarity among it."""
    for part in (port.picture, port.kernel, port.similarity):
        part.double()
    taps = [exp(-((place - 5) ** 2) / (2 * 1.5**2)) for place in range(11)]
    row = torch.tensor(taps, dtype=torch.float64)
    row = (row / row.sum())[:, None]
    port.similarity.window = (row @ row.T)[None, None]


@pytest.mark.parametrize("size", [5, 9])
def test_losses_are_those_of_the_published_loop_across_switch_and_fall(size) -> None:
    method = build(
        "selfdeblur",
        *(f"priors.picture.{override}" for override in SMALL),
        "smoothness.per_noise=0",  # the published loop has no such term
        *(f"priors.seed={SEED}", f"fidelity.switch={SWITCH}", f"descent.milestones={FALLS}"),
    )
    blurred = torch.rand(1, 1, 40, 36, generator=torch.Generator().manual_seed(0))
    options = {key: int(value) for key, value in (one.split("=") for one in SMALL)}
    problem, port = matched(
        method,
        blurred.expand(-1, 3, -1, -1).contiguous(),
        size,
        switch=SWITCH,
        milestones=FALLS,
        **options,
    )
    problem.double()
    doubled(port)
    port.noise, port.kernel_noise = problem.noise, problem.kernel_noise[0]
    port.blurred = problem.luminance
    optimizer = method.descent(problem)
    for step in range(STEPS):
        torch.manual_seed(SEED * DRAWS + step + 1)  # the noise of this iteration
        published = port.iterate(step)
        problem.iterations += 1
        method.iterate(problem, optimizer)
        assert problem.fidelity.item() == pytest.approx(published, rel=1e-8)
