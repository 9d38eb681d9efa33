"""Archives of NumPy arrays, unpacked only as far as weights can be packed."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from deblurkit.errors import InputError, sentence
from deblurkit.weight_files.mapped import Careful, Mapped

MEMBERS = 50_000  # of one archive
PACKED = 4  # largest ratio of unpacked to packed bytes; numbers of weights have about 1.1
SMALL = 64 * 2**20  # what may be packed better, bytes


def read_npz(path: str | Path) -> dict[str, Tensor]:
    """Arrays of an archive by their names, as tensors of at least one dimension.

    Raises:
        OSError: If the file cannot be opened.
        InputError: If it is damaged, packed like no weights, or holds anything but numbers.
    """
    try:
        with zipfile.ZipFile(Careful(Mapped(Path(path)))) as archive:
            members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if len(members) > MEMBERS or unpacked > max(SMALL, PACKED * Path(path).stat().st_size):
            raise ValueError(f"it claims {len(members)} arrays of {unpacked} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.atleast_1d(arrays[name])) for name in arrays}
    except OSError:
        raise
    except Exception as error:  # whatever damaged bytes lead to
        raise InputError(f"{path} is damaged or no npz file: {sentence(error)}") from error
