"""The pictures that an evaluation restores and scores."""

import glob
import logging
import os
from contextlib import suppress
from typing import Any

from omegaconf import DictConfig

from deblurkit.commands.shared.names import is_folder
from deblurkit.commands.shared.sources import only_reads
from deblurkit.commands.shared.trainer import homes
from deblurkit.config import instantiate, plain
from deblurkit.data.checks_parts import repeated_words, with_equal_files
from deblurkit.data.module import PictureDataModule
from deblurkit.data.sources.base import Source
from deblurkit.data.sources.folders import FolderPairs
from deblurkit.errors import InputError
from deblurkit.paths import expanded

log = logging.getLogger(__name__)


def held_out(cfg: DictConfig) -> Any:
    """The data module of the pairs in ``blurred`` and ``sharp``, or of ``data`` without them.

    Raises:
        InputError: If one of the two folders is missing or the data has no test pictures.
    """
    if cfg.blurred is None and cfg.sharp is None:
        data = instantiate(test_only(cfg), homes(cfg))
        if data.test is None:
            raise InputError(without_test(cfg.data.get("root")))
        say_if_trained_on(cfg, data.test)
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


def without_test(root: object) -> str:
    """What to do with data that has no test part.

    Args:
        root: Folder of the data, if it has one.
    """
    folder = None if root is None else expanded(str(root))
    if folder is None or not all((folder / role).is_dir() for role in ("blurred", "sharp")):
        return "this data has no test pictures; set data.test or choose other data"
    return (
        f"{root} is not divided into train, val and test, so that nothing tests: score all of its "
        f"pairs with blurred={root}/blurred sharp={root}/sharp, or move some of them to "
        f"{root}/test/blurred and {root}/test/sharp, and the others to {root}/train/..."
    )


def say_if_trained_on(cfg: DictConfig, test: Source) -> None:
    """Warn of test pictures that are training pictures of the same data, where those are here.

    Their files are compared; nothing is decoded, and no source is asked that would make something.
    """
    nodes = (plain(cfg.data).get("train") or {}).values()
    sources = []
    for node in nodes:
        if only_reads(node):
            with suppress(InputError):  # what only training reads may be elsewhere
                sources.append(None if node is None else instantiate(node, homes(cfg)))
    repeated = with_equal_files([source for source in sources if source is not None], test)
    if repeated.names:
        log.warning(repeated_words(repeated, "training", "test"))


def test_only(cfg: DictConfig) -> dict[str, Any]:
    """The data's config without what only training reads: those folders may not be here.

    References of the scores are tuned on training pictures, so with them everything stays.
    """
    node: dict[str, Any] = plain(cfg.data)
    if "train" in node and not cfg.callbacks.scores.get("references"):
        node |= {"train": {}, "val": None}
    return node
