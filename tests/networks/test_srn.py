"""SRN: sizes, costs, and the numbers of the authors' TensorFlow graph."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.scale_recurrent import Restored, decimated, doubled
from deblurkit.networks.srn import ConvLSTM, Memoryless, ScaleRecurrent, official_state
from networks.fingerprint import formula_picture, formula_tensor, summary

# Float64, the formula's weights in the authors' layout, 64 x 96 pixels: mean, std, four samples.
# Computed by our rules; the authors' graph, run in float32 under TensorFlow 2.21, agreed to 1.6e-6.
FINGERPRINTS = {
    "color": (
        (0.00149316, 0.16669724, -0.27677248, 0.16792643, 0.11540926, 0.30401451),
        (-0.02817743, 0.10363851, -0.18484995, -0.05995723, 0.06098727, -0.14820524),
        (-0.03191894, 0.08298326, -0.16566855, -0.07596224, 0.04768797, -0.16907244),
    ),
    "gray": (
        (0.13085191, 0.12486380, 0.00476946, 0.17613660, -0.02467926, 0.18617113),
        (0.09042472, 0.08727069, 0.03740090, 0.15958120, -0.00675986, 0.21109823),
        (0.09012117, 0.07159693, 0.02297536, 0.04527468, 0.01203884, 0.17459535),
    ),
    "lstm": (
        (0.13599275, 0.11187624, 0.07561273, 0.15202743, -0.05149070, 0.16543903),
        (0.09420888, 0.07830460, 0.05066088, 0.10491385, -0.01628677, 0.16396256),
        (0.09388368, 0.06425907, 0.03994364, 0.06180660, -0.00373308, 0.18029677),
    ),
}


def network(kind: str, channels: int = 32, blocks: int = 3, kernel: int = 5) -> ScaleRecurrent:
    lstm = partial(ConvLSTM, channels=4 * channels, kernel=3, forget_bias=1.0)
    return ScaleRecurrent(
        colors=3 if kind == "color" else 1,
        channels=channels,
        blocks=blocks,
        kernel=kernel,
        recurrence=lstm() if kind == "lstm" else Memoryless(),
    )


def official_shapes(kind: str) -> dict[str, tuple[int, ...]]:
    """Variables of the authors' checkpoint in the order of their names, in TensorFlow's layout."""
    colors = 3 if kind == "color" else 1
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(scope: str, kernel: int, channels: int, features: int, bias: int) -> None:
        shapes[f"g_net/{scope}/weights"] = (kernel, kernel, channels, features)
        shapes[f"g_net/{scope}/biases"] = (bias,)

    entering = {1: 2 * colors, 2: 32, 3: 64}
    for level, width in ((1, 32), (2, 64), (3, 128)):
        layer(f"enc{level}_1", 5, entering[level], width, width)
        for part, first in (("enc", 2), ("dec", 1)):
            for number in range(first, first + 3):
                for convolution in ("conv1", "conv2"):
                    layer(f"{part}{level}_{number}/{convolution}", 5, width, width, width)
        if level < 3:
            layer(f"dec{level}_4", 4, width, 2 * width, width)  # height, width, out, in
    layer("dec1_0", 5, 32, colors, colors)
    if kind == "lstm":
        layer("convLSTM/LSTM_conv", 3, 256, 512, 512)
    return dict(sorted(shapes.items()))


def official_variables(kind: str) -> dict[str, Tensor]:
    return {
        name: formula_tensor(shape, position, fan=math.prod(shape[:-1]))
        for position, (name, shape) in enumerate(official_shapes(kind).items())
    }


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
    assert len(srn.state_dict()) == len(official_shapes(kind)) == tensors
    with FlopCounterMode(display=False) as counter:
        srn(torch.empty(1, srn.colors, 256, 256, device="meta"))
    assert counter.get_total_flops() / 2e9 == pytest.approx(macs, abs=0.05)


@pytest.mark.parametrize("kind", FINGERPRINTS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 1e-5), pytest.param(torch.float64, 1e-7, marks=pytest.mark.slow)],
    ids=str,
)
def test_fingerprints(kind: str, dtype: torch.dtype, tolerance: float) -> None:
    srn = network(kind).to(dtype)
    srn.load_state_dict(official_state(official_variables(kind), blocks=3))
    with torch.no_grad():
        restored = srn(formula_picture(64, 96, channels=srn.colors).to(dtype))
    for answer, expected in zip(restored, FINGERPRINTS[kind], strict=True):
        assert answer.dtype == dtype
        assert summary(answer) == pytest.approx(expected, rel=0, abs=tolerance)


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


def test_the_importer_leaves_the_optimiser_out_and_refuses_what_it_does_not_know() -> None:
    variables = official_variables("gray")
    extra = {
        "global_step": torch.tensor(523_000),
        "g_net/enc1_1/weights/Adam": torch.zeros(5, 5, 2, 32),
        "beta1_power": torch.tensor(0.9),
    }
    plain, full = (official_state(given, blocks=3) for given in (variables, variables | extra))
    assert plain.keys() == full.keys()
    with pytest.raises(InputError, match="g_net/enc1_1/gamma is no variable of SRN"):
        official_state({"g_net/enc1_1/gamma": torch.zeros(3)}, blocks=3)
    with pytest.raises(
        InputError, match="g_net/enc4_1/weights is no variable of SRN with 3 blocks"
    ):
        official_state({"g_net/enc4_1/weights": torch.zeros(5, 5, 3, 3)}, blocks=3)
