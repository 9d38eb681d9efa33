"""The pictures that an evaluation restores and scores."""

import glob
import os
from typing import Any

from omegaconf import DictConfig

from deblurkit.commands.shared.names import is_folder
from deblurkit.commands.shared.trainer import homes
from deblurkit.config import instantiate, plain
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.errors import InputError


def held_out(cfg: DictConfig) -> Any:
    """The data module of the pairs in ``blurred`` and ``sharp``, or of ``data`` without them.

    Raises:
        InputError: If one of the two folders is missing or the data has no test pictures.
    """
    if cfg.blurred is None and cfg.sharp is None:
        data = instantiate(test_only(cfg), homes(cfg))
        if data.test is None:
            raise InputError("this data has no test pictures; set data.test or choose other data")
        return data
    if cfg.blurred is None or cfg.sharp is None:
        raise InputError(
            "give both blurred=<folder> and sharp=<folder>, or neither for the test pictures of "
            "data=; only restored=<folder> can be scored against sharp=<folder> alone"
        )
    folders = [is_folder(cfg.blurred), is_folder(cfg.sharp)]
    root = os.path.commonpath(folders)
    blurred, sharp = (glob.escape(os.path.relpath(folder, root)) for folder in folders)
    return PictureDataModule(
        train={},
        val=None,
        test=FolderPairs(root, blurred=blurred, sharp=sharp),
        workers=cfg.data.get("workers", 0),
        crop=1,  # from here on of a training
        batch_size=1,
        batches_per_epoch=1,
        seed=0,
    )


def test_only(cfg: DictConfig) -> dict[str, Any]:
    """The data's config without what only training reads: those folders may not be here.

    References of the scores are tuned on training pictures, so with them everything stays.
    """
    node: dict[str, Any] = plain(cfg.data)
    if "train" in node and not cfg.callbacks.scores.get("references"):
        node |= {"train": {}, "val": None}
    return node
