import pickle

import pytest
import torch
from small_sources import Numbered

from deblurkit.data.augment import PairedAugmentation
from deblurkit.data.stream import Position, Stream, StreamLoader, collate, number

FLIPS = PairedAugmentation(geometry=[{"name": "D4", "p": 1.0}])


def stream(seed: int = 0, *, count: int = 5, crop: int = 8, augmentation=None) -> Stream:
    pools = {"paired": Numbered(count), "sharp": Numbered(count, "sharp")}
    return Stream(pools, sides=dict.fromkeys(pools, crop), seed=seed, augmentation=augmentation)


def picture(draw: dict) -> int:
    """Which picture a crop is from, by its red channel."""
    return int(draw["sharp"][0, 0, 0]) - 100


def test_a_draw_depends_on_seed_pool_and_number_alone() -> None:
    first, second = stream(augmentation=FLIPS), stream(augmentation=FLIPS)
    for draw in (12, 3, 40):  # in any order, from any object
        one, other = first[draw]["paired"], second[draw]["paired"]
        assert torch.equal(one["sharp"], other["sharp"])
        assert one["name"] == other["name"]
    assert torch.equal(stream(augmentation=FLIPS)[3]["sharp"]["sharp"], first[3]["sharp"]["sharp"])
    draws = range(10)
    assert [picture(first[n]["paired"]) for n in draws] != [
        picture(stream(seed=1)[n]["paired"]) for n in draws
    ]
    places = [tuple(stream()[n]["paired"]["sharp"][1:, 0, 0].tolist()) for n in draws]
    assert len(set(places)) > 5
    assert places != [tuple(stream()[n]["sharp"]["sharp"][1:, 0, 0].tolist()) for n in draws]


def test_global_random_numbers_are_neither_read_nor_moved() -> None:
    torch.manual_seed(1)
    one = stream(augmentation=FLIPS)[7]["paired"]["sharp"]
    state = torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(stream(augmentation=FLIPS)[7]["paired"]["sharp"], one)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)


def test_every_cycle_visits_every_picture_once_in_another_order() -> None:
    drawn = stream()
    orders = [
        tuple(picture(drawn[5 * cycle + place]["paired"]) for place in range(5))
        for cycle in range(6)
    ]
    assert all(sorted(order) == list(range(5)) for order in orders)
    assert len(set(orders)) > 1


def test_flips_and_crops_keep_a_pair_aligned() -> None:
    drawn = stream(augmentation=FLIPS)
    turned = 0
    for draw in range(20):
        pair = drawn[draw]["paired"]
        assert torch.equal(pair["blurred"][1:], pair["sharp"][1:])  # rows and columns
        assert torch.equal(pair["blurred"][0] + 100, pair["sharp"][0])
        turned += int(pair["sharp"][1, 0, 0] != pair["sharp"][1, 0, 1])
    assert 0 < turned < 20


def test_a_picture_smaller_than_the_crop_is_mirrored() -> None:
    assert stream(crop=32)[0]["paired"]["blurred"].shape == (3, 32, 32)


def test_a_stream_survives_the_trip_to_a_worker() -> None:
    original = stream(augmentation=FLIPS)
    original[0]
    copied = pickle.loads(pickle.dumps(original))
    assert torch.equal(copied[9]["paired"]["sharp"], original[9]["paired"]["sharp"])


def test_batches_keep_names_and_seeds_as_plain_lists() -> None:
    batch = collate([stream()[draw] for draw in (4, 5)])
    assert batch["paired"]["sharp"].shape == (2, 3, 8, 8)
    assert batch["sharp"]["seed"] == [4, 5]
    assert all(type(seed) is int for seed in batch["sharp"]["seed"])
    assert batch["paired"]["name"] == [stream()[draw]["paired"]["name"] for draw in (4, 5)]


def epoch(*, batches: int, rank: int = 0, ranks: int = 1, drawn: int = 0) -> list[list[int]]:
    position = Position(batch_size=2, batches=batches, rank=rank, ranks=ranks)
    position.drawn = drawn
    assert len(position) == batches
    return list(position)


def test_two_devices_together_draw_what_one_would() -> None:
    first, second = (epoch(batches=3, rank=rank, ranks=2, drawn=8) for rank in (0, 1))
    shared = [batch for pair in zip(first, second, strict=True) for batch in pair]
    assert shared == epoch(batches=6, drawn=8)


@pytest.mark.parametrize("workers", [0, 2])
def test_reading_ahead_does_not_move_the_position(workers: int) -> None:
    position = Position(batch_size=2, batches=4)
    loader = StreamLoader(stream(), batch_sampler=position, collate_fn=collate, num_workers=workers)
    seeds = []
    for batch in loader:
        seeds.append(batch["sharp"]["seed"])
        position.advance()  # only what was used counts
        if len(seeds) == 2:
            break
    assert seeds == [[0, 1], [2, 3]]
    assert position.drawn == 4
    assert next(iter(loader))["sharp"]["seed"] == [4, 5]
    assert loader.state_dict() == {}  # the trainer is told that nothing is lost


def test_numbers_depend_on_every_word() -> None:
    words = [(0, "paired", 1), (0, "paired", 2), (1, "paired", 1), (0, "sharp", 1), (0, "paired")]
    assert len({number(*given) for given in words}) == len(words)
    assert 0 <= number("evaluation", "größe/図 1") < 1 << 32


def test_pools_are_drawn_independently_of_each_other() -> None:
    """Two pools of the same pictures show partners no more often than chance does."""
    count, cycles = 20, 30
    together, orders = 0, set()
    for seed in range(3):
        pools = {"blurred": Numbered(count, "blurred"), "sharp": Numbered(count, "sharp")}
        drawn = Stream(pools, sides=dict.fromkeys(pools, 4), seed=seed)
        for cycle in range(cycles):
            draws = [drawn[count * cycle + place] for place in range(count)]
            blurred, sharp = ([draw[pool]["name"] for draw in draws] for pool in pools)
            assert sorted(blurred) == sorted(sharp)  # each shows every picture
            assert blurred != sharp
            together += sum(one == other for one, other in zip(blurred, sharp, strict=True))
            orders |= {tuple(blurred), tuple(sharp)}
    assert len(orders) == 2 * 3 * cycles
    # One fixed point per pair of permutations is expected, with a variance of one.
    assert abs(together - 3 * cycles) < 4 * (3 * cycles) ** 0.5
