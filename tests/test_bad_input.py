"""What a user gets wrong: one sentence that says what to do, exit code 2, no traceback.

Most cases go through the functions behind the commands; a few run as a user runs them.
"""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from running import DIRECT, DUEL, command_line, config, run
from safetensors.torch import save_file

import deblurkit
from deblurkit.cli.command_line import parsed
from deblurkit.cli.configs.untrusted_configs import run_config
from deblurkit.cli.front import guarded
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.commands.shared.trainer import homes
from deblurkit.commands.train.run import sizes, train
from deblurkit.config import compose, instantiate, plain
from deblurkit.data.sources.photos import Photos
from deblurkit.errors import InputError, PictureError, sentence
from deblurkit.imaging.formats.files import write_image


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model=dclnett", r"there is no model 'dclnett'; did you mean dclnet\?"),
        ("experiment=x", "there is no experiment 'x'; there are .*dclnet_auxiliary, "),
        ("callbacks=[default,emma]", r"no callbacks 'emma'; did you mean ema\?"),
        ("model.lrr=1", "there is no model.lrr; there are backbone, inverse, "),
        ("model.optimizer.lrr=1", r"no model.optimizer.lrr; did you mean lr\?"),
        ("data.names=[a", "cannot be read: a change is written key=value"),
        ("dclnet", "'dclnet' cannot be read: a change is written key=value"),
        ("seed=1,2", r"'seed=1,2' has several values: a list is written in \[ \], .*, and -m runs"),
    ],
)
def test_a_wrong_override_is_one_sentence(override: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        compose(override)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("data.crop=abc", r"crop='abc' does not fit .*PictureDataModule: it takes int"),
        ("data.crop=null", r"crop=None does not fit"),
        ("data.workers=1.5", r"workers=1\.5 does not fit"),
        ("model.backbone.channels=many", r"channels='many' does not fit .*Backbone: it takes int"),
        ("model.optimizer.lr=fast", r"lr='fast' does not fit torch.optim.Adam: it takes float or"),
        ("+model.lambda9=1", r"DCLNet cannot be built so: .*unexpected keyword argument 'lambda9'"),
        ("trainer.max_epochs=soon", r"max_epochs='soon' does not fit .*int or NoneType"),
        ("trainer.precision=8", r"precision=8 does not fit lightning.pytorch.Trainer"),
        ("model.lambda1=${nothing}", r"'nothing' not found"),
        ("data.check=maybe", r"check='maybe' does not fit .*: it takes error or warn or off"),
    ],
)
def test_a_wrong_value_is_refused_before_the_first_step(
    override: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        train(config(tmp_path, "model=dclnet_tiny", override))
    assert "\n" not in sentence(caught.value)


def test_a_missing_folder_a_missing_and_a_wrong_variant(gopro_tree: Path, tmp_path: Path) -> None:
    gopro = ("model=dclnet_tiny", "data=gopro")
    with pytest.raises(InputError, match=r"data\.variant has no value yet, give data\.variant="):
        train(config(tmp_path, *gopro))
    with pytest.raises(InputError, match=r"/nowhere is not a folder: it should hold"):
        train(config(tmp_path, *gopro, "data.variant=blur", "data.root=/nowhere"))
    with pytest.raises(InputError, match=r"train/\*/blurr: .* holds blur, blur_gamma, sharp"):
        train(config(tmp_path, *gopro, "data.variant=blurr", f"data.root={gopro_tree}"))


@pytest.fixture
def broken_pictures(tmp_path: Path) -> Path:
    """Three pictures, of which the one that trains has a good header and no end."""
    noise = torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8).numpy()
    for number in range(3):
        write_image(tmp_path / "pictures" / f"{number}.png", noise)
    for file in (tmp_path / "pictures").iterdir():
        os.truncate(file, file.stat().st_size // 2)
    return tmp_path / "pictures"


@pytest.mark.parametrize("workers", [0, 1])
def test_a_corrupt_picture_is_named_also_by_a_worker_process(
    workers: int, broken_pictures: Path, tmp_path: Path
) -> None:
    given = (f"data.root={broken_pictures}", f"data.workers={workers}", "data.val=null")
    share = ("data.train.paired.stop=1.0", "data.train.paired.start=0.0")
    cfg = config(tmp_path / "run", "data=folder_sharp", *given, *share, model=DIRECT)
    with pytest.raises(InputError) as caught:
        train(cfg)
    words = sentence(caught.value)
    assert words.startswith(str(broken_pictures))
    assert ".png cannot be read: it is truncated or damaged" in words
    assert "Traceback" not in words


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    """Eight gray tiles, the same in ``blurred`` and ``sharp``; ``train`` holds honest pairs."""
    photograph = Photos(["coffee"]).read(0)["sharp"].mean(axis=2)
    root = tmp_path / "pictures"
    for number in range(8):
        tile = photograph[:48, 60 * number : 60 * number + 48]
        soft = (tile + np.roll(tile, 1, axis=1) + np.roll(tile, -1, axis=1)) / 3
        for folder, values in (("blurred", tile), ("sharp", tile), ("train/blurred", soft)):
            write_image(root / folder / f"{number}.png", values.astype(np.uint8))
        deep = (257 * tile).astype(np.uint16)
        write_image(root / "train" / "sharp" / f"{number}.png", deep)
    return root


def test_domains_that_are_the_same_or_empty_are_refused(domains: Path, tmp_path: Path) -> None:
    unpaired = ("data=folder_unpaired", f"data.root={domains}", "data.workers=0")
    with pytest.raises(
        InputError, match=r"8 of 8 pictures looked at are in the pool 'blurred' and"
    ):
        train(config(tmp_path / "run", *unpaired, model=DIRECT))
    for file in (domains / "sharp").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"no sharp pictures in .*sharp holds nothing"):
        train(config(tmp_path / "run", *unpaired, model=DIRECT))


def test_few_pictures_are_not_enough_for_three_shares(domains: Path) -> None:
    few = ("data=folder_sharp", f"data.root={domains / 'sharp'}")
    words = r"of 8 groups is empty: widen it to 0\.125 .* data\.val=null, data\.test=null"
    with pytest.raises(InputError, match=words):
        instantiate(compose(*few).data)


def test_gray_pictures_train_and_crops_larger_than_them_do_not(
    domains: Path, tmp_path: Path
) -> None:
    pairs = ("data=folder_paired", f"data.root={domains}", "data.workers=0", "data.val=null")
    with pytest.raises(
        InputError, match=r"8 of 8 .* smaller than the crops of 64x64 pixels, 0 with"
    ):
        train(config(tmp_path / "large", *pairs, "data.crop=64", model=DIRECT))
    cfg = config(tmp_path / "run", *pairs, model=DIRECT)
    assert run(cfg)["global_step"] == 6
    rows = instantiate(cfg.data).pools_at([0, 1])["paired"]
    for role in ("blurred", "sharp"):
        assert rows[role].shape == (2, 3, 32, 32)
        assert torch.equal(rows[role], rows[role][:, :1].expand(-1, 3, -1, -1))


def test_crops_that_the_network_does_not_take_are_refused(tmp_path: Path) -> None:
    small = [f"model.{generator}.channels=4" for generator in ("deblurrer", "blurrer")]
    cfg = config(tmp_path, "model=cyclegan", "data=photos_unpaired", *small, "data.crop=50")
    words = r"CycleGAN trains on crops .* divisible by 4, got data\.crop=50: set data\.crop=52"
    with pytest.raises(InputError, match=words):
        train(cfg)


def test_wrong_pairs_are_refused_unless_they_are_wanted(gopro_tree: Path, tmp_path: Path) -> None:
    gopro = ("data=gopro", f"data.root={gopro_tree}", "data.variant=blur", "data.workers=0")
    cfg = config(tmp_path / "run", *gopro, "data.val=null", model=DIRECT)
    mispaired = {"_target_": "deblurkit.data.sources.mispaired.Mispaired", "seed": 0}
    cfg.data.train.paired = OmegaConf.create({**mispaired, "source": cfg.data.train.paired})
    words = r"PSNR of blurred against sharp pictures is .* check that both files .* same scene"
    with pytest.raises(InputError, match=words):
        train(cfg)
    cfg.data.check = "off"
    assert run(cfg)["global_step"] == 6


def test_weights_of_a_helper_that_are_missing_or_foreign_say_where_they_belong(
    tmp_path: Path,
) -> None:
    numbers = ("generator.channels=4", "generator.blocks=1", "critic.channels=4")
    small = [f"model.{number}" for number in numbers]
    cfg = config(tmp_path / "run", "model=deblurgan", *small, f"paths.weights={tmp_path}")
    file = tmp_path / "vgg19_conv3_3.safetensors"
    where = rf"DeblurGAN trains with model\.content, .*{file}"
    how = r".* torchvision publishes for vgg19, .* paths\.weights=<folder> or DEBLURKIT_WEIGHTS"
    with pytest.raises(InputError, match=where + " is no file" + how):
        train(cfg)
    save_file({"conv1_1.weight": torch.zeros(64, 3, 3, 3)}, file)
    with pytest.raises(InputError, match=where + " does not fit this VGG19: 14 of 14" + how):
        train(cfg)


def test_what_cannot_train_or_be_scored_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"schedule needs an end: set trainer\.max_epochs"):
        train(config(tmp_path, "trainer.max_epochs=-1", model=DIRECT))
    with pytest.raises(InputError, match=r"overfit_batches would replace the stream"):
        train(config(tmp_path, "+trainer.overfit_batches=2", model=DIRECT))
    with pytest.raises(InputError, match=r"give either weights=<.*> or a classical model="):
        evaluate(compose(f"paths.run={tmp_path}", config="eval"))
    with pytest.raises(InputError, match=r"DCLNet must be trained first; give its checkpoint"):
        evaluate(compose(f"paths.run={tmp_path}", "model=dclnet_tiny", config="eval"))


def deblur(tmp_path: Path, *overrides: str) -> int:
    classical = ("model=unsharp", "trainer.enable_progress_bar=false")
    return restore_files(compose(f"paths.run={tmp_path}", *classical, *overrides, config="deblur"))


def test_deblur_says_what_is_missing_and_never_overwrites_an_input(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    write_image(photo, torch.zeros(8, 8, 3, dtype=torch.uint8).numpy())
    with pytest.raises(InputError, match=r"found no picture: name at least one file"):
        deblur(tmp_path)
    with pytest.raises(InputError, match=r"suffix must be one of \.bmp"):
        deblur(tmp_path, f"inputs=[{photo}]", "suffix=.xyz")
    with pytest.raises(InputError, match=r"photo\.png is an input and stays as it is"):
        deblur(tmp_path, f"inputs=[{photo}]", f"output={tmp_path}")
    # A name that finds nothing is reported at the end; the others are restored.
    given = (f"inputs=[{photo},{tmp_path}/none.png]", f"output={tmp_path / 'out'}")
    assert deblur(tmp_path, *given) == 1
    assert (tmp_path / "out" / "photo.png").is_file()


def test_weights_of_another_method_or_size_are_refused(tmp_path: Path) -> None:
    run(config(tmp_path / "duel", model=DUEL))
    weights = f"weights={tmp_path / 'duel' / 'last.ckpt'}"
    with pytest.raises(InputError, match=r"last\.ckpt holds Duel, but model= is Direct"):
        train(config(tmp_path / "run", weights, model=DIRECT))
    with pytest.raises(InputError, match=r"last\.ckpt does not fit this Direct: \d+ of \d+"):
        train(config(tmp_path / "duel", f"resume={tmp_path / 'duel'}", model=DIRECT))
    train(config(tmp_path / "run", weights, model=DUEL))  # of the same one they are the start
    assert (tmp_path / "run" / "last.ckpt").is_file()


NODES: dict[str, dict[str, Any]] = {
    "data": {"_target_": "os.system", "command": "touch canary"},
    "trainer": {"_target_": "subprocess.run", "args": ["touch", "canary"]},
    "callbacks": {"one": {"_target_": "lightning.pytorch.cli.instantiate_class", "args": []}},
    "logger": {"one": {"_target_": "deblurkit.callbacks.scores.write_rows", "path": "canary"}},
    "protocol": {"one": {"_target_": "lightning.pytorch.LightningModule.load_from_checkpoint"}},
}


@pytest.mark.parametrize("group", NODES)
def test_no_node_of_a_config_runs_foreign_code(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = config(tmp_path, model=DIRECT)
    if group == "protocol":
        cfg.callbacks.scores.protocols = NODES[group]
    else:
        cfg[group] = NODES[group]
    with pytest.raises(InputError, match="may not be built from a config"):
        train(cfg)
    assert not Path("canary").exists()


def test_what_is_trusted_is_what_the_config_says(tmp_path: Path) -> None:
    cfg = config(tmp_path, model=DIRECT)
    assert type(instantiate(plain(cfg.model), homes(cfg))).__name__ == "Direct"
    cfg.trust = []
    with pytest.raises(InputError, match=r"'toys\.Direct' may not be built .* trust=\[name\]"):
        train(cfg)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hydra: {callbacks: {x: {_target_: os.system, command: touch canary}}}", "not resumed"),
        ("# @package hydra\ncallbacks: {x: {_target_: os.system}}", "not resumed"),
        ("defaults: [override hydra/launcher: x]", "not resumed"),
        ("trust: [os]", r"trust them, add trust=\[os\]"),
        ("a: !!python/object/apply:os.system [touch canary]", "damaged"),
        ("a: [", "damaged"),
    ],
)
def test_a_strangers_run_folder_sets_nothing_up(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        run_config(tmp_path, parsed([]))
    assert not Path("canary").exists()


def last_line(printed: str) -> str:
    assert "Traceback" not in printed
    return printed.strip().splitlines()[-1]


def test_commands_answer_with_one_sentence_and_code_2(gopro_tree: Path, tmp_path: Path) -> None:
    printed = command_line("train", "model=dclnett", folder=tmp_path, code=2)
    assert printed.startswith("deblurkit: there is no model 'dclnett'; did you mean dclnet?")
    assert len(printed.strip().splitlines()) == 1
    gopro = ("model=dclnet_tiny", "data=gopro", f"data.root={gopro_tree}")
    printed = command_line("train", *gopro, folder=tmp_path, code=2)
    assert "give data.variant=<value>: blur (mean" in printed
    assert "or blur_gamma" in last_line(printed)
    printed = command_line("train", "resume=nowhere", folder=tmp_path, code=2)
    assert "is no run folder: it holds no config.yaml" in last_line(printed)


def test_a_workers_mistake_is_one_sentence_and_a_defect_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    worker = "Caught PictureError in DataLoader worker process 0.\nOriginal Traceback (most ..."
    failures = {
        PictureError(f"{worker}\ndeblurkit.errors.PictureError: a.png is cut\n"): "a.png is cut",
        KeyError("mean"): "KeyError: 'mean' (the traceback is in runs/notebook/error.txt)",
    }
    for (failure, words), code in zip(failures.items(), (2, 1), strict=True):
        with pytest.raises(SystemExit, match=str(code)):
            guarded(Mock(side_effect=failure), None)(DictConfig({}))
        expected = words.replace("runs/", f"{tmp_path}/runs/")
        assert capsys.readouterr().err == f"deblurkit: {expected}\n"
        with pytest.raises(type(failure)):
            guarded(Mock(side_effect=failure), "1")(DictConfig({}))  # HYDRA_FULL_ERROR=1
    assert "Traceback" in (tmp_path / "runs" / "notebook" / "error.txt").read_text()


def test_what_the_disk_refuses_is_the_users_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    refusal = PermissionError(errno.EACCES, "Permission denied", "/theirs/x")
    with pytest.raises(SystemExit, match="2"):
        guarded(Mock(side_effect=refusal), None)(DictConfig({}))
    said = "deblurkit: /theirs/x cannot be made or written: Permission denied\n"
    assert capsys.readouterr().err == said
    Path("runs").touch()  # where the traceback of a defect would be written
    with pytest.raises(SystemExit, match="1"):
        guarded(Mock(side_effect=KeyError("mean")), None)(DictConfig({}))
    said = "deblurkit: KeyError: 'mean' (HYDRA_FULL_ERROR=1 shows the traceback)\n"
    assert capsys.readouterr().err == said


def test_interrupted_it_says_how_to_go_on(tmp_path: Path) -> None:
    given = ("model=dclnet_tiny", "data.crop=32", "data.batch_size=1", "data.batches_per_epoch=2")
    more = ("trainer.max_epochs=10000", "trainer.enable_progress_bar=false", "hydra.run.dir=run")
    process = subprocess.Popen(
        [sys.executable, "-m", "deblurkit.cli.train", *given, *more, "data.val=null"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "run" / "last.ckpt").is_file() and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert last_line(said).endswith(f"go on with: deblurkit-train resume={tmp_path / 'run'}")
    assert "across ranks" not in said  # Lightning's word on a run without validation


def test_sizes_name_what_has_parameters() -> None:
    few = [f"{name}.channels=4" for name in ("deblurrer", "blurrer")]
    method = deblurkit.build("cyclegan", *few)
    assert re.fullmatch(r"generators [\d,]+ parameters, critics [\d,]+ parameters", sizes(method))


def test_a_method_knows_what_it_restores() -> None:
    method = deblurkit.build("unsharp")
    with pytest.raises(InputError, match=r"must lie in \[0, 1\].*divide 8-bit values by 255"):
        method.restore(torch.full((1, 3, 8, 8), 128.0))
