"""What ``compare=`` names: methods of any kind, each under a short name of its own."""

from collections.abc import Mapping, Sequence

from omegaconf import DictConfig

from deblurkit.checkpoint import load
from deblurkit.commands.evaluate.restored_folder import Stored
from deblurkit.config import available_methods, build, plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.paths import expanded
from deblurkit.weights import named_file
from deblurkit.weights.files import OF_A_RUN

TAKEN = frozenset({"blurred", "sharp"})  # columns beside the methods
USUAL = frozenset({"best", "last", "restored", "test"})  # parts of paths that say nothing


def compared_methods(cfg: DictConfig) -> dict[str, RestorationMethod]:
    """The methods of ``compare``, by the names that tables show.

    Raises:
        InputError: If there are fewer than two, two are the same, or one is nothing of the kind.
    """
    compared = plain(cfg.compare)
    if isinstance(compared, Mapping):
        entries = {str(name): str(entry) for name, entry in compared.items()}
    else:
        listed = [str(entry) for entry in (compared if isinstance(compared, list) else [compared])]
        entries = dict(zip(short_names(listed), listed, strict=True))
    if len(entries) < 2:
        raise InputError("compare= needs at least two methods: compare=[<one>,<other>]")
    reserved = TAKEN & entries.keys()
    if reserved:
        raise InputError(f"{min(reserved)!r} is a column already: give the method another name")
    return {name: method(entry, trust=plain(cfg.trust)) for name, entry in entries.items()}


def method(entry: str, *, trust: Sequence[str]) -> RestorationMethod:
    """A method that needs no training, stored pictures, or stored weights.

    A word that is the name of weights or a ``model=`` key is that method, in this order; a folder
    of that name is written ``./word``.
    A folder is one of restored pictures, or a run's if it holds a checkpoint.

    Args:
        entry: Key, folder or file.
        trust: Further packages whose classes a recipe may name.

    Raises:
        InputError: If it is none of them, or a key of a method that must be trained.
    """
    if named_file(entry):
        return load(entry, trust=trust)
    if entry in available_methods():
        untrained = build(entry, trust=trust)
        if not untrained.restores_untrained:
            raise InputError(f"{entry} must be trained first; compare its checkpoint instead")
        return untrained
    path = expanded(entry)
    of_run = any((path / file).is_file() for file in OF_A_RUN)
    if path.is_dir() and not of_run:
        return Stored(entry)
    if path.exists():
        return load(path, trust=trust)
    raise InputError(
        f"{entry!r} is nothing to compare: give a checkpoint, a safetensors file, a run folder, a "
        "folder of restored pictures, or the key of a model that needs no training"
    )


def short_names(entries: Sequence[str]) -> list[str]:
    """As few last parts of each entry as tell it from the others.

    Raises:
        InputError: If two entries are the same.
    """
    ways = [tails(entry) for entry in entries]
    depths = [0] * len(entries)
    while True:
        names = [way[depth] for way, depth in zip(ways, depths, strict=True)]
        alike = [n for n, name in enumerate(names) if names.count(name) > 1 or name in TAKEN]
        if not alike:
            return names
        longer = [n for n in alike if depths[n] + 1 < len(ways[n])]
        if not longer:
            raise InputError(f"compare= names {entries[alike[0]]!r} twice, or not clearly")
        for n in longer:
            depths[n] += 1


def tails(entry: str) -> list[str]:
    """Names of an entry from the shortest to the longest, first without what says nothing."""
    if entry in available_methods() or named_file(entry):
        return [entry]
    path = expanded(entry).resolve()
    file = path.with_suffix("") if path.suffix in {".ckpt", ".safetensors"} else path
    parts = [part for part in file.parts if part != file.anchor]
    silent = 0
    while silent + 1 < len(parts) and parts[-1 - silent] in USUAL:
        silent += 1
    short = parts[len(parts) - silent - 1]
    return [short] * bool(silent) + [
        "/".join(parts[-n:]) for n in range(1 + silent, len(parts) + 1)
    ]
