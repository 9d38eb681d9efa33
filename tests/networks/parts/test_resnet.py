"""What every generator of the family keeps, and the parts that papers choose from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from generators import GENERATORS, blind, pre_activation
from torch import nn
from torch.nn import functional

from deblurkit.errors import InputError
from deblurkit.networks.parts.resnet import AlwaysDropout, PreActivationBlock, Resized, Transposed

KINDS = pytest.mark.parametrize("build", GENERATORS.values(), ids=GENERATORS.keys())


@KINDS
def test_pictures_keep_shape_and_range(build) -> None:
    network = build()
    assert network.multiple == 4
    answer = network(torch.rand(2, 3, 8, 12))
    assert answer.shape == (2, 3, 8, 12)
    assert 0 <= answer.min() < answer.max() <= 1


@KINDS
@pytest.mark.parametrize("size", [(4, 16), (16, 4), (18, 16), (16, 17)], ids=str)
def test_sides_that_do_not_fit_are_refused(build, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"at least 8 pixels, got {size[0]} x {size[1]} pixels"):
        build()(torch.rand(1, 3, *size))


@KINDS
def test_but_for_dropout_training_changes_nothing(build) -> None:
    network = build().double()
    for dropout in (module for module in network.modules() if isinstance(module, nn.Dropout)):
        dropout.p = 0.0
    pictures = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    assert network.train()(pictures).equal(network.eval()(pictures))
    assert not dict(network.named_buffers(remove_duplicate=False)).keys() & {"running_mean"}


@KINDS
def test_a_picture_is_restored_as_if_it_were_alone(build) -> None:
    network = build().double().eval()
    pictures = torch.rand(3, 3, 16, 16, dtype=torch.float64)
    alone = torch.cat([network(picture[None]) for picture in pictures])
    torch.testing.assert_close(network(pictures), alone, rtol=0, atol=1e-12)


@KINDS
def test_the_result_follows_the_picture_not_its_layout_in_memory(build) -> None:
    network, pictures = build().double().eval(), torch.rand(2, 3, 16, 24, dtype=torch.float64)
    expected = network(pictures)
    network.to(memory_format=torch.channels_last)
    given = pictures.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(network(given), expected, rtol=0, atol=1e-12)


@KINDS
def test_autocast_keeps_the_pictures_dtype_and_nearly_their_values(build) -> None:
    network, pictures = build().eval(), torch.rand(1, 3, 16, 16)
    expected = network(pictures)
    with torch.autocast("cpu", torch.bfloat16):
        answer = network(pictures)
    assert answer.dtype == torch.float32
    torch.testing.assert_close(answer, expected, rtol=0, atol=0.05)


@pytest.mark.slow
def test_compilation_changes_nothing() -> None:
    script = Path(__file__).parents[2] / "support" / "compiled_networks.py"
    environment = {**os.environ, "PYTHONPATH": str(script.parents[1] / "support")}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    differences = [float(line.rpartition(": ")[2]) for line in done.stdout.splitlines()]
    assert len(differences) == len(GENERATORS) + 3
    assert max(differences) < 1e-5


@KINDS
def test_every_weight_learns_and_redundant_biases_do_not(build) -> None:
    torch.manual_seed(0)
    network = build(channels=8).eval().double()
    for layer in (layer for layer in network.modules() if isinstance(layer, nn.Conv2d)):
        nn.init.kaiming_normal_(layer.weight)  # those that start at zero hide what lies behind
    pictures = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    (network(pictures) - torch.rand_like(pictures)).square().mean().backward()
    gradients = {name: p.grad for name, p in network.named_parameters()}
    still = {name for name, gradient in gradients.items() if gradient.abs().max() < 1e-12}
    assert all(name.endswith("bias") for name in still)  # instance normalisation removes them
    assert "body.head.bias" not in still


@KINDS
def test_weights_start_with_the_deviation_of_the_authors(build) -> None:
    torch.manual_seed(0)
    body = build(channels=16, blocks=1).body
    for layer in body.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.kernel_size != (1, 1):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            assert not layer.bias.any()


@pytest.mark.parametrize("upsampling", [Transposed, Resized])
def test_upsampling_doubles_any_size(upsampling) -> None:
    layer = upsampling(6, 2)
    assert layer(torch.rand(1, 6, 5, 3)).shape == (1, 2, 10, 6)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 9 * 12 + 2


def test_transposed_convolutions_leave_a_grid_where_resizing_leaves_none() -> None:
    features = torch.ones(1, 4, 9, 9)
    grid, smooth = (layer(features)[..., 4:-4, 4:-4] for layer in (Transposed(4, 1), Resized(4, 1)))
    assert grid.std() > 1e-3
    torch.testing.assert_close(smooth.std(), torch.tensor(0.0), rtol=0, atol=1e-7)


def test_dropout_rests_in_evaluation_unless_it_is_told_not_to() -> None:
    torch.manual_seed(0)
    network = blind().double()
    always = blind(dropout=AlwaysDropout(probability=0.5)).double()
    always.load_state_dict(network.state_dict())  # the choice leaves no trace in checkpoints
    pictures = torch.rand(1, 3, 16, 16, dtype=torch.float64)

    def drawn(network: nn.Module) -> torch.Tensor:
        torch.manual_seed(1)
        return network(pictures)

    dropped = drawn(network.train())
    assert drawn(always.eval()).equal(dropped)
    assert drawn(always.train()).equal(dropped)
    network.eval()
    assert network(pictures).equal(network(pictures))
    assert not network(pictures).equal(dropped)
    assert not always(pictures).equal(always(pictures))


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_a_probability_that_is_none_is_refused(probability: float) -> None:
    with pytest.raises(InputError, match=r"must lie in \[0, 1\)"):
        blind(dropout=probability)
    with pytest.raises(InputError, match=r"must lie in \[0, 1\)"):
        AlwaysDropout(probability=probability)


def test_a_generator_without_blocks_is_refused() -> None:
    with pytest.raises(InputError, match="at least one residual block"):
        blind(blocks=0)


def test_only_sums_lie_between_pre_activation_blocks() -> None:
    """With empty convolutions the trunk hands on the raw features, negative ones included."""
    features = torch.randn(2, 8, 4, 4)
    block = PreActivationBlock(channels=8, dropout=0.5)
    for layer in (layer for layer in block.modules() if isinstance(layer, nn.Conv2d)):
        nn.init.zeros_(layer.weight)
    assert block(features).equal(features)
    seen = []
    network = pre_activation(channels=2, blocks=1)
    network.body.blocks[0].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    network(torch.rand(1, 3, 16, 16))
    assert seen[0].min() < 0  # row 3 of the table is not rectified
    normal = functional.instance_norm(features).relu()
    assert network.body.blocks[0].closing()(features).equal(normal)  # row 13
