"""A method as a teacher: luminance in and out, gradients, and one sentence when it cannot."""

from functools import partial
from pathlib import Path

import pytest
import torch
from fingerprint import formula_picture
from stored_teachers import stored_teacher
from torch import Tensor

import deblurkit
from deblurkit.checkpoint import teacher
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.losses.frozen import Frozen
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.methods.priors.teacher import Teacher
from deblurkit.methods.unsharp import UnsharpMask


@pytest.fixture
def network(tmp_path: Path) -> Frozen:
    """A network method, read from a file of weights."""
    return frozen(partial(teacher, weights=str(stored_teacher(tmp_path))))


def frozen(method) -> Frozen:
    return Frozen(partial(Teacher, method))


def gray(height: int = 33, width: int = 46) -> Tensor:
    return formula_picture(height, width, channels=1).float()


def test_it_answers_with_the_luminance_of_the_methods_answer(network: Frozen) -> None:
    restored = network.open().method.restoration(
        {"blurred": gray().expand(-1, 3, -1, -1), "name": ["a"]}
    )["restored"]
    expected = 0.299 * restored[:, :1] + 0.587 * restored[:, 1:2] + 0.114 * restored[:, 2:]
    assert expected.sub(gray()).abs().max() > 0.01
    torch.testing.assert_close(network(gray()), expected)


def test_gradients_flow_to_the_picture_and_not_into_its_parameters(network: Frozen) -> None:
    picture = gray().requires_grad_()
    network(picture).square().sum().backward()
    assert picture.grad is not None
    assert picture.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.open().parameters())
    assert not any(module.training for module in network.open().modules())


def test_a_classical_method_teaches_too() -> None:
    mask = frozen(partial(UnsharpMask, amount=0.5, sigma=1.0))
    direct = UnsharpMask(amount=0.5, sigma=1.0).restore(gray())
    torch.testing.assert_close(mask(gray()).clamp(0, 1), direct)


class Wrong(ClassicalMethod):
    """Restores wrongly."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.made = answer

    def restoration(self, batch: BlurredBatch) -> Restoration:
        return {"restored": self.made(batch["blurred"])}


def failing(blurred: Tensor) -> Tensor:
    raise RuntimeError("out of\nmemory")


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (partial(deblurkit.build, "wiener"), "Wiener .*blur is known: give its kernel"),
        (partial(Wrong, failing), "of .33, 46.: out of memory; choose another model.teacher"),
        (partial(Wrong, lambda blurred: blurred[..., 1:]), "has the shape .1, 3, 33, 45."),
        (partial(Wrong, lambda blurred: blurred / 0), "is not finite"),
    ],
)
def test_a_teacher_that_cannot_guide_says_so_in_one_sentence(method, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        frozen(method)(gray())
    assert "\n" not in str(caught.value)


def test_a_teacher_without_a_gradient_still_gives_a_guide() -> None:
    rounding = frozen(partial(Wrong, lambda blurred: blurred.detach().round()))
    picture = gray().requires_grad_()
    with pytest.raises(InputError, match="no gradient, which this term needs"):
        rounding(picture)
    with torch.no_grad():
        assert rounding(picture).unique().tolist() == [0, 1]
    assert rounding(gray()).unique().tolist() == [0, 1]


class Sized(ClassicalMethod):
    """Answers with the extent of the blur that it is told."""

    takes = frozenset({"kernel_size"})

    def restoration(self, batch: BlurredBatch) -> Restoration:
        sizes = torch.tensor(batch.get("kernel_size", [0] * len(batch["name"])))
        return {"restored": batch["blurred"] * 0 + sizes[:, None, None, None]}


def test_a_method_that_takes_the_extent_of_the_blur_is_told() -> None:
    assert frozen(Sized)(gray(), kernel_size=7).unique().tolist() == [7]
    assert frozen(Sized)(gray()).unique().tolist() == [0]
    mask = partial(UnsharpMask, amount=0.5, sigma=1.0)
    assert torch.equal(frozen(mask)(gray(), kernel_size=7), frozen(mask)(gray()))
