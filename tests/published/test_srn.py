"""SRN's published weights: the numbers of the authors' TensorFlow graph from its variables."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from converting import converted
from fingerprint import formula_picture, formula_tensor, summary
from safetensors.torch import save_file
from torch import Tensor

from deblurkit.config import build
from deblurkit.errors import InputError
from deblurkit.published.srn import SRN
from deblurkit.weight_files.numpy_files import read_npz

MODELS = {"color": "srn_color", "gray": "srn_gray", "lstm": "srn"}
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


def compare(kind: str, network: torch.nn.Module, *, tolerance: float) -> None:
    """Compare the answers at the three scales."""
    with torch.no_grad():
        dtype = next(network.parameters()).dtype
        restored = network(formula_picture(64, 96, channels=network.colors).to(dtype))
    for answer, expected in zip(restored, FINGERPRINTS[kind], strict=True):
        assert answer.dtype == dtype
        assert summary(answer) == pytest.approx(expected, rel=0, abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FINGERPRINTS)
def test_their_variables_give_their_numbers(kind: str) -> None:
    network = build(MODELS[kind]).deblurrer.double()
    state = SRN(blocks=3).parts({"srn.npz": official_variables(kind)})["deblurrer"]
    network.load_state_dict(state)
    compare(kind, network, tolerance=1e-7)


@pytest.mark.parametrize("kind", FINGERPRINTS)
def test_a_converted_archive_gives_their_numbers(kind: str, tmp_path: Path) -> None:
    variables = {name: value.float().numpy() for name, value in official_variables(kind).items()}
    variables["global_step"] = np.array(523_000)
    np.savez(tmp_path / "srn.npz", **variables)
    given = ("source=srn", f"model={MODELS[kind]}", f"path={tmp_path}")
    method = converted(*given, folder=tmp_path)
    compare(kind, method.deblurrer, tolerance=1e-5)
    assert method.origin["licence"] == "MIT"


def test_safetensors_under_their_names_do_as_well(tmp_path: Path) -> None:
    variables = {name: value.float() for name, value in official_variables("gray").items()}
    save_file(variables, tmp_path / "gray.safetensors")
    given = ("source=srn", "model=srn_gray", f"path={tmp_path}/gray.safetensors")
    compare("gray", converted(*given, folder=tmp_path).deblurrer, tolerance=1e-5)


def test_arrays_that_lie_otherwise_in_memory_are_the_same_weights(tmp_path: Path) -> None:
    """Transposed as a framework hands them on, strided, and by columns, as MATLAB keeps them."""
    variables = official_variables("gray")
    arrays = {}
    for number, (name, value) in enumerate(variables.items()):
        array = value.numpy()
        doubled = np.repeat(array, 2, axis=0)[::2]
        arrays[name] = (np.asfortranarray(array), array.T.copy().T, doubled)[number % 3]
    assert not any(array.flags.c_contiguous for array in arrays.values() if array.ndim == 4)
    np.savez(tmp_path / "srn.npz", **arrays)
    importer = SRN(blocks=3)
    state = importer.parts({"srn.npz": read_npz(tmp_path / "srn.npz")})["deblurrer"]
    expected = importer.parts({"srn.npz": variables})["deblurrer"]
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in state)


def test_what_belongs_to_the_optimiser_is_left_out() -> None:
    variables = official_variables("gray")
    extra = {
        "global_step": torch.tensor(523_000),
        "g_net/enc1_1/weights/Adam": torch.zeros(5, 5, 2, 32),
        "beta1_power": torch.tensor(0.9),
    }
    importer = SRN(blocks=3)
    plain, full = (importer.parts({"a": given}) for given in (variables, variables | extra))
    assert plain["deblurrer"].keys() == full["deblurrer"].keys()


def test_another_scope_is_refused() -> None:
    variables = {"g_net/enc4_1/weights": torch.zeros(5, 5, 3, 3)}
    with pytest.raises(
        InputError, match=r"a\.npz holds enc4_1\.weight, which this network does not"
    ):
        SRN(blocks=3).parts({"a.npz": variables})


@pytest.mark.parametrize("kind", ["gray", "lstm"])
def test_another_variant_is_refused(kind: str, tmp_path: Path) -> None:
    variables = {name: value.float().numpy() for name, value in official_variables(kind).items()}
    np.savez(tmp_path / "srn.npz", **variables)
    other = {"gray": "srn_color", "lstm": "srn_gray"}[kind]
    with pytest.raises(InputError, match=r"does not fit this ScaleRecurrent: .* model=srn_gray"):
        converted("source=srn", f"model={other}", f"path={tmp_path}", folder=tmp_path)


def test_tensorflows_own_file_is_answered_by_how_to_read_it(tmp_path: Path) -> None:
    bundle = tmp_path / "deblur.model-523000.data-00000-of-00001"
    bundle.write_bytes(bytes(1000))
    answers = {
        bundle: "is a part of a TensorFlow checkpoint",
        tmp_path: r"lacks srn\.npz",
        tmp_path / "deblur.model-523000": "is neither a folder nor a file",
    }
    for path, words in answers.items():
        with pytest.raises(InputError, match=f"{words}; .* only TensorFlow reads them: .*savez"):
            converted("source=srn", f"path={path}", folder=tmp_path)
