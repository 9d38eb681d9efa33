"""deblurkit-convert on files that are missing, damaged, hostile or of something else."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from author_layouts import authors_state, dmphn_files
from converting import converted, write
from torch import Tensor

import deblurkit
from deblurkit.commands.convert.convert import convert
from deblurkit.commands.convert.published_files import digest
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.train.start import start_from
from deblurkit.config import compose
from deblurkit.errors import InputError

SIZES = ("model.generator.channels=8", "model.critic.channels=8")
G = "latest_net_G.pth"


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """A good file's content."""
    return authors_state("deblurgan", "generator")


def refused(words: str, folder: Path, path: Path | str | None = None) -> str:
    """What the command says; it writes nothing."""
    given = () if path == "" else (f"path='{path or folder}'",)
    with pytest.raises(InputError, match=words) as caught:
        converted("source=deblurgan", *SIZES, *given, folder=folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("source=deblurgan: ")
    assert message.endswith("for model=deblurgan_paper")  # what to do is said each time
    assert not list(folder.glob("*.safetensors"))
    assert not list(folder.glob("canary*"))
    return message


def test_what_is_not_there(tmp_path: Path) -> None:
    refused("say where the downloaded files are", tmp_path, "")
    refused(r"lacks latest_net_G\.pth;", tmp_path)
    refused(r"nowhere is neither a folder nor a file", tmp_path, tmp_path / "nowhere")
    refused("is an address; download the files first", tmp_path, "https://example.org/G.pth")


def test_one_of_many_files_is_not_enough(tmp_path: Path) -> None:
    file = tmp_path / "encoder_lv1.pkl"
    torch.save({}, file)
    with pytest.raises(InputError, match=r"encoder_lv1\.pkl is one of 6 files; give their folder"):
        converted("source=dmphn", f"path={file}", folder=tmp_path)
    with pytest.raises(InputError, match=r"lacks decoder_lv1\.pkl and 4 more; the authors' fol"):
        converted("source=dmphn", f"path={tmp_path}", folder=tmp_path)
    with pytest.raises(InputError, match=r"lacks encoder_s1_lv1\.pkl and 11 more; .* SDNet2"):
        converted("source=dmphn", "model=dmphn_stack2", f"path={tmp_path}", folder=tmp_path)


class Gadget:
    """Touches a file when it is unpickled."""

    def __reduce__(self):
        return eval, ("open('canary', 'w')",)


def test_code_is_not_run(state, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (Gadget(), {**state, "x": Gadget()}):
        torch.save(content, tmp_path / G)
        refused("was refused: it holds more than tensors and plain values", tmp_path)
    (tmp_path / G).write_bytes(pickle.dumps({"model.1.weight": Gadget()}, protocol=2))
    refused("was refused|is damaged", tmp_path)
    np.savez(tmp_path / "G.npz", code=np.array([Gadget()], dtype=object))
    refused(r"G\.npz is damaged or no npz file", tmp_path, tmp_path / "G.npz")


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Conv2d(1, 1, 1), tmp_path / G)
    refused("was refused: it holds more than tensors", tmp_path)


def test_damaged_bytes(state, tmp_path: Path) -> None:
    write({G: state}, tmp_path)
    data = (tmp_path / G).read_bytes()
    for damage in (b"", b"<html>404 not found</html>", data[:1000], data[: len(data) // 2]):
        (tmp_path / G).write_bytes(damage)
        refused(r"latest_net_G\.pth (is damaged|was refused)", tmp_path)
    (tmp_path / "G.npz").write_bytes(data[:1000])
    refused(r"G\.npz is damaged or no npz file", tmp_path, tmp_path / "G.npz")


CONTENTS = {
    "a list": ([1, 2], "holds no tensors by name"),
    "nothing": ({}, "holds no tensors by name"),
    "a training": ({"epoch": 3, "state_dict": {}}, "holds no tensors by name; give the file of a"),
    "one unknown tensor": ({"model.99.weight": torch.zeros(1)}, "holds model.99.weight, which"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_something_else(content, tmp_path: Path) -> None:
    found, words = content
    write({G: found}, tmp_path)
    refused(words, tmp_path)


def changes(state: dict[str, Tensor]) -> dict[str, tuple[dict[str, Tensor | None], str]]:
    name, bias = "model.10.conv_block.1.weight", "model.10.conv_block.1.bias"
    ours = r"body\.blocks\.0\.correction\.0\."
    nan = state[name].clone()
    nan[0, 0, 0, 0] = torch.nan
    no_numbers = f"values that are no finite numbers, in {ours}weight"
    wide = torch.zeros(1).expand(10**6, 10**6, 3, 3)
    return {
        "missing": ({bias: None}, f"1 of .* tensors differ in name or shape, such as {ours}bias"),
        "another shape": (
            {name: state[name][:1]},
            f"differ in name or shape, such as {ours}weight",
        ),
        "larger than memory": ({name: wide}, f"differ in name or shape, such as {ours}weight"),
        "not finite": ({name: nan}, no_numbers),
        "whole numbers": ({name: state[name].int()}, "differ in name or shape"),
        "complex": ({name: state[name].cfloat()}, "differ in name or shape"),
        "sparse": ({name: state[name].to_sparse()}, "was refused: it holds more than tensors"),
    }


@pytest.mark.parametrize("change", list(changes(authors_state("deblurgan", "generator"))))
def test_one_wrong_tensor(change: str, state, tmp_path: Path) -> None:
    changed, words = changes(state)[change]
    content = {name: value for name, value in (state | changed).items() if value is not None}
    write({G: content}, tmp_path)
    refused(words, tmp_path)


def test_another_method_is_refused(state, tmp_path: Path) -> None:
    write({G: state}, tmp_path)
    with pytest.raises(InputError, match=r"it does not make this model= \(.*model\.critic\.strid"):
        converted("source=deblurgan", "model=deepdeblur", f"path={tmp_path}", folder=tmp_path)
    write({"best_fpn.h5": {"model": state}}, tmp_path)
    with pytest.raises(InputError, match="these are no weights of DMPHN, choose another model="):
        converted("source=deblurgan_v2", "model=dmphn", f"path={tmp_path}", folder=tmp_path)


def test_the_output_is_a_new_safetensors_file(state, tmp_path: Path) -> None:
    write({G: state}, tmp_path)
    given = ("source=deblurgan", f"path={tmp_path}", *SIZES)
    for output in ("null", f"{tmp_path}/weights.ckpt"):
        with pytest.raises(
            InputError, match=r"output=<a new file whose name ends in \.safetensors"
        ):
            convert(compose(*given, f"output={output}", config="convert"))
    converted(*given, folder=tmp_path)
    before = (tmp_path / "converted.safetensors").read_bytes()
    with pytest.raises(InputError, match=r"converted\.safetensors exists and is kept"):
        converted(*given, folder=tmp_path)
    assert (tmp_path / "converted.safetensors").read_bytes() == before


def test_without_a_source_they_are_listed() -> None:
    with pytest.raises(InputError, match="cyclegan, deblurgan, deblurgan_v2, deepdeblur, dmphn, "):
        convert(compose(config="convert"))


def test_what_was_read_is_remembered_and_stays(state, tmp_path: Path) -> None:
    write({G: state, "100_net_G.pth": state}, tmp_path)
    method = converted("source=deblurgan", f"path={tmp_path}", *SIZES, folder=tmp_path)
    assert method.origin == {
        "name": "deblurgan",
        "citation": 'Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064',
        "repository": "https://github.com/KupynOrest/DeblurGAN",
        "commit": "dd9e940f92db10f0e5ce073344159b99b22dbfa0",
        "licence": "BSD, with those of CycleGAN, pix2pix and DCGAN",
        "published": None,
        "files": {G: digest(tmp_path / G)},
        "fresh": ["critic"],
    }
    again = tmp_path / "again.safetensors"
    deblurkit.save_weights(method, again)
    assert deblurkit.load(again).origin == method.origin
    checkpoint = {"state_dict": method.state_dict()}
    method.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "trained.ckpt")
    assert deblurkit.load(tmp_path / "trained.ckpt").origin == method.origin
    assert deblurkit.build("unsharp").origin is None


def test_runs_that_begin_with_it_say_so(state, tmp_path: Path) -> None:
    write({G: state}, tmp_path)
    method = converted("source=deblurgan", f"path={tmp_path}", *SIZES, folder=tmp_path)
    weights, run = f"{tmp_path}/converted.safetensors", tmp_path / "run"
    quiet = ("trainer.enable_progress_bar=false", "data.test.names=[rocket]", f"paths.run={run}")
    evaluate(compose(f"weights={weights}", *quiet, config="eval"))
    (record,) = json.loads((run / "record.json").read_text())
    assert record["origin"] == method.origin
    fresh = deblurkit.build("deblurgan_paper", "generator.channels=8", "critic.channels=8")
    start_from(fresh, weights, trust=[])
    assert fresh.origin == method.origin


def test_files_beside_are_named_and_not_read(
    state, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write({G: state, "100_net_G.pth": [1]}, tmp_path)
    caplog.set_level("INFO")
    converted("source=deblurgan", f"path={tmp_path}", *SIZES, folder=tmp_path)
    assert "other files in that folder, left unread: 1, such as 100_net_G.pth" in caplog.messages


def test_a_known_source_warns_of_other_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(dmphn_files(), tmp_path / "theirs")
    method = converted("source=dmphn", f"path={tmp_path}/theirs", folder=tmp_path)
    assert method.origin["published"] is None
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1
    assert "not the files that https://github.com/HongguangZhang/" in warned[0]


def test_a_zip_that_is_no_checkpoint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / G, "w") as archive:
        archive.writestr("../canary", "x")
    refused("is damaged or no checkpoint", tmp_path)
