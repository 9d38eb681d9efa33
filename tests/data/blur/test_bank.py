import pytest
import torch

from deblurkit.data.blur.bank import KernelBank
from deblurkit.data.blur.parts.seeding import seeded
from deblurkit.data.blur.shapes import Line
from deblurkit.errors import InputError

LINES = Line(size=9, length=(1.0, 8.0))


def bank(seed: int = 0) -> KernelBank:
    return KernelBank(LINES, seed, block=4)


def test_a_kernel_depends_on_seed_and_draw_only() -> None:
    together = bank().at([0, 5, 2, 101])
    used = bank()
    for draw in (77, 3, 12, 101):
        used.at([draw])
    for place, draw in enumerate([0, 5, 2, 101]):
        alone = used.at([draw])
        assert alone.kernels[0].equal(together.kernels[place])
        assert alone.rows()[0] == together.rows()[place]


def test_draws_and_seeds_differ() -> None:
    kernels = bank().at(list(range(12))).kernels
    assert len({tuple(kernel.flatten().tolist()) for kernel in kernels}) == 12
    assert not kernels.equal(bank(1).at(list(range(12))).kernels)


def test_the_last_two_blocks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    draw = LINES.draw
    monkeypatch.setattr(LINES, "draw", lambda *given: made.append(1) or draw(*given))
    own = bank()
    for border in (3, 4, 2, 5, 1, 6):
        own.at([border])
    assert len(made) == 2


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    bank().at([3])
    assert torch.get_rng_state().equal(before)


def test_words_do_not_run_together() -> None:
    def first(*words: int | str) -> float:
        return float(torch.rand(1, generator=seeded(*words)))

    assert len({first(1, 23), first(12, 3), first(1, 2, 3), first("1", 23), first(-1, 23)}) == 5


def test_negative_draws_are_refused() -> None:
    with pytest.raises(InputError, match="draws"):
        bank().at([3, -1])
    with pytest.raises(InputError, match="draws"):
        bank().at([])
