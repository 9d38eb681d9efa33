"""DeepDeblur's published weights: the authors' numbers from their file."""

from pathlib import Path
from typing import Any

import pytest
import torch
from converting import converted, write
from fingerprint import formula_picture, formula_state, summary
from parity_numbers import numbers_of
from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.networks.deepdeblur import Generator
from deblurkit.published.deepdeblur import DeepDeblur

EXPECTED = numbers_of("deepdeblur")
SMALL = EXPECTED["generators"]["small"]
CRITIC = numbers_of("layouts")["deepdeblur"]["critic"]["parameters"]
SIZES = ("model.generator.channels=8", "model.generator.blocks=2")


def require_answers(generator: Generator, expected: dict[str, Any], *, tolerance: float) -> None:
    """Compare all scales of the pyramid that the reference decimated."""
    picture = formula_picture(64, 96)
    with torch.no_grad():
        pyramid = [picture[..., ::step, ::step] for step in (1, 2, 4)]
        scales = generator.double().restored(pyramid)
    for scale, answer in zip(scales, expected["answers"], strict=True):
        assert summary(255 * scale) == pytest.approx(answer, rel=tolerance)


def authors_file() -> dict[str, dict[str, Tensor]]:
    return {"G": formula_state(SMALL["shapes"]), "D": formula_state(CRITIC)}


@pytest.mark.parametrize("name", ["small", pytest.param("full", marks=pytest.mark.slow)])
def test_their_tensors_give_their_numbers(name: str) -> None:
    expected = EXPECTED["generators"][name]
    sizes = {"scales": 3, "span": 255.0, "blocks": expected["blocks"]}
    state = DeepDeblur(**sizes).parts({"a": {"G": formula_state(expected["shapes"])}})
    network = Generator(**sizes, kernel=5, channels=expected["channels"]).double()
    network.load_state_dict(state["generator"])
    require_answers(network, expected, tolerance=1e-10)


def test_a_converted_file_gives_their_numbers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write({"model-1000.pt": authors_file()}, tmp_path)
    caplog.set_level("INFO")
    method = converted("source=deepdeblur", f"path={tmp_path}", *SIZES, folder=tmp_path)
    assert "not used, since the model does not have it: critic" in caplog.messages
    require_answers(method.generator, SMALL, tolerance=1e-5)


def test_their_critic_comes_along(tmp_path: Path) -> None:
    write({"mine.pt": authors_file()}, tmp_path)
    given = ("model=deepdeblur_adversarial", "model.critic.channels=8", *SIZES)
    path = f"path={tmp_path}/mine.pt"
    method = converted("source=deepdeblur", path, *given, folder=tmp_path)
    require_answers(method.generator, SMALL, tolerance=1e-5)
    with torch.no_grad():
        scores = method.critic.double()(formula_picture(256, 512))
    assert scores.flatten().tolist() == pytest.approx(EXPECTED["critic"]["scores"], rel=1e-3)
    assert list(method.origin["files"]) == ["mine.pt"]


def test_weights_of_grey_levels_do_not_become_the_papers_model(tmp_path: Path) -> None:
    write({"model-1000.pt": authors_file()}, tmp_path)
    given = ("source=deepdeblur", "model=deepdeblur_paper", f"path={tmp_path}", *SIZES)
    with pytest.raises(InputError, match="on 255 grey levels, but this model= on a range of 1;"):
        converted(*given, folder=tmp_path)


def test_a_bare_state_dict_is_refused(tmp_path: Path) -> None:
    write({"model-1000.pt": authors_file()["G"]}, tmp_path)
    with pytest.raises(InputError, match=r"model-1000\.pt holds no generator under the name G;"):
        converted("source=deepdeblur", f"path={tmp_path}", *SIZES, folder=tmp_path)
