"""A program as the bytes of a file of ``torch.export``."""

from collections.abc import Mapping
from io import BytesIO

import torch
from torch.export import ExportedProgram

from deblurkit.exporting.programs import quiet


def saved(program: ExportedProgram, words: Mapping[str, str]) -> bytes:
    """The bytes of a program with its metadata, each a text of its own inside."""
    stream = BytesIO()
    texts = {f"{key}.txt": text for key, text in words.items()}
    with quiet():
        torch.export.save(program, stream, extra_files=texts)
    return stream.getvalue()


def loaded(content: bytes) -> ExportedProgram:
    """The program of a file that was just made."""
    with quiet():
        return torch.export.load(BytesIO(content))
