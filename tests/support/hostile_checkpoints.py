"""Checkpoints that are damaged, or claim what they do not hold, on purpose."""

import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

HUGE = 10 * 2**30  # bytes
LITTLE = b"\0" * 64
RECIPE = {"_target_": "toys.Direct", "restoring": {"_target_": "toys.Network"}, "lr": 0.01}
NAMES = {"restoring.convolution.weight": (3, 3, 3, 3), "restoring.convolution.bias": (3,)}
DEEP = 100_000


@dataclass(frozen=True)
class Place:
    """A storage, as a pickle refers to it."""

    count: Any = 16
    key: Any = "0"
    kind: Any = torch.FloatStorage
    more: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A tensor, as a pickle describes it."""

    size: Any = (16,)
    stride: Any = (1,)
    offset: Any = 0
    place: Place = Place()


class Words:
    """A part of a pickle, as it is."""

    def __init__(self, words: bytes) -> None:
        self.words = words


class Writer(pickle._Pickler):
    """Writes claims as ``torch.save`` writes tensors."""

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, Place):
            return None
        return ("storage", value.kind, value.key, "cpu", value.count, *value.more)

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Claim):
            return NotImplemented
        given = (value.place, value.offset, value.size, value.stride, False, OrderedDict())
        return torch._utils._rebuild_tensor_v2, given

    def save(self, value: Any, *_: Any, **__: Any) -> None:
        if isinstance(value, Words):
            self.write(value.words)
        else:
            super().save(value)


def pickled(content: Any) -> bytes:
    stream = io.BytesIO()
    Writer(stream, 2).dump(content)
    return stream.getvalue()


def archive(
    path: Path,
    content: bytes,
    members: Mapping[str, bytes] | None = None,
    *,
    packing: int = zipfile.ZIP_STORED,
) -> Path:
    """What ``torch.save`` writes."""
    held = {"data.pkl": content, "byteorder": b"little", "version": b"3\n", "data/0": LITTLE}
    with zipfile.ZipFile(path, "w", packing) as file:
        for name, data in {**held, **(members or {})}.items():
            file.writestr(name if name[0] in "/.\\" else f"archive/{name}", data)
    return path


def row(path: Path, content: bytes, *, storages: bytes | None = None, size: int = 0) -> Path:
    """What its older releases write, as large as wanted but empty at the end."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    stored = struct.pack("<q", 16) + LITTLE if storages is None else storages
    path.write_bytes(b"".join(map(pickled, head)) + content + pickled(["0"]) + stored)
    os.truncate(path, max(size, path.stat().st_size))
    return path


def complete(**changes: Any) -> dict[str, Any]:
    """A good checkpoint of a toy, but for the changes."""
    state = {name: torch.zeros(shape) for name, shape in NAMES.items()}
    return {"state_dict": state, "deblurkit": {"format": 1, "recipe": RECIPE}} | changes


def described(recipe: Any) -> dict[str, Any]:
    return complete(deblurkit={"format": 1, "recipe": recipe})


def saved(content: Any) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        torch.save(content() if callable(content) else content, path)
        return path

    return write


def claimed(claim: Any) -> Callable[[Path], Path]:
    return lambda path: archive(path, pickled({"state_dict": {"weight": claim}}))


def worded(words: bytes) -> Callable[[Path], Path]:
    """A state dict with a part in the words of a pickle."""
    return lambda path: archive(path, pickled({"state_dict": {"weight": Words(words)}}))


def sparse(path: Path) -> Path:
    """An archive with a storage of 10 GiB, of which the disk holds nothing."""
    with torch.serialization.skip_data():
        torch.save(complete(state_dict={"weight": torch.empty(HUGE // 4)}), path)
    return path


def overlapping(path: Path) -> Path:
    archive(path, pickled({}), {"data/1": LITTLE})
    data = path.read_bytes()
    ends = [place for place in range(len(data)) if data.startswith(b"PK\x01\x02", place)]
    first, second = ends[-2:]
    return _written(path, data[: second + 42] + data[first + 42 : first + 46] + data[second + 46 :])


def renamed(path: Path) -> Path:
    """An archive with one name twice."""
    data = archive(path, pickled({}), {"data/1": LITTLE}).read_bytes()
    return _written(path, data.replace(b"data/1", b"data/0"))


def crowded(path: Path) -> Path:
    return archive(path, pickled({}), {f"data/{number}": b"" for number in range(1, 130_000)})


def boasting(path: Path) -> Path:
    """An archive whose list of members claims to be 4 GiB long."""
    data = archive(path, pickled({})).read_bytes()
    place = data.rindex(b"PK\x05\x06")
    _written(path, data[: place + 12] + b"\xf0\xff\xff\xff" + data[place + 16 :])
    with path.open("r+b") as stream:  # with a sparse file before the list's end
        end = stream.read()[place:]
        stream.truncate(HUGE)
        stream.seek(HUGE)
        stream.write(end)
    return path


def script(path: Path) -> Path:
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), path)
    return path


def tar(path: Path) -> Path:
    """What releases before 0.1.10 wrote, with a path that leads out."""
    with tarfile.open(path, "w") as file:
        for name in ("storages", "../canary", "pickle"):
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    return path


def cyclic() -> dict[str, Any]:
    recipe: dict[str, Any] = dict(RECIPE)
    recipe["restoring"] = recipe
    return described(recipe)


def laughs() -> dict[str, Any]:
    """A recipe of 2**60 values in a hundred bytes."""
    value: Any = [1.0]
    for _ in range(60):
        value = [value, value]
    return described({**RECIPE, "weights": value})


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def deep() -> dict[str, Any]:
    """A recipe of lists in lists."""
    lists = Words(b"]" * DEEP + b"a" * (DEEP - 1))
    return {"state_dict": {}, "deblurkit": {"recipe": {**RECIPE, "lr": lists}}}


def equal_hashes() -> bytes:
    """A dict of 20,000 whole numbers that all have one hash."""
    keys = ((2**61 - 1) * number for number in range(1, 20_001))
    return (
        b"}(" + b"".join(b"\x8a\x10" + key.to_bytes(16, "little") + b"K\x01" for key in keys) + b"u"
    )


def network(channels: int, blocks: int) -> dict[str, Any]:
    """A recipe of a network of any size."""
    generator = "deblurkit.networks.cyclegan.Generator"
    return {**RECIPE, "restoring": {"_target_": generator, "channels": channels, "blocks": blocks}}


FLOATS = b"ctorch\nFloatTensor\n"
# Each with words of the sentence that refuses it.
FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "member above the archive": (
        lambda path: archive(path, pickled({}), {"../canary": b"x"}),
        r"holds the path '\.\./canary'",
    ),
    "absolute member": (
        lambda path: archive(path, pickled({}), {"/tmp/canary": b"x"}),
        "holds the path",
    ),
    "member with a backslash": (
        lambda path: archive(path, pickled({}), {"..\\canary": b"x"}),
        "holds the path",
    ),
    "two archives in one": (
        lambda path: archive(path, pickled({}), {"other/data.pkl": pickled({})}),
        "none of torch.save",
    ),
    "packed bomb": (
        lambda path: archive(
            path, pickled({}), {"data/0": bytes(2**26)}, packing=zipfile.ZIP_DEFLATED
        ),
        "compressed",
    ),
    "overlapping members": (overlapping, "overlap"),
    "one name twice": (renamed, "have one name"),
    "130,000 members": (crowded, "more members than any weights"),
    "list of 4 GiB": (boasting, "more members than any weights|damaged"),
    "large end first": (
        lambda path: archive(path, pickled({}), {"byteorder": b"big"}),
        "from the large end",
    ),
    "script": (script, "was refused|damaged"),
    "tar": (tar, "damaged"),
    "sparse archive": (sparse, "does not fit this Direct"),
    "sparse row": (
        lambda path: row(
            path,
            pickled(described(RECIPE) | {"state_dict": {"weight": Claim(place=Place(HUGE // 4))}}),
            storages=struct.pack("<q", HUGE // 4),
            size=HUGE + 2**20,
        ),
        "does not fit this Direct",
    ),
    "row that is cut": (
        lambda path: row(path, pickled({"state_dict": {"weight": Claim()}}), storages=LITTLE),
        "not as long as it claims",
    ),
    "storage of 2**60 values": (claimed(Claim(place=Place(2**60))), "shorter than it claims"),
    "storage of -1 values": (claimed(Claim(place=Place(-1))), "unknown kind"),
    "storage of half a value": (claimed(Claim(place=Place(0.5))), "unknown kind"),
    "storage that is missing": (claimed(Claim(place=Place(key="9"))), "damaged"),
    "storage by a path": (claimed(Claim(place=Place(key="../../x"))), "damaged"),
    "storage by a list": (claimed(Claim(place=Place(key=["0"]))), "unknown kind"),
    "storage of a foreign kind": (claimed(Claim(place=Place(kind=OrderedDict))), "unknown kind"),
    "no storage": (claimed(Claim(place=3)), "has no storage"),
    "size outside": (claimed(Claim(size=(17,))), "outside the 16 values"),
    "size of 2**40": (claimed(Claim(size=(2**40,))), "outside the 16 values"),
    "size below zero": (claimed(Claim(size=(-4,))), "no list of whole numbers"),
    "size beyond all numbers": (claimed(Claim(size=(2**70,))), "no list of whole numbers"),
    "size of text": (claimed(Claim(size="16")), "no list of whole numbers"),
    "stride below zero": (claimed(Claim(stride=(-1,))), "no list of whole numbers"),
    "stride outside": (claimed(Claim(stride=(2,))), "outside the 16 values"),
    "offset outside": (claimed(Claim(offset=1)), "outside the 16 values"),
    "offset below zero": (claimed(Claim(offset=-1)), "no list of whole numbers"),
    "strides for another size": (claimed(Claim(stride=(1, 1))), "outside the 16 values"),
    "100 dimensions": (claimed(Claim(size=(1,) * 100, stride=(1,) * 100)), "outside"),
    "expanded": (
        lambda path: archive(
            path, pickled(complete(state_dict={"weight": Claim((2**20, 2**20), (0, 0))}))
        ),
        "does not fit this Direct",
    ),
    "bytes of 10 GiB": (worded(b"cbuiltins\nbytearray\n\x8a\x05\0\0\0\x80\x02\x85R"), "bytearray"),
    "tensor of 10 GiB": (worded(FLOATS + b"\x8a\x05\0\0\0\xa0\0\x85R"), "torch.FloatTensor"),
    "storage made anew": (worded(b"ctorch\nFloatStorage\nK\x10\x85R"), "instead of referring"),
    "tuples 100,000 deep as a key": (
        worded(b"})" + b"\x85" * DEEP + b"K\x01s"),
        "neither a name nor a number",
    ),
    "keys of equal hashes": (worded(equal_hashes()), "neither a name nor a number"),
    "text of 4 GiB": (worded(b"X\xff\xff\xff\xff"), "damaged"),
    "memory at 4 billion": (worded(b"Nr\xff\xff\xff\xff"), "has no 'state_dict' of tensors"),
    "two million lists": (worded(b"(" + b"]" * 2_000_000 + b"t"), "more than any weights"),
    "17 MiB of text": (
        lambda path: archive(path, pickled({"x": "x" * 17 * 2**20})),
        "more than any weights",
    ),
    "too little on the stack": (worded(b"R"), "refused|damaged"),
    "no end": (lambda path: archive(path, pickled({})[:-1]), "damaged"),
    "unknown instruction": (worded(b"\xff"), "damaged"),
    "sparse tensor": (saved(complete(state_dict={"w": torch.eye(2).to_sparse()})), "was refused"),
    "tensor without numbers": (
        saved(complete(state_dict={"w": torch.zeros(2, device="meta")})),
        "was refused",
    ),
    "module": (saved({"state_dict": {"w": torch.nn.Linear(1, 1)}}), "torch.nn.*near 'w'"),
    "other shapes": (
        saved(complete(state_dict={name: torch.zeros(2) for name in NAMES})),
        "2 of 2 tensors differ",
    ),
    "a tensor too many": (
        saved(lambda: complete(state_dict=complete()["state_dict"] | {"w": torch.zeros(2)})),
        "1 of 3 tensors differ in name or shape, such as w",
    ),
    "no number": (
        saved(complete(state_dict={name: torch.full(NAMES[name], torch.nan) for name in NAMES})),
        "no finite numbers, in restoring.convolution",
    ),
    "imaginary": (
        saved(complete(state_dict={name: torch.zeros(NAMES[name]).cfloat() for name in NAMES})),
        "2 of 2 tensors differ",
    ),
    "values that are no tensors": (saved(complete(state_dict={"w": 3})), "no 'state_dict' of tens"),
    "names that are none": (saved(complete(state_dict={7: torch.zeros(2)})), "have no names"),
    "lists 100,000 deep": (
        lambda path: archive(
            path,
            pickled(deep()),
        ),
        "at most 100000 values, 64 deep",
    ),
    "cycle": (saved(cyclic), "at most 100000 values, 64 deep"),
    "laughs": (saved(laughs), "at most 100000 values, 64 deep"),
    "recipe of a list": (saved(described([RECIPE])), "does not say how its method is built"),
    "recipe of a call": (saved(described({"_target_": "os.system"})), "may not be built"),
    "origin of tensors": (
        saved(complete(deblurkit={"recipe": RECIPE, "origin": torch.zeros(2)})),
        "plain values only",
    ),
    "method of 10**9 channels": (
        saved(described(network(10**9, 1))),
        "cannot be built so: Storage size",
    ),
    "method of 5,000 channels": (saved(described(network(5_000, 1))), "larger method than"),
    "method of 10**9 blocks": (saved(described(network(4, 10**9))), "larger method than"),
}
