"""SRN: sizes, costs, its memory, and how its scales hang together."""

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.parts.scale_recurrent import Restored, decimated, doubled
from deblurkit.networks.srn import ConvLSTM, Memoryless, ScaleRecurrent


def network(kind: str, channels: int = 32, blocks: int = 3, kernel: int = 5) -> ScaleRecurrent:
    lstm = partial(ConvLSTM, channels=4 * channels, kernel=3, forget_bias=1.0)
    return ScaleRecurrent(
        colors=3 if kind == "color" else 1,
        channels=channels,
        blocks=blocks,
        kernel=kernel,
        recurrence=lstm() if kind == "lstm" else Memoryless(),
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "macs", "tensors"),
    [
        ("color", 6_881_251, 83.5, 84),
        ("gray", 6_876_449, 83.1, 84),
        ("lstm", 8_056_609, 89.4, 86),
    ],
)
def test_parameters_and_cost_at_256_pixels(kind, parameters, macs, tensors) -> None:
    with torch.device("meta"):
        srn = network(kind)
    assert sum(parameter.numel() for parameter in srn.parameters()) == parameters
    assert len(srn.state_dict()) == tensors
    with FlopCounterMode(display=False) as counter:
        srn(torch.empty(1, srn.colors, 256, 256, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=0.05)


def test_a_network_of_gray_pictures_restores_every_channel_by_itself() -> None:
    torch.manual_seed(0)
    srn = network("lstm", 2, 1)
    blurred = torch.rand(2, 3, 16, 32)
    restored = srn(blurred)
    assert [tuple(answer.shape) for answer in restored] == [
        (2, 3, 4, 8),
        (2, 3, 8, 16),
        (2, 3, 16, 32),
    ]
    for picture in range(2):
        for color in range(3):
            alone = srn(blurred[picture : picture + 1, color : color + 1])
            for mine, expected in zip(alone, restored, strict=True):
                torch.testing.assert_close(mine[0, 0], expected[picture, color])


def test_a_network_of_colour_pictures_refuses_gray_ones() -> None:
    with pytest.raises(InputError, match="with 3 channels, got 1"):
        network("color", 2, 1)(torch.rand(3, 1, 16, 16))


@pytest.mark.parametrize("size", [(24, 16), (16, 40)], ids=str)
def test_a_side_that_is_not_divisible_by_16_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"divisible by 16, got {size[0]} x {size[1]} pixels"):
        network("gray", 2, 1)(torch.rand(1, 3, *size))


def constant_gates(numbers: tuple[float, float, float, float]) -> ConvLSTM:
    """A cell of one channel whose i, j, f and o are these, whatever it sees."""
    cell = ConvLSTM(channels=1, kernel=3, forget_bias=1.0)
    with torch.no_grad():
        cell.gates.weight.zero_()
        cell.gates.bias.copy_(torch.tensor(numbers))
    return cell


def sigmoid(number: float) -> float:
    return torch.tensor(number, dtype=torch.float64).sigmoid().item()


def tanh(number: float) -> float:
    return torch.tensor(number, dtype=torch.float64).tanh().item()


def test_the_memory_by_hand() -> None:
    cell = constant_gates((0.5, -1.0, 0.25, 2.0))
    seen, memory = cell(torch.rand(1, 1, 2, 2), None)
    first = sigmoid(0.5) * tanh(-1.0)  # an empty memory has nothing to forget
    assert memory[0, 0].flatten().tolist() == pytest.approx([first] * 4)
    assert memory[0, 1].flatten().tolist() == pytest.approx([sigmoid(2.0) * tanh(first)] * 4)
    assert seen.equal(memory[:, 1:])  # the decoder sees the hidden state
    seen, memory = cell(torch.rand(1, 1, 4, 4), memory)
    second = sigmoid(0.25 + 1) * first + sigmoid(0.5) * tanh(-1.0)
    assert memory[0, 0].flatten().tolist() == pytest.approx([second] * 16)
    assert seen.flatten().tolist() == pytest.approx([sigmoid(2.0) * tanh(second)] * 16)


def test_gates_read_features_first_and_the_enlarged_hidden_state_behind_them() -> None:
    cell = constant_gates((20.0, 0.0, -20.0, 20.0))  # takes all in, forgets and shows all
    with torch.no_grad():
        cell.gates.weight[1, 1, 1, 1] = 1  # the candidate is the hidden state in the middle
    hidden = torch.rand(1, 1, 2, 2)
    memory = torch.cat([torch.rand(1, 1, 2, 2), hidden], dim=1)
    _, found = cell(torch.rand(1, 1, 4, 4), memory)
    torch.testing.assert_close(found[:, :1], doubled(hidden).tanh())


def test_a_new_cell_is_almost_silent() -> None:
    cell = ConvLSTM(channels=8, kernel=3, forget_bias=1.0)
    weight = cell.gates.weight
    assert weight.abs().max() <= 2e-3
    assert weight.std().item() == pytest.approx(0.88e-3, rel=0.05)  # of a normal one cut at 2 std
    assert not cell.gates.bias.any()


def test_scales_share_weights_and_hand_on_answer_and_memory() -> None:
    torch.manual_seed(0)
    srn = network("lstm", 2, 1)
    torch.nn.init.normal_(srn.recurrence.gates.weight, std=0.3)
    blurred = torch.rand(1, 1, 32, 32)
    quarter, half = decimated(blurred, 4), decimated(blurred, 2)
    coarse, memory = srn.drawn(quarter, quarter, None)
    middle, memory = srn.drawn(half, doubled(coarse), memory)
    fine, _ = srn.drawn(blurred, doubled(middle), memory)
    forgetful, _ = srn.drawn(blurred, doubled(middle), None)
    for expected, found in zip(Restored(coarse, middle, fine), srn(blurred), strict=True):
        assert found.equal(expected)
    assert not forgetful.equal(fine)


def test_the_picture_is_a_constant_for_the_next_scale_and_the_memory_is_not() -> None:
    torch.manual_seed(0)
    for kind, flows in (("gray", False), ("lstm", True)):
        srn = network(kind, 2, 1)
        restored = srn(torch.rand(1, 1, 16, 16))
        (gradient,) = torch.autograd.grad(
            restored.fine.sum(), restored.coarse, retain_graph=True, allow_unused=True
        )
        assert gradient is None
        features: list[Tensor] = []
        handle = srn.encoder.register_forward_hook(
            lambda module, given, answer, found=features: found.append(answer.quarter)
        )
        fine = srn(torch.rand(1, 1, 16, 16)).fine
        handle.remove()
        (gradient,) = torch.autograd.grad(fine.sum(), features[0], allow_unused=True)
        assert (gradient is not None) == flows


@pytest.mark.parametrize("kind", ["color", "gray", "lstm"])
def test_every_parameter_learns_from_the_finest_scale(kind: str) -> None:
    torch.manual_seed(0)
    srn = network(kind, 4, 1)
    srn(torch.rand(2, 3, 32, 32)).fine.square().sum().backward()
    still = [name for name, p in srn.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still
