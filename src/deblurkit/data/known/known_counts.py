"""Is a data set complete? Counts, partners, and sequences that train and test share."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from deblurkit.data.known.known import Files, Found, KnownSet, Layout
from deblurkit.data.sources.base import natural_order

_AGAIN = "unpack the archive again"


def counted(known: KnownSet, found: Found) -> Iterator[str]:
    """Lines that say how much of each part and sequence is there, found / expected."""
    for part, roles in found.items():
        facts = known.expected.get(part)
        for role, files in roles.items():
            groups = _groups(known, files)
            wanted = (
                f" / {facts.pictures}" if facts and role in _counted_roles(known, roles) else ""
            )
            line = f"{part} {role}: {len(files)}{wanted} pictures"
            if facts and facts.groups and wanted:
                line += f" in {len(groups)} / {facts.groups} sequences"
            yield line
        if facts and facts.sequences:
            groups = _groups(known, next(iter(roles.values())))
            for name in sorted({*facts.sequences, *groups}, key=natural_order):
                yield f"  {name}: {groups[name]} / {facts.sequences.get(name, 0)}"


def incomplete(known: KnownSet, layout: Layout, found: Found) -> Iterator[str]:
    """Sentences about what is missing or too much."""
    for part, patterns in layout.parts.items():
        if part not in found:
            if part not in known.optional:
                ways = " and ".join(str(pattern) for pattern in patterns.values())
                yield f"the part {part} is missing: {_AGAIN} so that {ways} exist"
            continue
        for role in patterns.keys() - found[part].keys() - known.optional:
            yield f"{part} has no {role} pictures: {_AGAIN} so that {patterns[role]} exists"
        yield from _miscounted(known, part, found[part])
        yield from _alone(known, part, found[part])
        yield from _lost(part, found[part])
        yield from _of_another(layout, part, found[part])


def shared(known: KnownSet, found: Found) -> Iterator[str]:
    """Sentences about what lies in two parts: a sequence of one name, or the same file."""
    parts = list(found)
    for place, one in enumerate(parts):
        for other in parts[place + 1 :]:
            sets = [
                {known.group(name) for files in list(found[part].values())[:1] for name in files}
                for part in (one, other)
            ]
            both = sorted(sets[0] & sets[1], key=natural_order)
            if both and known.sequence is not None:
                yield (
                    f"{both[0]} is in {one} and in {other} ({len(both)} such sequences): "
                    f"keep it where the authors put it, or the scores mean nothing"
                )
                continue
            if same := _same_content(found[one], found[other]):
                yield (
                    f"{same[0]} and {same[1]} are the same picture under two names: "
                    f"remove from {one} what is in {other}, or the scores mean nothing"
                )


def _groups(known: KnownSet, files: Files) -> Counter[str]:
    return Counter(known.group(name) for name in files)


def _counted_roles(known: KnownSet, roles: Iterable[str]) -> list[str]:
    """Roles whose numbers are known: all, or where pictures share partners the first."""
    names = list(roles)
    return names[:1] if known.partners else names


def _miscounted(known: KnownSet, part: str, roles: dict[str, Files]) -> Iterator[str]:
    facts = known.expected.get(part)
    if facts is None:
        return
    for role in _counted_roles(known, roles):
        files = roles[role]
        groups = _groups(known, files)
        wrong = [name for name, count in facts.sequences.items() if groups[name] != count]
        for name in wrong:
            yield (
                f"{part}/{name} has {groups[name]} of {facts.sequences[name]} {role} pictures: "
                f"{_AGAIN}"
            )
        for name in sorted(groups.keys() - facts.sequences.keys() if facts.sequences else ()):
            yield f"{part}/{name} does not belong to {known.title}'s {part} part: remove it"
        if len(files) != facts.pictures and not wrong:
            yield f"{part} has {len(files)} of {facts.pictures} {role} pictures: {_AGAIN}"
        if facts.groups is not None and len(groups) != facts.groups and not facts.sequences:
            yield f"{part} has {len(groups)} of {facts.groups} {role} sequences: {_AGAIN}"


def _alone(known: KnownSet, part: str, roles: dict[str, Files]) -> Iterator[str]:
    """Pictures without a partner; where partners are shared, only blurred ones need one."""
    first, *others = roles
    keys = {
        role: {known.partner(role, name): file for name, file in files.items()}
        for role, files in roles.items()
    }
    for other in others:
        pairs = [(first, other)] if known.partners else [(first, other), (other, first)]
        for one, two in pairs:
            if lost := sorted(keys[one].keys() - keys[two].keys(), key=natural_order):
                yield (
                    f"{keys[one][lost[0]]} has no {two} partner ({len(lost)} such pictures in "
                    f"{part}): {_AGAIN}"
                )


def _lost(part: str, roles: dict[str, Files]) -> Iterator[str]:
    for role, files in roles.items():
        if lost := [file for file in files.values() if not file.is_file()]:
            yield f"{lost[0]} is missing ({len(lost)} {role} files of {part} are): {_AGAIN}"


def _of_another(layout: Layout, part: str, roles: dict[str, Files]) -> Iterator[str]:
    """Whether a list is that of another variant of the data set."""
    for role, files in roles.items():
        if other := [file for file in files.values() if layout.inside not in str(file)]:
            yield (
                f"the {role} files that the list of {part} names are not in {layout.inside}, "
                f"{other[0]} for one: J and R are exchanged, take the other list"
            )


def _same_content(one: dict[str, Files], other: dict[str, Files]) -> tuple[Path, Path] | None:
    """Two files of equal bytes; only those of equal size are read."""
    sizes: dict[int, list[Path]] = {}
    for file in _first_role(one):
        sizes.setdefault(file.stat().st_size, []).append(file)
    digests: dict[int, dict[bytes, Path]] = {}
    for file in _first_role(other):
        size = file.stat().st_size
        if size in sizes:
            if size not in digests:
                digests[size] = {_digest(candidate): candidate for candidate in sizes[size]}
            if same := digests[size].get(_digest(file)):
                return same, file
    return None


def _first_role(roles: dict[str, Files]) -> list[Path]:
    """Files of the blurred pictures; sharp ones may lie in one folder for all parts."""
    return [file for file in next(iter(roles.values())).values() if file.is_file()]


def _digest(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()
