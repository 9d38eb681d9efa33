import logging
from pathlib import Path

import pytest

from deblurkit.commands.data.prepare import prepare_data
from deblurkit.config import compose
from deblurkit.errors import InputError


def test_a_cache_is_made_once(
    gopro_tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = [f"data.root={gopro_tree}", "data.variant=blur", f"data.cache={tmp_path / 'cache'}"]
    cfg = compose("action=prepare", *given, config="data")
    with caplog.at_level(logging.INFO):
        assert prepare_data(cfg) == 44 * 2 * 96 * 128 * 3
        assert "decoded pictures: 0.00324 GB in" in caplog.text
        caplog.clear()
        assert prepare_data(cfg) == 0
        assert "nothing to do" in caplog.text
        assert str(tmp_path / "cache") in caplog.text


def test_a_cache_follows_its_files(tmp_path: Path) -> None:
    from known_layouts import pair, reds

    reds(tmp_path)
    given = ["data=reds", f"data.root={tmp_path}", f"data.cache={tmp_path / 'cache'}"]
    cfg = compose("action=prepare", *given, config="data")
    size = prepare_data(cfg)
    assert size == 20 * 2 * 40 * 48 * 3
    file = tmp_path / "train" / "train_blur" / "003" / "00000000.png"
    pair(file, file.parents[2] / "train_sharp" / "003" / "00000000.png", 9)
    assert prepare_data(cfg) == size


def test_what_cannot_be_prepared_says_so(gopro_tree: Path, tmp_path: Path) -> None:
    root = f"data.root={gopro_tree}"
    with pytest.raises(InputError, match=r"data\.cache=<a folder on a fast disk>"):
        prepare_data(compose(root, "data.variant=blur", config="data"))
    with pytest.raises(InputError, match="keeps no cache"):
        prepare_data(compose("data=levin", root, config="data"))
    (tmp_path / "file.png").touch()
    cache = f"data.cache={tmp_path / 'file.png'}"
    with pytest.raises(InputError, match="cannot be written"):
        prepare_data(compose(root, "data.variant=blur", cache, config="data"))
