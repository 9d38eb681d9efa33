"""Pickles that run code where they are unpickled as usual: each touches ``canary``."""

import codecs
import cProfile
import functools
import io
import logging
import marshal
import os
import pathlib
import pickle
import runpy
import shutil
import sqlite3
import subprocess
import timeit
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

TOUCH = "open('canary', 'w').close()"


class Call:
    """What unpickling calls."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


class State:
    """What unpickling hands a state to."""

    def __reduce__(self) -> Any:
        return State, (), {"harm": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Path("canary").touch()


def code() -> bytes:
    """A compiled function's body."""
    return marshal.dumps(compile(TOUCH, "gadget", "exec"))


CALLS: dict[str, Any] = {
    "os.system": Call(os.system, "touch canary"),
    "os.open": Call(os.open, "canary", os.O_CREAT | os.O_WRONLY),
    "os.mkdir": Call(os.mkdir, "canary"),
    "subprocess.run": Call(subprocess.run, ["touch", "canary"]),
    "subprocess.check_output": Call(subprocess.check_output, ["touch", "canary"]),
    "eval": Call(eval, TOUCH),
    "exec": Call(exec, TOUCH),
    "open": Call(open, "canary", "w"),
    "io.FileIO": Call(io.FileIO, "canary", "w"),
    "codecs.open": Call(codecs.open, "canary", "w"),
    "Path.touch": Call(pathlib.Path.touch, pathlib.Path("canary")),
    "functools.partial": Call(functools.partial(open, "canary"), "w"),
    "functools.reduce": Call(functools.reduce, open, ["canary", "w"]),
    "nested pickle": Call(pickle.loads, pickle.dumps(Call(eval, TOUCH))),
    "runpy": Call(runpy.run_path, "harm.py"),
    "timeit": Call(timeit.timeit, TOUCH, "pass", timeit.default_timer, 1),
    "cProfile": Call(cProfile.run, TOUCH, "statistics"),
    "shutil.copyfile": Call(shutil.copyfile, "harm.py", "canary"),
    "sqlite3": Call(sqlite3.connect, "canary"),
    "zipfile": Call(zipfile.ZipFile, "canary", "w"),
    "urlretrieve": Call(urllib.request.urlretrieve, "data:,harm", "canary"),
    "logging.FileHandler": Call(logging.FileHandler, "canary"),
    "numpy.load": Call(np.load, "harm.npy", None, True),
    "numpy.memmap": Call(np.memmap, "canary", "uint8", "w+", 0, (1,)),
    "torch.load": Call(functools.partial(torch.load, weights_only=False), "harm.pt"),
    "torch.save": Call(torch.save, 0, "canary"),
    "torch.hub": Call(functools.partial(torch.hub.load, source="local"), ".", "harm"),
    "__setstate__": State(),
}

# What no object of Python pickles to, in the words of a pickle.
WORDS: dict[str, bytes] = {
    "posix.system": b"cposix\nsystem\n(S'touch canary'\ntR.",
    "nested getattr": b"cbuiltins\ngetattr\n(cimportlib\nimport_module\n(S'os'\ntRS'system'\ntR"
    b"(S'touch canary'\ntR.",
    "__import__": b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR"
    b"(S'touch canary'\ntR.",
    "the instance": b"(S'touch canary'\nios\nsystem\n.",
    "the object": b"(cos\nsystem\nS'touch canary'\no.",
    "a class made anew": b"\x80\x02csubprocess\nPopen\n(X\x05\x00\x00\x00touch"
    b"X\x06\x00\x00\x00canaryt\x85R.",
    "a function made of bytes": b"ctypes\nFunctionType\n(cmarshal\nloads\n"
    + pickle.dumps((code(),), 4)[2:-1]
    + b"R}tR)R.",
}


def gadgets() -> Iterator[tuple[str, bytes]]:
    """Every gadget as a pickle of its own."""
    for name, gadget in CALLS.items():
        yield name, pickle.dumps(gadget, 2)
    yield from WORDS.items()


def helpers(folder: Path) -> None:
    """Write what some of the gadgets read."""
    (folder / "harm.py").write_text(TOUCH)
    (folder / "hubconf.py").write_text(f"def harm():\n    {TOUCH}\n")
    with (folder / "harm.npy").open("wb") as stream:
        np.save(stream, np.array([CALLS["eval"]], object), allow_pickle=True)
    torch.save(CALLS["eval"], folder / "harm.pt")


def inside(gadget: bytes, around: Callable[[Any], Any]) -> bytes:
    """A pickle that holds a gadget somewhere in a value."""
    mark = b"X\x04\x00\x00\x00HERE"  # how protocol 2 writes the text
    before, _, after = pickle.dumps(around("HERE"), 2).partition(mark)
    body = gadget[2:-1] if gadget[:1] == b"\x80" else gadget[:-1]
    return before + body + after
