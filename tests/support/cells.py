"""Which cells of the matrix of models and variants are tried in ``make test``."""

from typing import Any

import pytest
from running import KEYS, kind_of, smallest

from deblurkit.config import build_recipe, plain
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.methods.frame.manual import ManualMethod
from deblurkit.methods.frame.network import NetworkMethod

VARIANTS = {
    "bf16": (
        "trainer.precision=bf16-mixed",
        "+callbacks.channels_last={_target_:deblurkit.callbacks.network.EveryNetworkChannelsLast}",
        "+callbacks.fused_optimizers={_target_:deblurkit.callbacks.network.FusedOptimizers}",
        "+callbacks.float32_scores={_target_:deblurkit.callbacks.network.Float32Scores}",
    ),
    "average": ("callbacks=[default,ema]",),
    "channels_last": ("callbacks=[default,channels_last]",),
    "clip_and_accumulate": (
        "trainer.gradient_clip_val=0.5",
        "trainer.accumulate_grad_batches=2",
        "callbacks=[default,early_stopping]",
    ),
}
PARTS = (*VARIANTS, "resumes", "two devices")  # in turn, to one model after the other
KINDS = {"deepdeblur": AutomaticMethod, "deblurgan": ManualMethod}  # quick ones of each


MODELS = {key: kind for key in KEYS if issubclass(kind := kind_of(key), NetworkMethod)}


def share(part: str) -> list[Any]:
    """All models, those marked as slow to which this part is not due."""
    due = {*list(MODELS)[PARTS.index(part) :: len(PARTS)], *KINDS}
    return [pytest.param(key, marks=() if key in due else pytest.mark.slow) for key in MODELS]


def data_of(key: str) -> list[str]:
    """The override that chooses data with the pools that a model trains on."""
    needs = build_recipe(plain(smallest(key)), trust=["toys"]).needs
    return ["data=photos" if "paired" in needs else "data=photos_unpaired"]
