"""The networks that DeblurGAN's code took from CycleGAN's: their numbers from their state."""

import pytest
import torch
from author_layouts import authors_state, require_critic, require_generator
from generators import blind, cycle

from deblurkit.errors import InputError
from deblurkit.networks.parts.critics import PatchCritic
from deblurkit.published.resnet import critic_state, generator_state

GENERATORS = {"deblurgan": blind, "cyclegan": cycle}  # with and without a dropout's place
PADDINGS = {"deblurgan": 2, "cyclegan": 1}


@pytest.mark.parametrize("source", GENERATORS)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_their_generator_gives_its_numbers(source: str, prefix: str) -> None:
    state = {prefix + name: value for name, value in authors_state(source, "generator").items()}
    network = GENERATORS[source](8, 9).double()
    network.load_state_dict(generator_state(state, file="a", blocks=9))
    require_generator(network, source, tolerance=1e-10)


@pytest.mark.parametrize("source", PADDINGS)
def test_their_critic_gives_its_numbers(source: str) -> None:
    network = PatchCritic(channels=8, strided=3, padding=PADDINGS[source]).double()
    network.load_state_dict(critic_state(authors_state(source, "critic"), file="a", strided=3))
    require_critic(network, source, tolerance=1e-10)


def test_a_generator_with_one_convolution_per_block_is_refused() -> None:
    state = authors_state("deblurgan", "generator")
    state = {name: value for name, value in state.items() if "conv_block.6" not in name}
    with pytest.raises(InputError, match="the blocks in a have one convolution"):
        generator_state(state, file="a", blocks=9)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("model.2.weight", 9),  # a batch normalisation
        ("model.10.conv_block.5.bias", 9),  # a second one beside conv_block.6
        ("model.model.1.model.0.weight", 9),  # a U-Net
        ("model.18.conv_block.6.bias", 8),
    ],
)
def test_tensors_of_another_network_are_refused(name: str, blocks: int) -> None:
    state = authors_state("deblurgan", "generator") | {name: torch.zeros(1)}
    with pytest.raises(InputError, match="which this network does not have"):
        generator_state(state, file="a", blocks=blocks)
