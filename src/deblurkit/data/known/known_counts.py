"""Is a data set complete? Counts, partners, and sequences that train and test share."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

from deblurkit.data.known.known import Files, KnownSet, Layout, Parts, files_words
from deblurkit.data.likeness import equal_files
from deblurkit.data.sources.base import natural_order

_AGAIN = "unpack the archive again"
Gaps = dict[str, tuple[int, int]]  # sequence to how many of its pictures are there and should be


def counted(known: KnownSet, layout: Layout, parts: Parts) -> Iterator[str]:
    """Lines that say how much of each part and sequence is there, found / expected."""
    for part, roles in parts.items():
        facts = known.expected.get(part)
        for role, files in roles.items():
            groups = _groups(known, files)
            expected = (
                f" / {facts.pictures}" if facts and role in _counted_roles(known, roles) else ""
            )
            line = f"{part} {role}: {len(files)}{expected} pictures"
            if facts and facts.groups and expected:
                line += f" in {len(groups)} / {facts.groups} sequences"
            yield line
        if facts and facts.sequences:
            groups = _groups(known, next(iter(roles.values())))
            for name in sorted({*facts.sequences, *groups}, key=natural_order):
                yield f"  {name}: {groups[name]} / {facts.sequences.get(name, 0)}"
    for part in layout.parts:
        if part not in parts and part in known.optional:
            yield f"{part}: not here; only trainings need it"


def incomplete(known: KnownSet, layout: Layout, parts: Parts) -> Iterator[str]:
    """Sentences about what is missing or too much, one for all that one archive explains."""
    for part, patterns in layout.parts.items():
        if part not in parts and part not in known.optional:
            paths = " and ".join(dict.fromkeys(map(files_words, patterns.values())))
            yield f"the part {part} is missing: {_AGAIN} so that {paths} exist"
    yield from _absent(known, layout, parts)
    yield from _lost(parts)
    for part, roles in parts.items():
        gaps = _gaps(known, part, roles)
        yield from _gap_sentences(known, part, gaps)
        yield from _miscounted(known, part, roles, gaps)
        whole = [role for role in roles if len(gaps.get(role, {})) < 2]
        yield from _alone(known, part, {role: roles[role] for role in whole})
        yield from _of_another(layout, part, roles)


def shared(known: KnownSet, parts: Parts) -> Iterator[str]:
    """Sentences about what lies in two parts: a sequence of one name, or the same file."""
    for part, other in combinations(parts, 2):
        sequences, others = (
            {known.group(name) for files in list(parts[key].values())[:1] for name in files}
            for key in (part, other)
        )
        common = sorted(sequences & others, key=natural_order)
        if common and known.sequence is not None:
            yield (
                f"{common[0]} is in {part} and in {other} ({len(common)} such sequences): "
                f"keep it where the authors put it, or the scores mean nothing"
            )
        elif equal := equal_files(_first_role(parts[other]), _first_role(parts[part])):
            file, same = next(iter(equal.items()))
            yield (
                f"{same} and {file} are the same picture under two names: "
                f"remove from {part} what is in {other}, or the scores mean nothing"
            )


def _groups(known: KnownSet, files: Files) -> Counter[str]:
    return Counter(known.group(name) for name in files)


def _counted_roles(known: KnownSet, roles: Iterable[str]) -> list[str]:
    """Roles whose numbers are known: all, or where pictures share partners the first."""
    names = list(roles)
    return names[:1] if known.partners else names


def _absent(known: KnownSet, layout: Layout, parts: Parts) -> Iterator[str]:
    """Roles of which no picture is there, once for all parts that read them in one folder."""
    lacking: dict[tuple[str, str], list[str]] = {}
    for part, patterns in layout.parts.items():
        for role in patterns if part in parts else ():
            if role not in parts[part] and role not in known.optional:
                lacking.setdefault((role, files_words(patterns[role])), []).append(part)
    for (role, path), names in lacking.items():
        verb = "has" if len(names) == 1 else "have"
        yield f"{_listed(names)} {verb} no {role} pictures: {_AGAIN} so that {path} exists"


def _gaps(known: KnownSet, part: str, roles: Mapping[str, Files]) -> dict[str, Gaps]:
    """By role, the sequences that do not hold as many pictures as they should."""
    facts = known.expected.get(part)
    if facts is None:
        return {}
    gaps: dict[str, Gaps] = {}
    for role in _counted_roles(known, roles):
        groups = _groups(known, roles[role])
        sizes = {name: (groups[name], count) for name, count in facts.sequences.items()}
        if wrong := {name: size for name, size in sizes.items() if size[0] != size[1]}:
            gaps[role] = wrong
    return gaps


def _gap_sentences(known: KnownSet, part: str, gaps: dict[str, Gaps]) -> Iterator[str]:
    """One for all roles that lack the same, and for all their sequences."""
    for role, wrong in gaps.items():
        alike = [other for other, same in gaps.items() if same == wrong]
        if role != alike[0]:
            continue
        (name, (count, expected)), *others = wrong.items()
        words = f"{part}/{name} has {count} of {expected} {role} pictures"
        if others:
            total = len(known.expected[part].sequences)
            words += f", and {len(others)} more of {total} sequences are not as they should be"
        if len(alike) > 1:
            words += f" (the same in {_listed(alike[1:])})"
        yield f"{words}: {_AGAIN}"


def _miscounted(
    known: KnownSet, part: str, roles: Mapping[str, Files], gaps: Mapping[str, Gaps]
) -> Iterator[str]:
    """Sequences that do not belong there, and wrong numbers that no known sequence explains."""
    facts = known.expected.get(part)
    if facts is None:
        return
    strange: dict[str, None] = {}
    for role in _counted_roles(known, roles):
        files = roles[role]
        groups = _groups(known, files)
        if facts.sequences:
            strange |= dict.fromkeys(sorted(groups.keys() - facts.sequences.keys()))
        if len(files) != facts.pictures and role not in gaps and not strange:
            yield f"{part} has {len(files)} of {facts.pictures} {role} pictures: {_AGAIN}"
        elif facts.groups is not None and len(groups) != facts.groups and not facts.sequences:
            yield f"{part} has {len(groups)} of {facts.groups} {role} sequences: {_AGAIN}"
    if strange:
        more = f" ({len(strange)} such sequences)" if len(strange) > 1 else ""
        yield (
            f"{part}/{next(iter(strange))} does not belong to {known.title}'s {part} part{more}: "
            "remove it"
        )


def _alone(known: KnownSet, part: str, roles: dict[str, Files]) -> Iterator[str]:
    """Pictures without a partner; where partners are shared, only blurred ones need one."""
    if len(roles) < 2:
        return
    first, *others = roles
    keys = {
        role: {known.partner(role, name): file for name, file in files.items()}
        for role, files in roles.items()
    }
    for other in others:
        pairs = [(first, other)] if known.partners else [(first, other), (other, first)]
        for role, partner in pairs:
            if lost := sorted(keys[role].keys() - keys[partner].keys(), key=natural_order):
                yield (
                    f"{keys[role][lost[0]]} has no {partner} partner ({len(lost)} such pictures "
                    f"in {part}): {_AGAIN}"
                )


def _lost(parts: Parts) -> Iterator[str]:
    """Files that a list names and that do not exist, in one sentence."""
    lost = {
        f"{role} files of {part}": [file for file in files.values() if not file.is_file()]
        for part, roles in parts.items()
        for role, files in roles.items()
    }
    if counts := [f"{len(files)} {kind}" for kind, files in lost.items() if files]:
        first = next(file for files in lost.values() for file in files)
        yield f"{first} is missing ({_listed(counts)} are): {_AGAIN}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _of_another(layout: Layout, part: str, roles: dict[str, Files]) -> Iterator[str]:
    """Whether a list is that of another variant of the data set."""
    for role, files in roles.items():
        if other := [file for file in files.values() if layout.inside not in str(file)]:
            yield (
                f"the {role} files that the list of {part} names are not in {layout.inside}, "
                f"{other[0]} for one: J and R are exchanged, take the other list"
            )


def _first_role(roles: dict[str, Files]) -> list[Path]:
    """Files of the blurred pictures; sharp ones may lie in one folder for all parts."""
    return [file for file in next(iter(roles.values())).values() if file.is_file()]
