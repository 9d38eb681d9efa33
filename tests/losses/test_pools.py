"""The memory of made pictures."""

import io

import pytest
import torch
from torch import nn

from deblurkit.contracts import Remembering
from deblurkit.errors import InputError
from deblurkit.losses.pools import PicturePool


def numbered(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers).float().reshape(-1, 1, 1, 1).expand(-1, 3, 2, 2) / 1000


def numbers(pictures: torch.Tensor) -> list[int]:
    assert (pictures == pictures[:, :1, :1, :1]).all()
    return (1000 * pictures[:, 0, 0, 0]).round().int().tolist()


def test_a_pool_of_zero_answers_everything_and_stores_nothing() -> None:
    pool = PicturePool(0)
    assert numbers(pool(numbered(1, 2, 3))) == [1, 2, 3]
    assert pool.memory().numel() == 0


def test_pictures_are_answered_as_they_are_until_the_pool_is_full() -> None:
    pool = PicturePool(3)
    before = torch.random.get_rng_state()
    assert numbers(pool(numbered(1, 2))) == [1, 2]
    assert numbers(pool(numbered(3))) == [3]
    assert torch.random.get_rng_state().equal(before), "no decision, no draw"
    assert numbers(pool.memory()) == [1, 2, 3]


def test_a_full_pool_exchanges_as_the_draws_say() -> None:
    """The rule of the authors' code, written down a second time over plain numbers."""
    pool, stored, changed = PicturePool(3), [1, 2, 3], 0
    pool(numbered(*stored))
    torch.manual_seed(0)
    answers = [numbers(pool(numbered(n, n + 1))) for n in range(4, 60, 2)]
    torch.manual_seed(0)
    expected = []
    for number in range(4, 60):
        answer = number
        if torch.rand(()).item() > 0.5:
            place = int(torch.randint(3, ()))
            answer, stored[place] = stored[place], number
            changed += 1
        expected.append(answer)
    assert [number for pair in answers for number in pair] == expected
    assert numbers(pool.memory()) == stored
    assert 15 < changed < 41


def test_about_half_of_the_pictures_come_from_the_pool() -> None:
    torch.manual_seed(0)
    pool = PicturePool(10)
    pool(numbered(*range(10)))
    earlier = sum(numbers(pool(numbered(n))) != [n] for n in range(10, 510))
    assert earlier == pytest.approx(250, abs=35)  # three standard deviations


def test_pictures_are_lost_or_kept_but_never_made_up_or_doubled() -> None:
    torch.manual_seed(0)
    pool, seen = PicturePool(4), []
    for number in range(0, 60, 3):
        seen += numbers(pool(numbered(number, number + 1, number + 2)))
    stored = numbers(pool.memory())
    assert sorted(seen + stored) != sorted(seen)
    first = seen[:4]
    later = seen[4:]
    assert first == [0, 1, 2, 3]
    assert len(set(later)) == len(later), "a stored picture is answered once after it was shown"
    assert set(later) | set(stored) == set(range(60)) - (set(first) - set(later) - set(stored))


def test_answers_have_no_gradient_and_share_no_memory_with_the_pool() -> None:
    for capacity in (0, 5):
        pictures = torch.rand(2, 3, 4, 4, requires_grad=True)
        assert not PicturePool(capacity)(pictures).requires_grad
    pool, pictures = PicturePool(2), numbered(1, 2).clone()
    answered = pool(pictures)
    pictures.zero_()
    answered.zero_()
    assert numbers(pool.memory()) == [1, 2]
    torch.manual_seed(0)
    for number in range(3, 30):  # most of them take a place
        pictures = numbered(number).clone()
        pool(pictures)
        pictures.fill_(1)
    assert max(numbers(pool.memory())) < 30


@pytest.mark.parametrize("stored", [0, 2, 5], ids=["empty", "in part", "full"])
@pytest.mark.parametrize("held", [0, 5], ids=["into empty", "into full"])
def test_a_pool_goes_on_exactly_with_a_stored_memory(stored: int, held: int) -> None:
    run, resumed = PicturePool(5), PicturePool(5)
    if stored:
        run(numbered(*range(stored)))
    if held:
        resumed(numbered(*range(90, 90 + held)))
    file = io.BytesIO()
    torch.save(run.memory(), file)
    file.seek(0)
    assert isinstance(resumed, Remembering)
    resumed.remember(torch.load(file, weights_only=True))
    answers = []
    for pool in (run, resumed):
        torch.manual_seed(1)
        answers.append([numbers(pool(numbered(n, n + 1))) for n in range(10, 40, 2)])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("stored", [0, 5], ids=["from empty", "from full"])
@pytest.mark.parametrize("held", [0, 5], ids=["into empty", "into full"])
def test_weights_fit_strictly_whatever_the_pools_hold(stored: int, held: int) -> None:
    methods = []
    for count in (stored, held):
        pool = PicturePool(5)
        if count:
            pool(numbered(*range(count)))
        methods.append(nn.ModuleDict({"pool": pool, "network": nn.Conv2d(3, 3, 1)}))
    one, other = methods
    other.load_state_dict(one.state_dict(), strict=True)
    assert other["network"].weight.equal(one["network"].weight)
    assert len(other["pool"].pictures) == held


def test_a_memory_does_not_change_with_the_pool_that_it_was_taken_from() -> None:
    torch.manual_seed(0)
    pool, other = PicturePool(2), PicturePool(2)
    pool(numbered(1, 2))
    memory = pool.memory()
    other.remember(memory)
    for number in range(3, 20):
        pool(numbered(number))
        other(numbered(number + 100))
    assert numbers(memory) == [1, 2]


def test_more_pictures_than_there_is_room_for_are_refused() -> None:
    pool = PicturePool(3)
    pool(numbered(1, 2, 3))
    with pytest.raises(InputError, match=r"stored 3 made pictures.*room for 2.*capacity"):
        PicturePool(2).remember(pool.memory())


def test_pictures_of_another_size_and_a_negative_capacity_are_refused() -> None:
    pool = PicturePool(3)
    pool(torch.rand(1, 3, 4, 6))
    with pytest.raises(InputError, match=r"4 x 6 pixels and got one of 8 x 8.*one size"):
        pool(torch.rand(1, 3, 8, 8))
    with pytest.raises(InputError, match="not be negative"):
        PicturePool(-1)
