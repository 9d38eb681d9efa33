"""A method that lives in a package of its own, and what it takes to have it built."""

import sys
from pathlib import Path

import pytest
import torch
from running import SMALL, command_line

import deblurkit
from deblurkit.config import build_recipe
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image

METHOD = '''
"""A filter that is learnt."""

from torch import nn
from torch.optim import Adam

from deblurkit.losses.pixel import l1
from deblurkit.methods.frame.automatic import AutomaticMethod


class Filter(nn.Module):
    def __init__(self, *, size):
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, size, padding=size // 2)

    def forward(self, blurred):
        return blurred + 0.1 * self.convolution(blurred)


class LearntFilter(AutomaticMethod):
    needs, restorer = frozenset({"paired"}), "filter"

    def __init__(self, *, filter, lr):
        super().__init__(
            weights={"content": 1.0}, optimizer=lambda some: Adam(some, lr), scheduler=None
        )
        self.filter = filter

    def forward(self, blurred):
        return self.filter(blurred)

    def terms(self, batch):
        return {"content": l1(self(batch["paired"]["blurred"]), batch["paired"]["sharp"])}
'''
MODEL = """
# A filter that is learnt; nobody has published it.
_target_: my_method.learnt.LearntFilter
filter: {_target_: my_method.learnt.Filter, size: 3}
lr: 1.0e-3
"""
TRUST = "trust=[my_method]"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of new files only: a package and its configs."""
    files = {
        "my_method/__init__.py": "",
        "my_method/learnt.py": METHOD,
        "conf/model/my.yaml": MODEL,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_ones_own_method_trains_and_restores(package: Path) -> None:
    """Train, share, load, deblur: each of them refuses until the package is trusted by name."""
    small = [override for override in SMALL if not override.startswith("trust=")]
    given = (
        "--config-dir",
        "conf",
        "model=my",
        *small,
        "trainer.max_epochs=1",
        "hydra.run.dir=run",
    )
    refusal = r"'my_method.learnt.LearntFilter' may not be built from a config"
    said = command_line("train", TRUST.replace("my_method", "mine"), *given, folder=package, code=2)
    assert refusal in said
    assert "trust a package of your own with trust=[name]" in said
    assert "my_method" not in sys.modules  # refused before it is imported
    command_line("train", TRUST, *given, folder=package)

    run = package / "run"
    with pytest.raises(InputError, match=refusal):
        deblurkit.load(run)
    method = deblurkit.load(run, trust=["my_method"])
    picture = torch.rand(1, 3, 13, 18)
    deblurkit.save_weights(method, "shared.safetensors")
    with pytest.raises(InputError, match=refusal):
        deblurkit.load("shared.safetensors")
    again = deblurkit.load("shared.safetensors", trust=["my_method"])
    assert torch.equal(again.restore(picture), method.restore(picture))

    write_image(package / "photo.png", (255 * picture[0]).byte().permute(1, 2, 0).numpy())
    deblur = ("photo.png", "weights=shared.safetensors", "output=out")
    assert refusal in command_line("deblur", *deblur, folder=package, code=2)
    command_line("deblur", *deblur, TRUST, folder=package)
    assert read_image(package / "out" / "photo.png").shape == (13, 18, 3)

    printed = command_line("train", "resume=run", folder=package, code=2)
    assert "if you trust them, add trust=[my_method]" in printed


def test_trust_is_of_one_package_and_nothing_that_it_imports(package: Path) -> None:
    node = {"_target_": "my_method.learnt.LearntFilter", "lr": 0.1}
    inner = {"_target_": "my_method.learnt.Filter", "size": 3}
    method = build_recipe({**node, "filter": inner}, trust=["my_method"])
    assert type(method).__module__ == "my_method.learnt"
    for trust in ([], ["my"], ["my_method.learn"], ["my_method.learnt.Filter"]):
        with pytest.raises(InputError, match="may not be built"):
            build_recipe({**node, "filter": inner}, trust=trust)
    for name in ("nn.Linear", "LearntFilter.load_from_checkpoint"):
        with pytest.raises(InputError, match="may not be built"):
            build_recipe(
                {**node, "filter": {"_target_": f"my_method.learnt.{name}"}}, trust=["my_method"]
            )
