"""A class called without its numbers says where they are; nothing else is touched."""

import copy
import inspect
import pickle
from typing import Any

import pytest
import torch
from hydra.utils import get_class
from omegaconf import OmegaConf
from torch import nn
from toys import Direct, Doubled, Network, PerPicture

from deblurkit.config import available_methods, conf_dir
from deblurkit.contracts import BlurredBatch, Restoration
from deblurkit.errors import InputError
from deblurkit.methods.dclnet import DCLNet
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.classical import ClassicalMethod
from deblurkit.methods.unsharp import UnsharpMask

BY_KEY = {key: OmegaConf.load(conf_dir() / "model" / f"{key}.yaml") for key in available_methods()}
CLASSES = sorted({node._target_ for node in BY_KEY.values() if "_target_" in node})


@pytest.mark.parametrize("target", CLASSES)
def test_a_method_without_its_numbers_names_the_config_that_has_them(target: str) -> None:
    with pytest.raises(InputError, match=r"missing; deblurkit.build\('\w+'\) makes it") as raised:
        get_class(target)()
    assert "\n" not in str(raised.value)
    key = str(raised.value).split("'")[1]
    assert BY_KEY[key]._target_ == target
    assert f"conf/model/{key}.yaml" in str(raised.value)


def test_what_is_missing_or_too_much_is_named() -> None:
    with pytest.raises(InputError, match=r"^UnsharpMask: sigma is missing; .*'unsharp'"):
        UnsharpMask(amount=1.0)  # type: ignore[call-arg]
    with pytest.raises(
        InputError, match=r"^UnsharpMask: got an unexpected keyword argument 'side'"
    ):
        UnsharpMask(amount=1.0, sigma=1.0, side=3)  # type: ignore[call-arg]
    with pytest.raises(InputError, match=r"^DCLNet: backbone, inverse, .* are missing; deblurkit"):
        DCLNet(nn.Identity())  # type: ignore[call-arg, misc]
    with pytest.raises(InputError, match=r"^PerPicture: iterations is missing; its arguments are"):
        PerPicture()  # type: ignore[call-arg]


class Faulty(ClassicalMethod):
    """Its own fault, not that of its caller."""

    def __init__(self, *, number: float) -> None:
        super().__init__()
        self.number = number + None  # type: ignore[operator]

    def restoration(self, batch: BlurredBatch) -> Restoration:
        return {"restored": batch["blurred"]}


class Outer(ClassicalMethod):
    """Makes something wrongly."""

    def __init__(self, *, number: float) -> None:
        super().__init__()
        self.inner = nn.Linear(number)  # type: ignore[call-arg, arg-type]

    def restoration(self, batch: BlurredBatch) -> Restoration:
        return {"restored": batch["blurred"]}


@pytest.mark.parametrize("kind", [Faulty, Outer])
def test_a_fault_inside_a_constructor_is_not_hidden(kind: type[ClassicalMethod]) -> None:
    with pytest.raises(TypeError, match=r"NoneType|out_features") as raised:
        kind(number=1.0)
    assert not isinstance(raised.value, InputError)


def test_a_parent_stays_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        RestorationMethod()  # type: ignore[abstract]


def test_signatures_copies_and_pickles_are_those_of_any_class() -> None:
    assert list(inspect.signature(UnsharpMask).parameters) == ["amount", "sigma"]
    assert inspect.signature(Direct).parameters["lr"].kind is inspect.Parameter.KEYWORD_ONLY
    method: Any = Direct(restoring=Network(), lr=1e-3)
    method.optimizer = None  # a lambda of the toy
    blurred = torch.rand(1, 3, 8, 8)
    for copied in (copy.deepcopy(method), pickle.loads(pickle.dumps(method))):
        assert torch.equal(copied.restore(blurred), method.restore(blurred))
    assert Doubled().restores_untrained
