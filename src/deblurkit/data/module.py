"""The data module of pools: random crops for training, whole pictures for evaluation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import torch
from lightning.fabric.utilities import move_data_to_device
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from deblurkit.contracts import Pools
from deblurkit.data.blur.synthesis import Synthesis
from deblurkit.data.checks import check_pairs
from deblurkit.data.checks_parts import check_parts
from deblurkit.data.checks_pools import check_apart, check_sizes
from deblurkit.data.mixed_pool_blur import blurred_by, completed, trimmed
from deblurkit.data.sources.base import ROLES, Source
from deblurkit.data.sources.mixture import MixedSource, unmixed
from deblurkit.data.stream import (
    Augmentation,
    Draw,
    Position,
    Stream,
    StreamLoader,
    as_tensors,
    collate,
    number,
)
from deblurkit.errors import InputError

BatchAugmentation = Callable[[dict[str, Any], int], dict[str, Any]]
# Pools must not share draws of the blur: each starts so far behind the one before.
APART = {"paired": 0, "blurred": 1 << 40, "taught": 1 << 41}
POOL_ROLES = {
    "paired": {"blurred", "sharp"},
    "blurred": {"blurred"},
    "sharp": {"sharp"},
    "taught": {"blurred", "sharp"},
}


class PictureDataModule(LightningDataModule):
    """Pools of pictures from any sources; a new data set is a YAML, not a class.

    Where a pool wants blurred pictures and its source has only sharp ones, they are blurred on
    the device, batch by batch. Its state is one integer: how much of the stream was used.

    Args:
        train: Source of each pool: ``paired``, ``blurred``, ``sharp``, ``taught``.
        val: Pairs (or sharp pictures to be blurred) for validation, whole.
        test: The same for the test.
        crop: Side of the training crops, pixels.
        batch_size: Crops of each pool per batch, on each device.
        batches_per_epoch: Training batches between two validations, on each device.
        workers: Processes that read files.
        seed: Of all draws.
        synthesis: Blurs sharp pictures for training.
        evaluation_synthesis: Blurs them for validation and test, seeded by picture.
        augmentation: Changes the crops of one draw on the CPU.
        batch_augmentation: Changes a batch on the device.
        root: Folder of the data set,
        variant: which form of it, and
        cache: where it is kept decoded; the YAML makes the sources out of these three, they are
            only kept here.
        check: ``error`` refuses pairs that do not belong together, domains that are the same
            pictures, test pictures that are trained on and crops larger than the pictures,
            ``warn`` only says so, ``off`` does not look.
    """

    def __init__(
        self,
        *,
        train: Mapping[str, Source],
        val: Source | None,
        test: Source | None,
        crop: int,
        batch_size: int,
        batches_per_epoch: int,
        workers: int,
        seed: int,
        synthesis: Synthesis | None = None,
        evaluation_synthesis: Synthesis | None = None,
        augmentation: Augmentation | None = None,
        batch_augmentation: BatchAugmentation | None = None,
        check: Literal["error", "warn", "off"] = "error",
        root: str | None = None,
        variant: str | None = None,
        cache: str | None = None,
    ) -> None:
        super().__init__()
        self.sources = {pool: source for pool, source in train.items() if source is not None}
        self.val, self.test = val, test
        self.crop, self.batch_size, self.batches_per_epoch = crop, batch_size, batches_per_epoch
        self.workers, self.seed, self.check = workers, seed, check
        self.root, self.variant, self.cache = root, variant, cache
        self.synthesis, self.evaluation_synthesis = synthesis, evaluation_synthesis
        self.augmentation, self.batch_augmentation = augmentation, batch_augmentation
        self.drawn = 0
        self.position: Position | None = None
        self._refuse_impossible()

    def _refuse_impossible(self) -> None:
        for pool, source in self.sources.items():
            if pool not in POOL_ROLES:
                raise InputError(f"there is no pool {pool!r}; pools are {', '.join(POOL_ROLES)}")
            synthesized = self.synthesis is not None and "sharp" in source.roles
            if not POOL_ROLES[pool] <= source.roles | ({"blurred"} if synthesized else set()):
                raise InputError(
                    f"the pool {pool!r} needs {sorted(POOL_ROLES[pool])}, its source gives "
                    f"{sorted(source.roles)}; give another source or a synthesis of blur"
                )

    @property
    def offers(self) -> frozenset[str]:
        """Pools of every training batch."""
        return frozenset(self.sources)

    def prepare_data(self) -> None:
        """Refuse pictures that nothing can be learned from before any training."""
        if self.check == "off":
            return
        strict = self.check == "error"
        for pool, mixed in self.sources.items():
            for source in unmixed(mixed):
                check_sizes(source, self.crop, strict=strict)
                if POOL_ROLES[pool] <= source.roles and pool == "paired":
                    check_pairs(source, strict=strict)
        if self.sources.keys() >= {"blurred", "sharp"}:
            check_apart(self.sources["blurred"], self.sources["sharp"], strict=strict)
        trained = [source for mixed in self.sources.values() for source in unmixed(mixed)]
        check_parts(trained, self.val, self.test, strict=strict)

    def train_dataloader(self) -> StreamLoader:
        """Batches of all pools, from the position of the run on."""
        if self.trainer is not None and getattr(self.trainer, "overfit_batches"):  # noqa: B009 it is set late
            raise InputError(
                "overfit_batches would replace the stream of draws; to overfit, use a folder with "
                "few pictures and data.batches_per_epoch"
            )
        rank, ranks = self._rank()
        self.position = Position(
            batch_size=self.batch_size, batches=self.batches_per_epoch, rank=rank, ranks=ranks
        )
        self.position.drawn = self.drawn
        return StreamLoader(
            self._stream(),
            batch_sampler=self.position,
            collate_fn=collate,
            **self._reading(),
        )

    def pools_at(self, draws: Sequence[int], device: torch.device | str = "cpu") -> Pools:
        """One training batch of given draws, whatever the run has used so far.

        Args:
            draws: Numbers from 0 on; the same numbers give the same batch.
            device: Where the batch is wanted; blur and augmentation happen there.
        """
        stream = self._stream()
        rows = collate([stream[draw] for draw in draws])
        return self._all_finished(move_data_to_device(rows, torch.device(device)))

    def _stream(self) -> Stream:
        sides = {pool: self.crop + 2 * self._margin(pool) for pool in self.sources}
        return Stream(self.sources, sides=sides, seed=self.seed, augmentation=self.augmentation)

    def _blurring(self, pool: str) -> Synthesis | None:
        """What makes the blur of a pool whose source does not always give it."""
        lacking = POOL_ROLES[pool] - self.sources[pool].roles
        return self.synthesis if "blurred" in lacking else None

    def _margin(self, pool: str) -> int:
        """What a crop needs around it, so that its blur comes from the picture, not a border."""
        synthesis = self._blurring(pool)
        return 0 if synthesis is None else synthesis.margin

    def val_dataloader(self) -> DataLoader[Draw] | list[Any]:
        """Whole pictures, one at a time, shared out between the devices."""
        return self._evaluation(self.val)

    def test_dataloader(self) -> DataLoader[Draw] | list[Any]:
        """Whole pictures, one at a time, shared out between the devices."""
        return self._evaluation(self.test)

    def _evaluation(self, source: Source | None) -> DataLoader[Draw] | list[Any]:
        if source is None:
            return []
        rank, ranks = self._rank()
        if len(source) < ranks:
            raise InputError(
                f"{len(source)} pictures cannot be shared out to {ranks} devices; use fewer devices"
            )
        return DataLoader(
            WholePictures(source),
            sampler=range(rank, len(source), ranks),  # nobody repeats a picture
            collate_fn=alone,
            **self._reading(),
        )

    def _rank(self) -> tuple[int, int]:
        trainer = self.trainer
        return (trainer.global_rank, trainer.world_size) if trainer is not None else (0, 1)

    def _reading(self) -> dict[str, Any]:
        return {
            "num_workers": self.workers,
            "persistent_workers": self.workers > 0,
            "pin_memory": torch.cuda.is_available(),
            "generator": torch.Generator(),  # or the loader draws from the global one
        }

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """On the device: intensities in [0, 1], blur, augmentation of whole batches."""
        if "name" in batch:
            return evaluated(batch, self.evaluation_synthesis)
        if self.position is not None and self.trainer is not None and self.trainer.training:
            self.position.advance()
            self.drawn = self.position.drawn
        return self._all_finished(batch)

    def _all_finished(self, batch: dict[str, Draw]) -> Pools:
        return cast("Pools", {pool: self._finished(pool, rows) for pool, rows in batch.items()})

    def _finished(self, pool: str, rows: Draw) -> dict[str, Any]:
        draws = rows["seed"]
        rows = with_unit_range(rows)
        synthesis = self._blurring(pool)
        if synthesis is not None:
            rows |= completed(synthesis, rows, [APART[pool] + draw for draw in draws])
            inside = (role for role in ROLES if role in rows)
            rows |= {role: trimmed(rows[role], synthesis.margin) for role in inside}
        keys = POOL_ROLES[pool] | {"name", "condition"}
        keys |= {"seed"} if pool == "sharp" else {"kernel"}
        if isinstance(self.sources[pool], MixedSource):
            keys -= {"kernel"}  # in no batch, although one may happen to be blurred here as a whole
        rows = {key: value for key, value in rows.items() if key in keys}
        if self.batch_augmentation is not None:
            rows = self.batch_augmentation(rows, number(self.seed, pool, "batch", draws[0]))
        return rows

    def state_dict(self) -> dict[str, Any]:
        """How much of the stream was used, by all devices together."""
        return {"drawn": self.drawn}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.drawn = state_dict["drawn"]


class WholePictures(Dataset[Draw]):
    """Pictures of a source as they are."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Draw:
        return {**as_tensors(self.source.read(index)), "name": self.source.names[index]}


def with_unit_range(rows: Draw) -> Draw:
    """8-bit tensors as intensities in [0, 1], class maps with sum 1; everything else as it is."""
    unit = {
        key: value.float() / 255
        if isinstance(value, Tensor) and value.dtype == torch.uint8
        else value
        for key, value in rows.items()
    }
    if "condition" in rows:
        unit["condition"] = unit["condition"] / unit["condition"].sum(dim=-3, keepdim=True)
    return unit


def evaluated(rows: Draw, synthesis: Synthesis | None) -> Draw:
    """A batch of whole pictures, blurred by a draw that depends on the picture's name alone."""
    rows = with_unit_range(rows)
    if "blurred" not in rows and synthesis is not None:
        draws = [number("evaluation", name) for name in rows["name"]]
        rows |= blurred_by(synthesis, rows["sharp"], draws)
    return rows


def alone(rows: list[Draw]) -> Draw:
    """The only picture, as a batch of one."""
    return {
        key: value[None] if isinstance(value, Tensor) else [value] for key, value in rows[0].items()
    }
