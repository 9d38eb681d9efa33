"""Checkpoints of strangers: refused before anything runs, soon, and in little memory."""

import json
import os
import pickle
import re
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile_checkpoints import FILES, HUGE, RECIPE, complete
from pickle_gadgets import gadgets, helpers, inside
from safetensors.torch import save

import deblurkit
from deblurkit.errors import InputError
from deblurkit.weight_files.numpy_files import read_npz
from deblurkit.weight_files.safetensors_files import read_safetensors

SECONDS, MEMORY = 2, 512 * 2**20  # that a refusal may take, of the processor's time, and bytes
READERS = ("load", "eval", "resume", "convert")
LAYOUTS = ("alone", "archive", "row", "lightning")


@pytest.mark.parametrize("gadget", dict(gadgets()).values(), ids=dict(gadgets()).keys())
def test_a_gadget_is_one(gadget: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as usual, each of them runs: what follows could fail."""
    monkeypatch.chdir(tmp_path)
    helpers(tmp_path)
    for body in (gadget, inside(gadget, lambda here: {"state_dict": {"weight": here}})):
        pickle.loads(body)
        canary = tmp_path / "canary"
        limit = time.monotonic() + 10
        while not canary.exists() and time.monotonic() < limit:
            time.sleep(0.01)  # some start a process and do not wait for it
        assert canary.exists()
        canary.rmdir() if canary.is_dir() else canary.unlink()


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], Any]:
    """What each reader made of each file, in one process without the tests' shape checks."""
    done = subprocess.run(
        [sys.executable, "-m", "hostile_readers"],
        cwd=tmp_path_factory.mktemp("strangers"),
        env=os.environ
        | {"PYTHONPATH": str(Path(__file__).parents[1] / "support"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert not done.returncode, done.stderr
    return {(line["name"], line["in"], line["by"]): line for line in lines}


def require_refused(reading: dict[str, Any]) -> None:
    """One sentence, with the file; nothing ran; in time and memory."""
    assert reading["kind"] == "InputError", reading
    assert re.search(r"\w+\.(ckpt|pth)", reading["said"])
    assert "\n" not in reading["said"]
    assert not reading["canary"]
    assert reading["seconds"] < SECONDS
    assert reading["growth"] < MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_gadget_runs(layout: str, reader: str, readings: dict[Any, Any]) -> None:
    names = {name for name, _ in gadgets()}
    assert len(names) >= 30
    for name in names:
        reading = readings[name, layout, reader]
        require_refused(reading)
        if layout != "alone":
            key = "network" if layout == "lightning" else "weight"
            assert re.search(rf"was refused: .*(near '{key}'|instruction)", reading["said"])


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_what_is_claimed_is_looked_at_first(name: str, readings: dict[Any, Any]) -> None:
    reading = readings[name, "file", "load"]
    require_refused(reading)
    assert re.search(FILES[name][1], reading["said"])


def headed(header: Any, data: bytes = bytes(64)) -> bytes:
    """A safetensors file of a header, which is JSON unless it is bytes already."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: Any = (16,), offsets: Any = (0, 64), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def shared(words: Any, **tensors: torch.Tensor) -> bytes:
    state = complete()["state_dict"]
    return save({**state, **tensors}, {"deblurkit": words} if isinstance(words, str) else words)


GOOD = json.dumps({"format": 1, "recipe": RECIPE})
MANY = {f"tensor {number}": entry((0,), (64, 64)) for number in range(100_000)}
NAN = torch.full((3,), torch.nan)
SAFE: dict[str, tuple[bytes, str]] = {
    "100,000 entries": (headed({**MANY, "w": entry()}), "claims 100001 tensors|header is longer"),
    "header of 2**60 bytes": (struct.pack("<Q", 2**60) + b"{}", "header is longer"),
    "header beyond the file": (struct.pack("<Q", 2**20) + b"{}", "is damaged"),
    "nothing": (b"", "is damaged"),
    "four bytes": (b"\0\0\0\0", "is damaged"),
    "no JSON": (headed(b"\x80\x04c"), "is damaged"),
    "a list": (headed([]), "is damaged"),
    "lists 100,000 deep": (headed(b"[" * 100_000), "is damaged"),
    "number of a million digits": (headed(b'{"a":' + b"9" * 10**6 + b"}"), "is damaged"),
    "overlap": (headed({"a": entry(), "b": entry()}), "overlap or leave gaps"),
    "gap": (headed({"a": entry((8,), (0, 32)), "b": entry((4,), (48, 64))}), "overlap or leave"),
    "bytes at the end": (headed({"a": entry((8,), (0, 32))}), "not as long as the file"),
    "cut": (headed({"a": entry((32,), (0, 128))}), "not as long as the file"),
    "offsets below zero": (headed({"a": entry((16,), (-64, 0))}), "unknown kind or shape"),
    "offsets the wrong way": (headed({"a": entry((16,), (64, 0))}), "another size than its shape"),
    "offsets of text": (headed({"a": entry((16,), "ab")}), "unknown kind or shape"),
    "shape beyond": (headed({"a": entry((2**40, 2**40))}), "another size than its shape"),
    "shape beyond all numbers": (headed({"a": entry((2**70,))}), "unknown kind or shape"),
    "shape below zero": (headed({"a": entry((-4, -4))}), "unknown kind or shape"),
    "shape of halves": (headed({"a": entry((0.5, 32))}), "unknown kind or shape"),
    "100 dimensions": (headed({"a": entry((1,) * 99 + (16,))}), "unknown kind or shape"),
    "unknown numbers": (headed({"a": entry(dtype="OBJECT")}), "unknown kind or shape"),
    "one name twice": (headed(b'{"a":{"x":1},"a":{"x":2}}'), "one name twice"),
    "metadata of numbers": (headed({"__metadata__": {"a": 1}, "w": entry()}), "are no words"),
    "metadata no JSON": (shared("import os"), "is damaged"),
    "metadata of deep JSON": (shared("[" * 100_000), "is damaged"),
    "no recipe": (shared({"other": "x"}), "does not say how its method is built"),
    "recipe of a list": (shared('{"recipe": ["os.system"]}'), "does not say how its method"),
    "recipe of a call": (shared('{"recipe": {"_target_": "os.system"}}'), "may not be built"),
    "a tensor too many": (shared(GOOD, more=NAN), "1 of 3 tensors differ"),
    "not finite": (shared(GOOD, **{"restoring.convolution.bias": NAN}), "no finite numbers, in"),
}


@pytest.mark.parametrize("name", SAFE)
def test_safetensors(name: str, tmp_path: Path) -> None:
    content, words = SAFE[name]
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        deblurkit.load(tmp_path / "a.safetensors", trust=["toys"])
    assert str(caught.value).startswith(f"{tmp_path}/a.safetensors")


def test_safetensors_of_10_gib_that_the_disk_does_not_hold(tmp_path: Path) -> None:
    words = {"deblurkit": json.dumps({"recipe": RECIPE})}
    header = {"__metadata__": words, "w": entry((HUGE // 4,), (0, HUGE))}
    path = tmp_path / "a.safetensors"
    path.write_bytes(headed(header, b""))
    os.truncate(path, path.stat().st_size + HUGE)
    with pytest.raises(InputError, match="3 of 3 tensors differ"):
        deblurkit.load(path, trust=["toys"])
    assert read_safetensors(path).tensors["w"].shape == (HUGE // 4,)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("http://example.org/best.ckpt", "is an address; download the file first"),
        ("https://example.org/best.ckpt", "is an address"),
        ("file:///etc/passwd", "is an address"),
        ("s3://bucket/best.ckpt", "is an address"),
        ("file:best.ckpt", "is no file"),
        ("", "is no file"),
        ("a\0b", "is no path of a file|is no file"),
        ("x" * 5000, "is no path of a file|is no file"),
        ("~nobody-of-this-name/best.ckpt", "is no file"),
        ("/dev/zero", "is no file"),
        ("fifo", "is no file"),
        ("folder", "is no file"),
    ],
)
def test_what_is_no_file(
    given: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("folder").mkdir()
    with pytest.raises(InputError, match=words):
        deblurkit.load(given)


def test_archives_of_numpy(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    weights = {"a": np.arange(6.0).reshape(2, 3), "b": np.float32(2)}
    np.savez_compressed(path, **weights)
    assert read_npz(path)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read_npz(path)["b"].shape == (1,)
    np.savez_compressed(path, bomb=np.zeros(2**25, np.uint8), more=np.zeros(2**26, np.uint8))
    with pytest.raises(InputError, match="claims 2 arrays of"):
        read_npz(path)
    np.savez(path, a=np.array([{}], object))
    with pytest.raises(InputError, match=r"a\.npz is damaged or no npz file"):
        read_npz(path)


def test_the_good_file_beside_them_is_read(tmp_path: Path) -> None:
    for name, written in (("a.ckpt", True), ("b.pth", False)):
        content = complete()
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=written)
        method = deblurkit.load(tmp_path / name, trust=["toys"])
        assert not any(value.any() for value in method.state_dict().values())
    (tmp_path / "a.safetensors").write_bytes(shared(GOOD))
    assert deblurkit.load(tmp_path / "a.safetensors", trust=["toys"]).recipe == RECIPE
