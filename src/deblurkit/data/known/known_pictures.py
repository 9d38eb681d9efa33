"""Are a data set's pictures what they are called? Truncated, of a wrong size, exchanged."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deblurkit.data.known.known import AsBright, Brighter, Files, KnownSet, Parts, files_of
from deblurkit.data.sources.base import Pixels, natural_order
from deblurkit.errors import InputError, PictureError
from deblurkit.imaging.formats.files import eight_bit, picture_size, read_image

_ENDS = {".png": b"IEND\xaeB`\x82", ".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9"}
_AGAIN = "unpack the archive again"
_ALIKE = 0.01  # grey levels; two different averages of one exposure are further apart


def spread(files: Files, samples: int | None) -> list[str]:
    """Names spread evenly over all, in natural order; all if ``samples`` is None."""
    names = sorted(files, key=natural_order)
    if samples is None or samples >= len(names):
        return names
    return [names[index] for index in np.linspace(0, len(names) - 1, samples).round().astype(int)]


def truncated(parts: Parts) -> Iterator[str]:
    """Sentences about files that stop before their format's end, asked of every file."""
    for part, roles in parts.items():
        for role, files in roles.items():
            cut = [file for file in files.values() if file.is_file() and not _ended(file)]
            if cut:
                yield f"{cut[0]} is cut off ({len(cut)} {role} files of {part} are): {_AGAIN}"


def undecodable(parts: Parts, *, samples: int | None) -> Iterator[str]:
    """Sentences about pictures that cannot be decoded, asked of some."""
    for roles in parts.values():
        for files in roles.values():
            for name in spread(files, samples):
                if files[name].is_file() and _ended(files[name]):
                    try:
                        read_image(files[name])
                    except PictureError as error:
                        yield f"{error}: {_AGAIN}"


def of_other_sizes(known: KnownSet, parts: Parts, *, samples: int | None) -> Iterator[str]:
    """Sentences about pictures that are of another size than their partner or than all are."""
    for part, roles in parts.items():
        first, *others = roles
        sizes = {name: _size(roles[first][name]) for name in spread(roles[first], samples)}
        odd = [name for name, size in sizes.items() if size and known.size not in (None, size)]
        if odd:
            yield (
                f"{roles[first][odd[0]]} has {_words(sizes[odd[0]])} pixels and not "
                f"{_words(known.size)}, as {len(odd)} of {len(sizes)} looked at in {part}: "
                f"take the published pictures, not halves or crops of them"
            )
        for role in others:
            partners = {known.partner(role, name): file for name, file in roles[role].items()}
            for name, size in sizes.items():
                partner = partners.get(known.partner(first, name))
                other = None if partner is None else _size(partner)
                if size and other not in (None, size):
                    yield (
                        f"{roles[first][name]} has {_words(size)} pixels and its partner "
                        f"{partner} {_words(other)}: {_AGAIN}, or crop both alike"
                    )


def exchanged(known: KnownSet, root: Path, parts: Parts, *, samples: int | None) -> Iterator[str]:
    """Sentences about folders whose contents are exchanged or the same."""
    for rule in known.brighter:
        yield from _not_brighter(rule, root, samples)
    for bright in known.as_bright:
        for part, roles in parts.items():
            if bright.role in roles and "sharp" in roles and bright.unless not in roles:
                yield from _too_bright(bright, part, roles, samples)


def _not_brighter(rule: Brighter, root: Path, samples: int | None) -> Iterator[str]:
    try:
        dark, bright = files_of(root, rule.darker), files_of(root, rule.brighter)
    except InputError:  # only one of the two is on this disk
        return
    pairs = {name: dark[name] for name in dark if name in bright}
    gaps = [_gap(bright[name], dark[name]) for name in spread(pairs, samples)]
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return
    mean = float(np.mean(known))
    if abs(mean) < _ALIKE:
        yield f"{rule.darker} and {rule.brighter} hold the same pictures: {rule.says}"
    elif mean < 0:
        yield (
            f"{rule.darker} and {rule.brighter} are exchanged, the first is {-mean:.1f} grey "
            f"levels brighter and must be darker: {rule.says}"
        )


def _too_bright(
    rule: AsBright, part: str, roles: dict[str, Files], samples: int | None
) -> Iterator[str]:
    pairs = {name: file for name, file in roles[rule.role].items() if name in roles["sharp"]}
    gaps = [_gap(pairs[name], roles["sharp"][name]) for name in spread(pairs, samples)]
    known = [gap for gap in gaps if gap is not None]
    if known and (mean := float(np.mean(known))) > rule.most:
        yield (
            f"{rule.role} pictures of {part} are {mean:.1f} grey levels brighter than their sharp "
            f"partners, at most {rule.most} was expected: {rule.says}"
        )


def _gap(file: Path, other: Path) -> float | None:
    """By how many grey levels the first picture is brighter on average."""
    try:
        return _mean(eight_bit(read_image(file))) - _mean(eight_bit(read_image(other)))
    except PictureError:
        return None


def _mean(pixels: Pixels) -> float:
    return float(pixels.mean(dtype=np.float64))


def _size(file: Path) -> tuple[int, int] | None:
    try:
        return picture_size(file)
    except PictureError:
        return None  # another question names it


def _words(size: tuple[int, int] | None) -> str:
    return "?" if size is None else f"{size[1]}x{size[0]}"


def _ended(file: Path) -> bool:
    """Whether a file ends as its format does; trailing bytes of a few programs are let pass."""
    end = _ENDS.get(file.suffix.lower())
    with file.open("rb") as stream:
        length = stream.seek(0, 2)
        stream.seek(max(length - 1024, 0))
        return length > 0 and (end is None or end in stream.read())
