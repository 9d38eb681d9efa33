"""The frame that every method lives in, shown with toy methods: one of each kind."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig
from running import (
    DIRECT,
    DUEL,
    LIST_OF_PICTURES,
    PER_PICTURE,
    config,
    differing,
    every_checkpoint,
    run,
)

import deblurkit
from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.data.sources.photos import Photos
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image, write_image

PHOTO = "{_target_: deblurkit.data.sources.photos.Photos, names: [chelsea]}"

KINDS = {
    "automatic": (DIRECT, None),
    "manual": (DUEL, None),
    "per_picture": (PER_PICTURE, LIST_OF_PICTURES),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def overrides_of(kind: str, *more: str) -> tuple[str, ...]:
    given = ("callbacks.last.every_n_batches=1", *more)
    return (*given, "callbacks=[default,ema]") if kind != "per_picture" else given


def small(kind: str, folder: Path, *overrides: str):
    model, data = KINDS[kind]
    return config(folder, *overrides_of(kind, *overrides), model=model, data=data)


def test_resume_from_the_checkpoint_of_every_step(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with every_checkpoint(folder, tmp_path / "copies") as copies:
        whole = run(small(kind, folder))
    names = {"last"} if kind == "per_picture" else {"last", "best"}
    before = {name: read(folder / f"{name}.ckpt") for name in names}
    assert {copy.name.split("_")[1] for copy in copies} == names
    for number, copy in enumerate(copies):
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        cfg = small(kind, folder, "seed=99", f"resume={folder}")
        if kind != "per_picture":
            cfg.data.seed = cfg.data.synthesis.seed = 0  # only the global one may not matter
            cfg.data.workers = 2 * (number % 2)
        resumed = run(cfg)
        stored = [(before[name], read(folder / f"{name}.ckpt")) for name in names]
        for expected, found in ((whole, resumed), *stored):
            if kind == "per_picture":  # resumed at its last step it takes one more; nothing moves
                # and a row of numbers is lost that was due just after the copy was taken
                found |= {key: expected[key] for key in ("loops", "callbacks", "metrics")}
            assert differing(expected, found, copy.name) == []


def read(checkpoint: Path) -> dict[str, Any]:
    return torch.load(checkpoint, weights_only=True)


def test_workers_change_nothing(tmp_path: Path) -> None:
    alone = run(config(tmp_path / "0", "data.workers=0", model=DIRECT))
    helped = run(config(tmp_path / "2", "data.workers=2", model=DIRECT))
    assert differing(alone["state_dict"], helped["state_dict"]) == []


def test_epochs_differ_and_seeds_differ(tmp_path: Path) -> None:
    one = run(config(tmp_path / "0", model=DIRECT))
    other = run(config(tmp_path / "1", "seed=1", model=DIRECT))
    assert differing(one["state_dict"], other["state_dict"])


def evaluation(folder: Path, *overrides: str) -> DictConfig:
    return deblurkit.compose(
        f"paths.run={folder}",
        "trainer.enable_progress_bar=false",
        "trust=[toys]",
        *overrides,
        config="eval",
    )


def test_train_eval_deblur_save_load(kind: str, tmp_path: Path) -> None:
    run(small(kind, tmp_path / "run", f"data.test={PHOTO}" if kind != "per_picture" else "seed=0"))
    weights = tmp_path / "run"
    evaluate(evaluation(tmp_path / "eval", f"weights={weights}", f"data.test={PHOTO}"))
    scores = json.loads((tmp_path / "eval" / "scores.json").read_text())
    assert [row["name"] for row in scores["rows"]] == ["chelsea"]
    assert scores["mean"]["rgb8/psnr"] == pytest.approx(scores["rows"][0]["rgb8/psnr"])

    photo = tmp_path / "photo.png"
    write_image(photo, Photos(["chelsea"]).read(0)["sharp"][:61, :50])
    cfg = deblurkit.compose(
        f"paths.run={tmp_path}",
        f"inputs=[{photo}]",
        f"output={tmp_path / 'out'}",
        f"weights={weights}",
        "trust=[toys]",
        config="deblur",
    )
    assert restore_files(cfg) == 0
    assert read_image(tmp_path / "out" / "photo.png").shape == (61, 50, 3)

    method = deblurkit.load(weights, trust=["toys"])
    shared = tmp_path / "shared.safetensors"
    assert deblurkit.save_weights(method, shared) == sha256(shared.read_bytes()).hexdigest()
    blurred = torch.rand(1, 3, 21, 30)
    torch.manual_seed(0)  # per picture, every restoration draws
    restored = method.restore(blurred)
    torch.manual_seed(0)
    again = deblurkit.load(shared, trust=["toys"]) if kind != "per_picture" else method
    assert torch.equal(again.restore(blurred), restored)


def test_a_classical_method_is_scored_but_not_trained(tmp_path: Path) -> None:
    model = {"_target_": "toys.Doubled"}
    cfg = evaluation(tmp_path, f"data.test={PHOTO}", "+model={_target_: toys.Doubled}")
    evaluate(cfg)
    assert json.loads((tmp_path / "scores.json").read_text())["pictures"] == 1
    with pytest.raises(InputError, match=r"nothing to train; .*deblurkit-eval"):
        run(config(tmp_path, model=model))


def test_a_finished_run_says_so_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(config(tmp_path, model=DIRECT))
    caplog.set_level("INFO")
    second = run(config(tmp_path, f"resume={tmp_path}", model=DIRECT))
    assert "this run is finished (2 epochs), so nothing is trained" in caplog.text
    stored = (tmp_path / "config.yaml").read_bytes()
    with pytest.raises(InputError, match=r"has done 2 epochs, trainer\.max_epochs=1 would end"):
        run(config(tmp_path, f"resume={tmp_path}", "trainer.max_epochs=1", model=DIRECT))
    assert (tmp_path / "config.yaml").read_bytes() == stored
    assert differing(first, second) == []
    table = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(table) == len(set(table))  # and the numbers are those of before, once


def test_nothing_to_resume_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no last\.ckpt"):
        run(config(tmp_path, f"resume={tmp_path}", model=DIRECT))


def test_a_pool_that_the_data_lacks_is_refused_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trains on the pools \['pictures'\], but this data"):
        run(config(tmp_path, model=PER_PICTURE))
