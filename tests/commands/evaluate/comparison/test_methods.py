"""What compare= may name, and how short the names are."""

from pathlib import Path

import numpy as np
import pytest
from omegaconf import DictConfig

import deblurkit
from deblurkit.checkpoint import save_weights
from deblurkit.commands.evaluate.comparison.methods import compared_methods, method, short_names
from deblurkit.commands.evaluate.restored_folder import Stored
from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import write_image
from deblurkit.methods.unsharp import UnsharpMask


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        (["unsharp", "wiener"], ["unsharp", "wiener"]),
        (["/r/a/best.ckpt", "/r/b/last.ckpt"], ["a", "b"]),
        (["/r/a/best.ckpt", "/r/a/last.ckpt"], ["a/best", "a/last"]),
        (["/r/a/best.ckpt", "/s/a/best.ckpt", "/r/b"], ["r/a/best", "s/a/best", "b"]),
        (["/out/x/restored", "/out/y/restored"], ["x", "y"]),
        (["/out/x/test/restored", "/out/x"], ["x/test/restored", "out/x"]),
        (["/out/unsharp", "unsharp"], ["out/unsharp", "unsharp"]),
        (["/out/blurred", "/out/mine"], ["out/blurred", "mine"]),
        (["/w/a.b.safetensors", "/w/a.c.ckpt"], ["a.b", "a.c"]),
        (["/best.ckpt", "/last.ckpt"], ["best", "last"]),
    ],
)
def test_names_are_short_and_distinct(entries: list[str], names: list[str]) -> None:
    assert short_names(entries) == names


@pytest.mark.parametrize("entries", [["unsharp", "unsharp"], ["/r/a", "/r/../r/a"]])
def test_the_same_twice_is_refused(entries: list[str]) -> None:
    with pytest.raises(InputError, match=r"twice"):
        short_names(entries)


def config(compare: str) -> DictConfig:
    return compose(f"compare={compare}", config="eval")


def test_kinds_may_be_mixed(tmp_path: Path) -> None:
    write_image(tmp_path / "pictures" / "a.png", np.zeros((9, 9, 3), np.uint8))
    save_weights(deblurkit.build("unsharp", "amount=0.25"), tmp_path / "mask.safetensors")
    entries = f"{tmp_path}/pictures,unsharp,{tmp_path}/mask.safetensors"
    found = compared_methods(config(f"[{entries}]"))
    assert list(found) == ["pictures", "unsharp", "mask"]
    assert isinstance(found["pictures"], Stored)
    assert isinstance(found["mask"], UnsharpMask)
    assert found["mask"].amount == 0.25
    named = compared_methods(config(f"{{ours:unsharp,theirs:{tmp_path}/pictures}}"))
    assert [type(one) for one in named.values()] == [UnsharpMask, Stored]
    assert list(named) == ["ours", "theirs"]


def test_what_cannot_be_compared_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("unsharp", "[unsharp]", "[]"):
        with pytest.raises(InputError, match=r"at least two methods"):
            compared_methods(config(given))
    with pytest.raises(InputError, match=r"'sharp' is a column already"):
        compared_methods(config("{sharp:unsharp,b:wiener}"))
    with pytest.raises(InputError, match=r"dclnet must be trained first; compare its checkpoint"):
        method("dclnet", trust=[])
    with pytest.raises(InputError, match=r"'nowhere' is nothing to compare: give a checkpoint"):
        method("nowhere", trust=[])
    (tmp_path / "unsharp").mkdir()
    monkeypatch.chdir(tmp_path)
    assert isinstance(method("unsharp", trust=[]), UnsharpMask)
    with pytest.raises(InputError, match=r"\./unsharp holds no picture"):
        method("./unsharp", trust=[])
    (tmp_path / "unsharp" / "last.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"last\.ckpt"):  # a run folder
        method("./unsharp", trust=[])
