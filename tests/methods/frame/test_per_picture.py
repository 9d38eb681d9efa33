"""What solvers share: keys of pictures, and answers that are told apart from others."""

import pytest
from torch import nn

from deblurkit.methods.frame.per_picture import key_of


@pytest.mark.parametrize("name", ["a.b", "values", "training", "type", "folder/pic.1.png", "100%"])
def test_every_name_becomes_a_key(name: str) -> None:
    assert list(nn.ModuleDict({key_of(name): nn.Identity()})) == [key_of(name)]


def test_different_names_have_different_keys() -> None:
    names = ["a.b", "a_b", "a%2Eb", "a%b", "a"]
    assert len({key_of(name) for name in names}) == len(names)
