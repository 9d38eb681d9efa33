"""The task of ``deblurkit-data prepare``: the decoded cache of a data set."""

import logging
from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from deblurkit.config import instantiate
from deblurkit.errors import InputError
from deblurkit.file_tree import files_below

log = logging.getLogger(__name__)


def prepare_data(cfg: DictConfig) -> int:
    """Make the cache that the data's config names, and say how large it is and where.

    Args:
        cfg: The command's config; ``data.sources.cache`` is the folder.

    Returns:
        Bytes that were written; 0 if a cache of the files as they are was there.

    Raises:
        InputError: If this data has no cache, no folder is given, or it cannot be made.
    """
    folder = cfg.data.get("cache")
    if "cache" not in cfg.data:
        raise InputError(
            "this data= keeps no cache, nothing is to be prepared; "
            "data sets that train do: gopro, hide, realblur_j, realblur_r, reds, rsblur"
        )
    if folder is None:
        raise InputError("say where the cache is to lie: data.cache=<a folder on a fast disk>")
    cache = Path(folder).expanduser()
    before = dict(_caches(cache))
    instantiate(cfg.data)
    after = dict(_caches(cache))
    new = {file: facts for file, facts in after.items() if before.get(file) != facts}
    written = sum(size for size, _ in new.values())
    whole = sum(size for size, _ in after.values())
    if new:
        log.info("decoded pictures: %.3g GB in %s", whole / 1e9, cache)
    else:
        log.info("nothing to do: %s holds the decoded pictures, %.3g GB", cache, whole / 1e9)
    return written


def _caches(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Files of decoded pixels with size in bytes and time of change."""
    for file in files_below(folder) if folder.is_dir() else ():
        if file.suffix == ".pixels":
            status = file.stat()
            yield file, (status.st_size, status.st_mtime_ns)
