from types import SimpleNamespace

import pytest
import torch
from data_modules import line_blur, module, trained
from small_sources import Numbered

from deblurkit.data.augment_batch import BatchAugmentation
from deblurkit.data.module import PictureDataModule, evaluated
from deblurkit.data.sources.base import Source
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import blur


def on_device(data: PictureDataModule, rank: int, ranks: int) -> PictureDataModule:
    """As if a trainer of several devices had taken it."""
    place = {"global_rank": rank, "world_size": ranks, "overfit_batches": 0, "training": True}
    data.trainer = SimpleNamespace(**place)
    return data


def test_each_pool_holds_what_its_key_promises() -> None:
    pools = {"paired": Numbered(5), "blurred": Numbered(4), "sharp": Numbered(3)}
    batch = trained(module(pools))[0]
    assert set(batch) == {"paired", "blurred", "sharp"}
    assert set(batch["paired"]) == {"blurred", "sharp", "name"}
    assert set(batch["blurred"]) == {"blurred", "name"}  # although its source has pairs
    assert set(batch["sharp"]) == {"sharp", "name", "seed"}
    assert [type(seed) for seed in batch["sharp"]["seed"]] == [int, int]
    for pool in batch.values():
        assert all(isinstance(name, str) for name in pool["name"])
        for role in {"blurred", "sharp"} & pool.keys():
            assert pool[role].dtype == torch.float32
            assert pool[role].shape == (2, 3, 8, 8)
            assert 0 <= pool[role].min() <= pool[role].max() <= 1


def test_offers_are_the_pools_that_have_a_source() -> None:
    pools = {"paired": Numbered(2), "blurred": None, "sharp": Numbered(2, "sharp")}
    assert module(pools).offers == {"paired", "sharp"}


def test_pools_blurred_here_do_not_share_kernels() -> None:
    pools = {"paired": Numbered(4, "sharp"), "blurred": Numbered(4, "sharp")}
    data = module(pools, synthesis=line_blur())
    batch = data.pools_at(range(8))
    kernels = torch.cat([batch["paired"]["kernel"], batch["blurred"]["kernel"]]).flatten(1)
    assert kernels.sum(1) == pytest.approx(1)
    assert len(kernels.unique(dim=0)) == 16
    assert "sharp" not in batch["blurred"]
    again = data.pools_at([5])
    assert torch.equal(again["paired"]["kernel"][0], batch["paired"]["kernel"][5])
    assert torch.equal(again["blurred"]["blurred"][0], batch["blurred"]["blurred"][5])


def test_the_position_survives_the_round_trip() -> None:
    whole = [batch["paired"]["blurred"] for batch in trained(module(), epochs=2)]
    stopped = module()
    part = [batch["paired"]["blurred"] for batch in trained(stopped, stop_after=2)]
    assert stopped.state_dict() == {"drawn": 4}
    resumed = module()
    resumed.load_state_dict(stopped.state_dict())
    part += [batch["paired"]["blurred"] for batch in trained(resumed)]
    assert torch.equal(torch.stack(whole[:5]), torch.stack(part))
    assert not torch.equal(whole[0], whole[3])  # epochs differ


def test_workers_that_read_ahead_do_not_move_the_position() -> None:
    data = module(workers=2)
    helped = [batch["paired"]["blurred"] for batch in trained(data)]
    assert data.state_dict() == {"drawn": 6}
    alone = [batch["paired"]["blurred"] for batch in trained(module())]
    assert torch.equal(torch.stack(helped), torch.stack(alone))


def test_two_devices_together_draw_exactly_what_one_would() -> None:
    def drawn(ranks: int, batches: int) -> list[torch.Tensor]:
        made: dict[int, torch.Tensor] = {}
        for rank in range(ranks):
            data = module(
                {"paired": Numbered(5, "sharp")},
                synthesis=line_blur(),
                batch_augmentation=BatchAugmentation(brightness=0.2),
                batches_per_epoch=batches,
            )
            for place, rows in enumerate(on_device(data, rank, ranks).train_dataloader()):
                batch = data.on_after_batch_transfer(rows, 0)
                made[place * ranks + rank] = batch["paired"]["blurred"]
            assert data.state_dict() == {"drawn": 12}  # all devices count all of them
        return [made[place] for place in sorted(made)]

    together, alone = drawn(2, 3), drawn(1, 6)
    assert torch.equal(torch.stack(together), torch.stack(alone))


def test_shares_of_an_evaluation_have_no_repeats() -> None:
    data = module(val=Numbered(5))
    names = []
    for rank in (0, 1):
        loader = on_device(data, rank, 2).val_dataloader()
        names += [batch["name"][0] for batch in loader]
    assert sorted(names) == sorted(data.val.names)
    with pytest.raises(InputError, match=r"5 pictures cannot be shared out to 6 devices"):
        on_device(data, 0, 6).val_dataloader()


def test_no_evaluation_is_no_error() -> None:
    assert module().val_dataloader() == []
    assert module().test_dataloader() == []


def test_the_blur_of_an_evaluation_depends_on_the_name_alone() -> None:
    def kernel(name: str, pixels: torch.Tensor) -> torch.Tensor:
        return evaluated({"sharp": pixels, "name": [name]}, line_blur(block=1))["kernel"]

    black, white = torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 12, 20)
    assert torch.equal(kernel("a/1", black), kernel("a/1", white))
    assert not torch.equal(kernel("a/1", black), kernel("a/2", black))
    data = module(val=Numbered(3, "sharp"), evaluation_synthesis=line_blur(block=1), seed=5)
    other = module(val=Numbered(2, "sharp"), evaluation_synthesis=line_blur(block=1), seed=6)
    first, second = (
        made.on_after_batch_transfer(next(iter(made.val_dataloader())), 0) for made in (data, other)
    )
    assert torch.equal(first["blurred"], second["blurred"])
    assert first["sharp"].shape == (1, 3, 24, 24)


@pytest.mark.parametrize(
    ("pools", "sentence"),
    [
        ({"pairs": Numbered(2)}, r"there is no pool 'pairs'; pools are paired, blurred, sharp"),
        ({"paired": Numbered(2, "sharp")}, r"the pool 'paired' needs .*give another source"),
        ({"blurred": Numbered(2, "sharp")}, r"the pool 'blurred' needs \['blurred'\]"),
        ({"sharp": Numbered(2, "blurred")}, r"the pool 'sharp' needs \['sharp'\]"),
    ],
)
def test_impossible_pools_are_refused(pools: dict[str, Source], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        module(pools)


def test_repeating_a_batch_is_refused() -> None:
    data = on_device(module(), 0, 1)
    data.trainer.overfit_batches = 1
    with pytest.raises(InputError, match=r"overfit_batches would replace the stream"):
        data.train_dataloader()


def test_turns_of_a_whole_batch_keep_pairs_and_kernels_together() -> None:
    pools = {"paired": Numbered(4, "sharp", side=40)}
    still = module(pools, synthesis=line_blur(), crop=32)
    moved = module(pools, synthesis=line_blur(), crop=32, batch_augmentation=BatchAugmentation())
    before, after = still.pools_at(range(6))["paired"], moved.pools_at(range(6))["paired"]
    assert not torch.equal(before["sharp"], after["sharp"])
    again = blur(after["sharp"], after["kernel"])
    inside = (..., slice(4, -4), slice(4, -4))
    assert torch.allclose(again[inside], after["blurred"][inside], atol=1e-4)
