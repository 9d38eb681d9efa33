"""Home folders, and files that are called like one."""

from pathlib import Path

import pytest

from deblurkit.paths import expanded


def test_only_what_names_a_home_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert expanded("~/a.png") == Path("/home/me/a.png")
    assert expanded("~nobody.png") == Path("~nobody.png")
    assert expanded("a~.png") == Path("a~.png")
    Path("~").mkdir()
    Path("~/a.png").touch()
    assert expanded("~/a.png") == Path("~/a.png")
    assert expanded("x" * 300) == Path("x" * 300)
