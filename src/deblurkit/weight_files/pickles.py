"""Pickles as data: their values are put together here, and what they would call is never called."""

import io
import pickletools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch

from deblurkit.weight_files.mapped import viewed

SIZE = 16 * 2**20  # of a pickle, bytes; one tensor takes about 200
STEPS = 600_000  # of a pickle; one tensor takes about 40
LARGEST_KEY = 2**60  # whole numbers beyond it can be chosen to have equal hashes

Storage = Callable[[tuple[Any, ...]], torch.Tensor]


class ForeignError(ValueError):
    """A pickle names something that is no tensor and no plain value."""


class Named:
    """A class or function that a pickle names; only what is listed here has a meaning.

    Args:
        name: As the pickle has it, module and name with a space between.
    """

    def __init__(self, name: str) -> None:
        self.name = name


def read_pickle(content: bytes, storage: Storage) -> tuple[Any, int]:
    """Put together what a pickle describes.

    Args:
        content: Bytes that begin with the pickle.
        storage: Numbers of a storage, of shape (count,), by what the pickle says about it.

    Returns:
        The value, of None, bool, int, float, complex, str, bytes, tuple, list, dict, set, Counter,
        torch's dtype, device and Size, and tensors; and how many bytes the pickle has.

    Raises:
        ForeignError: If it names anything else.
        ValueError: If it is damaged or larger than that of any weights.
    """
    stream, values = io.BytesIO(content[:SIZE]), _Values(storage)
    for number, (step, argument, _) in enumerate(pickletools.genops(stream)):
        if number == STEPS:
            raise ValueError("it describes more than any weights do")
        if step.name not in ACTIONS:
            raise ForeignError(values.near(f"the instruction {step.name}"))
        ACTIONS[step.name](values, argument)
    return values.pop(), stream.tell()


class _Values:
    """The stack of values while a pickle is read."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def near(self, name: str) -> str:
        """A name, with the nearest key before it."""
        for stack in (self.stack, *reversed(self.outer)):
            for value in reversed(stack):
                if isinstance(value, str):
                    return f"{name} near {value[:80]!r}"
        return name

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack:
            raise ValueError("its pickle takes a value that is not there")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            raise ValueError(f"its pickle adds to what is no {kind.__name__}")
        return self.stack[-1]

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def marked(self) -> list[Any]:
        if not self.outer:
            raise ValueError("its pickle closes what it did not open")
        items, self.stack = self.stack, self.outer.pop()
        return items

    def bind(self, *count: int) -> None:
        """Make a tuple of the last values."""
        items = [self.pop() for _ in range(count[0])][::-1] if count else self.marked()
        self.push(tuple(items))

    def name(self, name: str) -> None:
        if name not in CALLS and _constant(name) is None:
            raise ForeignError(self.near(name.replace(" ", ".")))
        constant = _constant(name)
        self.push(Named(name) if constant is None else constant)

    def name_of_stack(self) -> None:
        name, module = self.pop(), self.pop()
        self.name(f"{module} {name}")

    def extend(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def include(self, items: list[Any]) -> None:
        self.top(set).update(map(_key, items))

    def fill(self, items: list[Any]) -> None:
        """Add keys and values, one after the other."""
        if len(items) % 2:
            raise ValueError("its pickle has a key without a value")
        held = self.stack[-1] if self.stack else None
        if not isinstance(held, dict):
            raise ValueError("its pickle adds keys to what is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            held[_key(key)] = value

    def call(self) -> None:
        arguments, named = self.pop(), self.pop()
        if not isinstance(named, Named) or not isinstance(arguments, tuple):
            raise ForeignError(self.near(f"a call of {type(named).__name__}"))
        try:
            self.push(CALLS[named.name](*arguments))
        except TypeError as error:
            raise ValueError(f"its pickle gives {named.name} something else") from error

    def build(self) -> None:
        """Drop attributes of a dict, such as the versions of its modules; nothing else has any."""
        self.pop()
        held = self.stack[-1] if self.stack else None
        if not isinstance(held, dict):
            raise ForeignError(self.near(f"the state of a {type(held).__name__}"))

    def stored(self) -> None:
        reference = self.pop()
        if not isinstance(reference, tuple) or len(reference) < 5 or reference[0] != "storage":
            raise ValueError("its pickle refers to something else than a storage")
        kind = reference[1].name.split()[1] if isinstance(reference[1], Named) else ""
        key, count = reference[2], reference[4]
        known = kind in STORAGES and isinstance(key, str | int)
        if not known or type(count) is not int or count < 0:
            raise ValueError("its pickle refers to a storage of an unknown kind")
        self.push(self.storage((STORAGES[kind], *reference[2:])))

    def remember(self, index: int) -> None:
        if not self.stack:
            raise ValueError("its pickle remembers a value that is not there")
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise ValueError("its pickle recalls a value that is not there")
        self.push(self.memo[index])


def _key(key: Any) -> Any:
    plain = key is None or isinstance(key, str | bool)
    if not plain and not (type(key) is int and abs(key) < LARGEST_KEY):
        raise ValueError(
            f"a key of its dicts is neither a name nor a number, but {type(key).__name__}"
        )
    return key


def _constant(name: str) -> Any:
    """What a name of torch stands for, if it is no call."""
    module, _, name = name.partition(" ")
    constant = getattr(torch, name, None) if module == "torch" else None
    return constant if isinstance(constant, torch.dtype) else None


def _dict(items: Any = ()) -> dict[Any, Any]:
    pairs = items.items() if isinstance(items, dict) else items
    return {_key(key): value for key, value in pairs}


def _counter(counts: Any) -> Counter[Any]:
    return Counter({_key(key): int(count) for key, count in _dict(counts).items()})


def _bytes(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("its pickle has bytes that are none")
    return text.encode("latin-1")


def _tensor(values: Any, offset: Any, size: Any, stride: Any, *_: Any) -> torch.Tensor:
    if not isinstance(values, torch.Tensor):
        raise ValueError("a tensor of its pickle has no storage")
    return viewed(values, offset=offset, size=size, stride=stride)


def _same_tensor(tensor: Any, *_: Any) -> torch.Tensor:
    if not isinstance(tensor, torch.Tensor):
        raise ValueError("a parameter of its pickle is no tensor")
    return tensor


STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}


def _never(*_: Any) -> None:
    raise ValueError("its pickle makes a storage instead of referring to it")


# What the names of a pickle do here; each of them makes a value and touches nothing else.
CALLS: Mapping[str, Callable[..., Any]] = {
    **{f"{home} {kind}": _never for home in ("torch", "torch.cuda") for kind in STORAGES},
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_tensor": _tensor,
    "torch._utils _rebuild_parameter": _same_tensor,
    "torch.nn.parameter Parameter": _same_tensor,
    "torch Size": lambda sides: torch.Size(sides),
    "torch device": lambda *names: torch.device(*names),
    "collections OrderedDict": _dict,
    "collections Counter": _counter,
    "builtins set": lambda items: {_key(item) for item in items},
    "__builtin__ set": lambda items: {_key(item) for item in items},
    "builtins complex": lambda real, imaginary: complex(real, imaginary),
    "__builtin__ complex": lambda real, imaginary: complex(real, imaginary),
    "_codecs encode": _bytes,
}


def _does(act: Callable[[_Values], Any]) -> Callable[[_Values, Any], None]:
    """What an instruction without an argument does."""
    return lambda values, _: act(values)


_ARGUMENTS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE")
_STRINGS = ("BINSTRING", "SHORT_BINSTRING")  # of Python 2
ACTIONS: Mapping[str, Callable[[_Values, Any], None]] = {
    **dict.fromkeys((*_ARGUMENTS, *_STRINGS), _Values.push),
    **dict.fromkeys(("GLOBAL", "INST"), _Values.name),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Values.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Values.recall),
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _does(_Values.call)),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), _does(lambda _: None)),
    "NONE": _does(lambda values: values.push(None)),
    "NEWTRUE": _does(lambda values: values.push(True)),
    "NEWFALSE": _does(lambda values: values.push(False)),
    "EMPTY_TUPLE": _does(lambda values: values.push(())),
    "EMPTY_LIST": _does(lambda values: values.push([])),
    "EMPTY_DICT": _does(lambda values: values.push({})),
    "EMPTY_SET": _does(lambda values: values.push(set())),
    "MARK": _does(_Values.mark),
    "TUPLE": _does(_Values.bind),
    "TUPLE1": _does(lambda values: values.bind(1)),
    "TUPLE2": _does(lambda values: values.bind(2)),
    "TUPLE3": _does(lambda values: values.bind(3)),
    "APPEND": _does(lambda values: values.extend([values.pop()])),
    "APPENDS": _does(lambda values: values.extend(values.marked())),
    "ADDITEMS": _does(lambda values: values.include(values.marked())),
    "SETITEM": _does(lambda values: values.fill([values.pop(), values.pop()][::-1])),
    "SETITEMS": _does(lambda values: values.fill(values.marked())),
    "STACK_GLOBAL": _does(_Values.name_of_stack),
    "BUILD": _does(_Values.build),
    "BINPERSID": _does(_Values.stored),
    "MEMOIZE": _does(lambda values: values.remember(len(values.memo))),
}
