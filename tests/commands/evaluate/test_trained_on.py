"""Test pictures that are training pictures of the same data are not scored without a word."""

from pathlib import Path

import pytest
from videos import photographs, write_pairs

from deblurkit.commands.evaluate import test_data as evaluated
from deblurkit.commands.shared.sources import only_reads
from deblurkit.config import compose, plain


@pytest.mark.parametrize(("shared", "said"), [(6, 1), (1, 1), (0, 0)])
def test_copies_of_training_pictures_are_said(
    shared: int, said: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = photographs(12)
    write_pairs(tmp_path / "train", pictures[:6])
    write_pairs(tmp_path / "test", pictures[6 - shared : 12 - shared], "new{}")
    cfg = compose("data=folder_paired", f"data.root={tmp_path}", config="eval")
    assert len(evaluated.held_out(cfg).test) == 6
    assert len(caplog.messages) == said
    if said:
        assert f"{shared} of 6 test pictures looked at are training pictures too" in caplog.text


@pytest.mark.parametrize(
    ("data", "reads"),
    [
        (("folder_paired",), True),
        (("folder_sharp",), True),
        (("reds",), True),
        (("reds", "data.cache=cache"), False),
        (("free_exposures",), False),
    ],
)
def test_sources_that_would_make_something_are_not_asked(
    data: tuple[str, ...], reads: bool
) -> None:
    cfg = compose(f"data={data[0]}", "data.root=pictures", *data[1:])
    nodes = plain(cfg.data)["train"].values()
    assert [only_reads(node) for node in nodes] == [reads]
    taught = {
        "_target_": "deblurkit.data.sources.taught.TaughtPictures",
        "source": next(iter(nodes)),
    }
    assert not only_reads({"_target_": "deblurkit.data.sources.subsets.Share", "source": taught})


def test_training_pictures_may_be_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pairs(tmp_path / "test", photographs(3))
    cfg = compose("data=folder_paired", f"data.root={tmp_path}", config="eval")
    assert len(evaluated.held_out(cfg).test) == 3
    assert not caplog.messages
