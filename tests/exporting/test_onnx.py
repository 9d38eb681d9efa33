"""ONNX files: written with a proof, read as data, run, and restored with by the command."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from deblurring import config as deblur_config
from jaxtyping import config as shape_checks
from running import smallest
from torch import Tensor, nn
from toys import Direct

import deblurkit
from deblurkit.commands.export.export import export, openvino_too
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import build_recipe, compose, plain
from deblurkit.errors import InputError
from deblurkit.exporting.descriptions import KEY, averages
from deblurkit.exporting.method import Exported, exported_method
from deblurkit.exporting.onnx_files import onnx_model
from deblurkit.exporting.programs import exported_program
from deblurkit.exporting.proof import LIMIT, compared
from deblurkit.exporting.reading import read_exported
from deblurkit.exporting.runtimes import ONNXRuntime, OpenVINO, Runtime
from deblurkit.imaging.formats.files import read_image, write_image
from deblurkit.imaging.tiling.memory import bytes_taken
from deblurkit.restoring.choice import method_of
from deblurkit.restoring.composition import is_guarded

onnx = pytest.importorskip("onnx", reason="install deblurkit[onnx] to run these tests")
pytest.importorskip("onnxscript", reason="install deblurkit[onnx] to run these tests")
pytest.importorskip("onnxruntime", reason="install deblurkit[onnx] to run these tests")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network whose weights do something, of known origin."""
    method = build_recipe(plain(smallest("residual_u")))
    torch.manual_seed(0)
    for parameter in method.network.parameters():
        nn.init.normal_(parameter, std=0.1)
    method.origin = {"repository": "example", "licence": "MIT"}
    file = tmp_path_factory.mktemp("weights") / "small.safetensors"
    deblurkit.save_weights(method, file)
    return file


@pytest.fixture(scope="module")
def file(weights: Path) -> Path:
    """What the command makes of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape_checks, "jaxtyping_disable", True)
        exported(weights, weights.with_name("small.onnx"))
    return weights.with_name("small.onnx")


def exported(weights: object, output: Path, *overrides: str) -> str:
    cfg = compose(f"weights={weights}", f"output={output}", *overrides, config="export")
    return export(cfg)


def refused(words: str, weights: object, output: Path, *overrides: str) -> None:
    """Nothing is left behind."""
    before = sorted(output.parent.iterdir())
    with pytest.raises(InputError, match=words) as caught:
        exported(weights, output, *overrides)
    assert "\n" not in str(caught.value)
    assert sorted(output.parent.iterdir()) == before


def test_a_file_restores_as_its_weights_do(weights: Path, file: Path) -> None:
    method, other = deblurkit.load(weights), exported_method(file, ONNXRuntime)
    for size in ((1, 1), (8, 8), (13, 70), (96, 32)):
        picture = torch.rand(1, 3, *size)
        restored = other.restore(picture)
        assert restored.shape == picture.shape
        assert (restored - method.restore(picture)).abs().max() < LIMIT
        assert (restored - picture).abs().max() > 1e-3
    gray = torch.rand(2, 1, 9, 9)
    assert other.restore(gray).shape == gray.shape


def test_it_says_what_it_is(file: Path) -> None:
    model = onnx.load(file)
    onnx.checker.check_model(model)
    words = {entry.key: entry.value for entry in model.metadata_props}
    assert words["licence"] == "MIT"
    assert json.loads(words["recipe"])["_target_"] == "deblurkit.methods.nafnet.NAFNet"
    assert json.loads(words["origin"])["repository"] == "example"
    assert words["graph"] == "ONNX, opset 20"
    assert [entry.version for entry in model.opset_import if not entry.domain] == [20]
    errors = re.findall(r"(\d+)x(\d+): ([\d.e-]+)", words["errors"])
    assert len(errors) == 5
    assert all(float(error) <= LIMIT for *_, error in errors)
    assert (model.producer_name, model.graph.input[0].name) == ("deblurkit", "blurred")
    assert [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim] == [
        1,
        3,
        0,
        0,
    ]
    described = read_exported(file).described
    assert described["method"] == "NAFNet"
    assert described["reach"] == 52
    assert not described["guarded"]


def test_the_command_restores_with_it_as_with_weights(
    weights: Path, file: Path, tmp_path: Path
) -> None:
    """In tiles, too, which are exact since its reach is known."""
    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (150, 170, 3), np.uint8)
    write_image(tmp_path / "in" / "photo.png", pixels)
    for name, path in (("ours", weights), ("onnx", file)):
        chosen = (f"output={tmp_path / name}", f"weights={path}", "speed=exact")
        cfg = deblur_config(tmp_path, "tile=128", *chosen)
        cfg.model = None
        assert not restore_files(cfg)
    ours, theirs = (
        read_image(tmp_path / name / "photo.png").astype(int) for name in ("ours", "onnx")
    )
    differences = abs(ours - theirs)
    assert differences.max() <= 1  # where rounding falls to the other side
    assert differences.mean() < 1e-3


def test_weights_of_the_install_stay_guarded(file: Path) -> None:
    exported_network = method_of(file, None, trust=())
    assert isinstance(exported_network, Exported)
    assert not is_guarded(exported_network, file)
    exported_network.guarded = True
    assert is_guarded(exported_network, file)
    assert is_guarded(exported_network, "tiny")


def test_its_memory_counts(file: Path) -> None:
    """Or no picture would ever be cut into tiles."""
    method = exported_method(file, ONNXRuntime)
    picture = torch.rand(1, 3, 64, 64)
    per_pixel = read_exported(file).described["memory"]
    assert per_pixel > 20
    assert bytes_taken(lambda: method.restore(picture)) >= 64 * 64 * per_pixel


def test_networks_that_average_over_the_picture_are_known() -> None:
    small = ["backbone.channels=4", "backbone.encoder_blocks=[1]", "backbone.decoder_blocks=[1]"]
    assert averages(deblurkit.build("nafnet", *small, "backbone.window=null"))
    assert not averages(build_recipe(plain(smallest("residual_u"))))


def test_openvino_answers_the_same(weights: Path, file: Path) -> None:
    pytest.importorskip("openvino", reason="install deblurkit[openvino] to run this test")
    method, other = deblurkit.load(weights), exported_method(file, OpenVINO)
    assert other.title == "NAFNet by OpenVINO"
    for size in ((5, 7), (13, 70)):
        picture = torch.rand(1, 3, *size)
        assert (other.restore(picture) - method.restore(picture)).abs().max() < LIMIT


def test_only_what_was_seen_to_restore_alike_restores(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO computes some layers otherwise: by more than the proof allows, for some networks."""
    pytest.importorskip("openvino", reason="install deblurkit[openvino] to run this test")
    assert read_exported(file).described["runtimes"] == ["ONNX Runtime", "OpenVINO"]
    assert exported_method(file).title == "NAFNet by OpenVINO"
    other = changed(file, lambda model: word(model, runtimes=["ONNX Runtime"]), tmp_path)
    assert exported_method(other).title == "NAFNet by ONNX Runtime"
    method = exported_method(file, ONNXRuntime)
    assert openvino_too(file.read_bytes(), method) == ["OpenVINO"]
    monkeypatch.setattr(OpenVINO, "__call__", lambda self, blurred: blurred)
    assert openvino_too(file.read_bytes(), method) == []


class Branching(nn.Module):
    """Turns wide pictures round."""

    def forward(self, blurred: Tensor) -> Tensor:
        return blurred.flip(-1) if blurred.shape[-1] > 64 else 0.5 * blurred


def test_a_guard_that_onnx_drops_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph answers at every size, and wrongly above 64 pixels."""
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    method = Direct(restoring=Branching(), lr=0.1).eval()
    model = onnx_model(exported_program(method, size=(48, 64)), opset=20, name="Direct")
    runtime = ONNXRuntime(model.SerializeToString())
    words = r"Direct differs from the library by 0\.\d+ at 57 x 80 pixels .*, more than 0\.0001"
    with pytest.raises(InputError, match=words):
        compared(lambda picture: torch.from_numpy(runtime(picture.numpy())), method, graph="it")


def test_what_cannot_be_exported_leaves_nothing_behind(
    weights: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    new = tmp_path / "new.onnx"
    refused("format is one of onnx, torch, got h5", weights, new, "format=h5")
    refused(r"output=<a new file whose name ends in \.pt2>", weights, new, "format=torch")
    refused(r"small\.onnx exists and is kept", weights, file)
    refused("Wiener solves each picture anew", "null", new, "model=wiener")
    refused("NAFNet must be trained first", "null", new, "model=nafnet")
    refused("give either weights=", "null", new)
    refused(r"small\.onnx is an exported network already", file, new)

    def worse(self: Any, blurred: Any) -> Any:
        return blurred

    monkeypatch.setattr(ONNXRuntime, "__call__", worse)
    refused("the ONNX graph by ONNX Runtime of NAFNet differs from the library by", weights, new)


def test_a_torch_program_is_proven_too(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shape_checks, "jaxtyping_disable", True)
    exported(weights, tmp_path / "small.pt2", "format=torch")
    texts = {f"{key}.txt": "" for key in (KEY, "licence", "recipe")}
    program = torch.export.load(tmp_path / "small.pt2", extra_files=texts).module()
    assert texts["licence.txt"] == "MIT"
    assert json.loads(texts["recipe.txt"])["backbone"]
    picture = torch.rand(1, 3, 13, 70)
    restored = program(picture).clamp(0, 1)
    assert restored.allclose(deblurkit.load(weights).restore(picture), atol=1e-6)
    with pytest.raises(InputError, match=r"small\.pt2 is an exported network: "):
        deblurkit.load(tmp_path / "small.pt2")


def changed(file: Path, change: Callable[[Any], None], folder: Path) -> Path:
    model = onnx.load(file)
    change(model)
    (folder / "changed.onnx").write_bytes(model.SerializeToString())
    return folder / "changed.onnx"


def word(model: Any, **changes: Any) -> None:
    """Change what it says about itself."""
    for entry in model.metadata_props:
        if entry.key == KEY:
            entry.value = json.dumps(json.loads(entry.value) | changes)


def elsewhere(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def endless(model: Any) -> None:
    shape = onnx.numpy_helper.from_array(np.array([2**20, 2**20]), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.append(onnx.helper.make_node("ConstantOfShape", ["shape"], ["much"]))


def endless_in_steps(model: Any) -> None:
    shape = onnx.numpy_helper.from_array(np.array([2**20]), "shape")
    model.graph.initializer.append(shape)
    nodes = model.graph.node
    nodes.append(onnx.helper.make_node("Mul", ["shape", "shape"], ["square"]))
    nodes.append(onnx.helper.make_node("ConstantOfShape", ["square"], ["much"]))


def inner(model: Any) -> None:
    graph = onnx.helper.make_graph([], "inner", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["c"], ["d"], then_branch=graph))


HOSTILE = {
    r"lies in another file": elsewhere,
    r"ConstantOfShape makes values without end": endless,
    r"ConstantOfShape makes values without end ": endless_in_steps,
    r"uses EPContext of com\.microsoft, which is not ONNX's own": lambda model: (
        model.graph.node.append(
            onnx.helper.make_node("EPContext", [], ["x"], domain="com.microsoft")
        )
    ),
    r"holds a graph inside If": inner,
    r"Conv asks for borders or steps of no picture": lambda model: next(
        node for node in model.graph.node if node.op_type == "Conv"
    ).attribute.add(name="pads", type=7, ints=[2**40] * 4),
    r"holds functions": lambda model: model.functions.add(name="f"),
    r"was not written by deblurkit-export": lambda model: model.ClearField("metadata_props"),
    r"description is damaged": lambda model: word(model, recipe=[]),
    r"description is damaged: .*farther": lambda model: word(model, reach=10**9),
    r"description is damaged: .*no method": lambda model: word(model, method="a b"),
    r"description is damaged: .*runtimes": lambda model: word(model, runtimes=None),
    r"plain values only": lambda model: word(model, origin={"a": "${oc.env:HOME}"}),
    r"takes pictures of one height or of multiples only \(32\)": lambda model: setattr(
        model.graph.input[0].type.tensor_type.shape.dim[2], "dim_value", 32
    ),
    r"takes pictures of one width or of multiples only \(16\*w\)": lambda model: setattr(
        model.graph.input[0].type.tensor_type.shape.dim[3], "dim_param", "16*w"
    ),
    r"does not take a picture \(1, 3": lambda model: setattr(
        model.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 1
    ),
    r"does not take one picture and answer one": lambda model: model.graph.output.add(name="x"),
}


@pytest.mark.parametrize("words", HOSTILE)
def test_what_no_exported_network_holds_is_refused_unrun(
    words: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any) -> None:
        raise AssertionError("a runtime was given it")

    path = changed(file, HOSTILE[words], tmp_path)
    monkeypatch.setattr(ONNXRuntime, "__init__", run)
    monkeypatch.setattr(OpenVINO, "__init__", run)
    with pytest.raises(InputError, match=words.strip()) as caught:
        method_of(path, None, trust=())
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("runtime", [ONNXRuntime, OpenVINO])
def test_damaged_files_end_in_a_sentence(
    runtime: type[Runtime], file: Path, tmp_path: Path
) -> None:
    pytest.importorskip(runtime.__name__.lower(), reason="install its extra to run this test")
    content = file.read_bytes()
    path = tmp_path / "damaged.onnx"
    generator = np.random.default_rng(0)
    refusals = []
    for wrong in (b"", b"PK\3\4", content[: len(content) // 2], content[:-40], content[40:]):
        path.write_bytes(wrong)
        with pytest.raises(InputError, match=r"damaged\.onnx"):
            exported_method(path, runtime)
    for _ in range(20):
        flipped = bytearray(content)
        for place in generator.integers(0, len(content), 3):
            flipped[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(flipped)
        try:
            exported_method(path, runtime).restore(torch.rand(1, 3, 9, 9))
        except InputError as error:
            refusals.append(str(error))
    assert refusals
    assert not [sentence for sentence in refusals if "\n" in sentence]


def test_weights_are_asked_for_where_training_begins(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"small\.onnx is an exported network: .*the weights that"):
        deblurkit.load(file)
    with pytest.raises(InputError, match=r"nowhere\.onnx is no file"):
        method_of(tmp_path / "nowhere.onnx", None, trust=())


def test_runtimes_that_are_missing_are_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime: pip install 'deblurkit\[onnx\]'"):
        exported_method(file, ONNXRuntime)
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(InputError, match=r"openvino: pip install 'deblurkit\[openvino\]'"):
        exported_method(file, OpenVINO)
