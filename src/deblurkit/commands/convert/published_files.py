"""Files that somebody downloaded: found by name, read without running anything in them."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deblurkit.errors import InputError
from deblurkit.published.importer import Importer
from deblurkit.weight_files.numpy_files import read_npz
from deblurkit.weight_files.packages import MEMBER, read_package
from deblurkit.weight_files.safetensors_files import read_safetensors
from deblurkit.weight_files.torch_files import read_torch

# Of a graph model of TensorFlow.js, in a folder or in an archive of the npm registry.
GRAPH = r"(model\.json|[\w.-]{1,80}-shard\d+of\d+\.bin)"
MEMBERS = re.compile(rf"package/models/{GRAPH}")


def found(given: str, importer: Importer) -> dict[str, Path]:
    """Files of a source by name, those without which nothing works first.

    Args:
        given: Their folder; or the file, if only one is needed.
        importer: Says which.

    Raises:
        InputError: If one is missing.
    """
    if not given:
        raise InputError("say where the downloaded files are, path=<folder or file>")
    path = Path(given).expanduser()
    if "://" in given:
        raise InputError(f"{given} is an address; download the files first and give their path")
    if path.is_file():
        if len(importer.needs) > 1:
            raise InputError(f"{given} is one of {len(importer.needs)} files; give their folder")
        return {path.name: path}
    if not path.is_dir():
        raise InputError(f"{given} is neither a folder nor a file")
    missing = [name for name in importer.needs if not (path / name).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{given} lacks {missing[0]}{more}")
    names = (*importer.needs, *importer.takes)
    return {name: path / name for name in names if (path / name).is_file()}


def unread(given: str, read: Iterable[Path]) -> list[str]:
    """Names of further files of the same kind, where a folder was given."""
    folder, files = Path(given).expanduser(), set(read)
    if not folder.is_dir():
        return []
    kinds = {file.suffix for file in files}
    beside = {file for file in folder.iterdir() if file.suffix in kinds}
    return sorted(file.name for file in beside - files)


def content(path: Path) -> Any:
    """What one file holds: tensors by name, what ``torch.save`` wrote, or bytes.

    Of an archive of the npm registry, the files of its graph model by name; of such a file
    itself, its bytes.

    Raises:
        InputError: If it is damaged, of another kind, or could run code.
    """
    if path.suffix in (".index", ".meta") or path.suffix.startswith(".data-"):
        raise InputError(f"{path} is a part of a TensorFlow checkpoint")
    try:
        if path.suffix == ".tgz" or path.name.endswith(".tar.gz"):
            return read_package(path, MEMBERS)
        if re.fullmatch(GRAPH, path.name):
            return _bytes(path)
        if path.suffix == ".safetensors":
            return read_safetensors(path).tensors
        return read_npz(path) if path.suffix == ".npz" else read_torch(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MEMBER:
        raise InputError(f"{path} is longer than any such file")
    return path.read_bytes()


def digest(*paths: Path) -> str:
    """SHA-256 of files put together."""
    together = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(2**20):
                together.update(block)
    return together.hexdigest()
