"""The door for notebooks: what ``restore`` takes, refuses and leaves as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jaxtyping import config as shape_checks
from PIL import Image
from torch import nn
from toys import Direct, Doubled, Network

from deblurkit.contracts import BlurredBatch, Images, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod


class Brighter(nn.Module):
    """Leaves [0, 1] and takes sides divisible by 4 only."""

    multiple = 4

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, blurred: Images) -> Images:
        assert not any(side % 4 for side in blurred.shape[-2:])
        return self.dropout(3 * blurred - 1)


class Informed(RestorationMethod):
    """Uses the kernel that it is given."""

    takes = frozenset({"kernel"})

    def restoration(self, batch: BlurredBatch) -> Restoration:
        return {"restored": batch["blurred"] * batch["kernel"].sum()}


def direct(network: nn.Module | None = None) -> Direct:
    return Direct(restoring=network or Network(), lr=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_answer_is_like_the_question(channels: int, dtype: torch.dtype) -> None:
    blurred = torch.rand(2, channels, 13, 18).to(dtype)
    for method in (direct(), Doubled()):
        restored = method.restore(blurred)
        assert (restored.shape, restored.dtype) == (blurred.shape, dtype)
        assert restored.device == blurred.device
        assert not restored.requires_grad


def test_a_gray_picture_is_three_equal_channels() -> None:
    method, gray = direct(), torch.rand(1, 1, 8, 8)
    colours = method.restore(gray.expand(-1, 3, -1, -1))
    assert torch.allclose(method.restore(gray), colours.mean(1, keepdim=True))


def test_the_answer_lies_in_the_unit_range_and_dropout_is_off() -> None:
    blurred = torch.rand(1, 3, 8, 8)
    restored = direct(Brighter()).restore(blurred)
    assert torch.equal(restored, (3 * blurred - 1).clamp(0, 1))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 4), (5, 2), (17, 31)])
def test_any_size_is_padded_and_cropped(size: tuple[int, int]) -> None:
    blurred = torch.rand(1, 3, *size)
    restored = direct(Brighter()).restore(blurred)
    assert torch.equal(restored, (3 * blurred - 1).clamp(0, 1))


@pytest.mark.parametrize("fails", [False, True])
def test_modes_and_gradients_are_as_before(fails: bool) -> None:
    method = direct()
    method.train()
    method.restoring.dropout.eval()  # somebody froze a part
    given: dict[str, Any] = {"kernel": torch.ones(1)} if fails else {}
    if fails:
        with pytest.raises(InputError):
            method.restore(torch.rand(1, 3, 8, 8), **given)
    else:
        method.restore(torch.rand(1, 3, 8, 8))
    assert method.training
    assert method.restoring.training
    assert not method.restoring.dropout.training
    assert torch.is_grad_enabled()


def test_an_error_inside_leaves_the_modes_as_before() -> None:
    method = direct(nn.Conv2d(5, 5, 3)).train()
    with pytest.raises(RuntimeError):
        method.restore(torch.rand(1, 3, 8, 8))
    assert all(module.training for module in method.modules())


@pytest.mark.parametrize(
    ("blurred", "sentence"),
    [
        (torch.rand(1, 3, 8, 8) * 255, r"must lie in \[0, 1\].*divide 8-bit values by 255"),
        (torch.rand(1, 3, 8, 8) - 0.5, r"must lie in \[0, 1\]"),
        (torch.full((1, 3, 8, 8), torch.nan), r"must lie in \[0, 1\]"),
        (torch.rand(1, 4, 8, 8), r"got \(1, 4, 8, 8\) of torch.float32"),
        (torch.rand(3, 8, 8), r"got \(3, 8, 8\)"),
        (torch.rand(8, 8), r"got \(8, 8\)"),
        (torch.rand(0, 3, 8, 8), r"got \(0, 3, 8, 8\)"),
        (torch.rand(1, 3, 0, 8), r"got \(1, 3, 0, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), r"floating-point .* of torch.uint8.* by 255"),
        (torch.rand(3, 8, 8), r"got \(3, 8, 8\) of torch.float32; write picture\[None\]"),
        (torch.rand(8, 8, 3), r"channels come last: write picture.permute\(2, 0, 1\)\[None\]"),
        (torch.rand(1, 8, 8, 3), r"channels come last: write picture.permute\(0, 3, 1, 2\)"),
        (
            np.zeros((8, 8, 3), np.uint8),
            r"got a numpy.ndarray of shape \(8, 8, 3\); deblurkit.deblur",
        ),
        (Image.new("RGB", (8, 8)), "got PIL.Image; deblurkit.deblur takes files, PIL pictures"),
        ("photo.jpg", "restore wants a tensor .*, got str; deblurkit.deblur takes"),
        (Path("photo.jpg"), "got pathlib.PosixPath; deblurkit.deblur takes"),
        ([torch.rand(3, 8, 8)], "got a list of 1; deblurkit.deblur takes"),
        ({"blurred": torch.rand(1, 3, 8, 8)}, r"got a dict with the keys \['blurred'\]"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_picture_is_refused(
    blurred: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)  # as outside the tests
    with pytest.raises(InputError, match=sentence):
        direct().restore(blurred)


def test_what_is_known_of_the_blur_is_used_or_refused() -> None:
    blurred, kernel = torch.rand(1, 3, 8, 8), torch.full((1, 1, 3, 3), 1 / 18)
    assert torch.allclose(Informed().restore(blurred, kernel=kernel), blurred / 2)
    with pytest.raises(InputError, match=r"Direct does not use \['kernel'\]"):
        direct().restore(blurred, kernel=kernel)
    with pytest.raises(InputError, match=r"\['noise'\]; it takes \['kernel'\]"):
        Informed().restore(blurred, noise=0.1)


def test_the_sharp_picture_is_never_visible() -> None:
    batch = {
        "blurred": torch.rand(1, 3, 8, 8),
        "sharp": torch.rand(1, 3, 8, 8),
        "name": ["a"],
        "kernel": torch.ones(1, 1, 1, 1),
    }
    assert set(direct().visible(batch)) == {"blurred", "name"}
    assert set(Informed().visible(batch)) == {"blurred", "name", "kernel"}
    seen = []

    class Peeking(Informed):
        def restoration(self, batch: BlurredBatch) -> Restoration:
            seen.append(set(batch))
            return {"restored": batch["blurred"]}

    method = Peeking()
    for step in (method.validation_step, method.test_step, method.predict_step):
        step(batch, 0)
    assert seen == 3 * [{"blurred", "name", "kernel"}]
