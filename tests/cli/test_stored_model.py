"""Training that starts from a file: network and recipe are the file's."""

import csv
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from running import command_line

import deblurkit
from deblurkit.checkpoint import save_weights
from deblurkit.cli.command_line import parsed
from deblurkit.cli.configs.stored_model import with_smaller_rates, with_stored_model

SIZES = ("backbone.channels=4", "backbone.encoder_blocks=[1]", "backbone.decoder_blocks=[1]")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A small U in half precision."""
    method = deblurkit.build("residual_u", *SIZES, "backbone.middle_blocks=1")
    save_weights(method.half(), tmp_path / "it's mine.safetensors")
    return tmp_path / "it's mine.safetensors"


def test_a_file_brings_its_model(weights: Path) -> None:
    line = parsed([f'weights="{weights}"', "data=photos"])
    with with_stored_model(line) as complete:
        assert complete.value("model") == "of_weights"
        assert complete.overrides[:2] == line.overrides
        (folder,) = (
            Path(value.split("file://")[1].rstrip("']\""))
            for value in [complete.value("hydra.searchpath") or ""]
        )
        stored = OmegaConf.load(folder / "model" / "of_weights.yaml")
    recipe = deblurkit.load(weights).recipe
    recipe["optimizer"]["lr"] = 1e-4  # of 1e-3
    assert OmegaConf.to_container(stored) == recipe
    assert not folder.exists()


@pytest.mark.parametrize("choice", ["model=nafnet", "experiment=tiny"])
def test_a_model_that_is_chosen_stays(choice: str) -> None:
    for words in ([choice, "weights=missing.ckpt"], ["data=photos"], ["weights=null"]):
        line = parsed(words)
        with with_stored_model(line) as complete:
            assert complete == line


def test_it_trains_on(weights: Path, tmp_path: Path) -> None:
    """The first steps of a rate of zero leave the weights as they were in the file."""
    overrides = (f'weights="{weights}"', "data=photos", "model.optimizer.lr=0.0")
    printed = command_line("train", *overrides, "hydra.run.dir=run", folder=tmp_path)
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text("utf-8").splitlines()))
    scores = [row["val/psnr"] for row in rows if row.get("val/psnr")]
    assert scores[0] == scores[-1]
    assert rows[0]["step"] == "0"
    assert "after training on, which is no gain" in printed
    cfg = OmegaConf.load(tmp_path / "run" / "config.yaml")
    assert cfg.model._target_ == "deblurkit.methods.nafnet.NAFNet"
    assert cfg.model.backbone._target_ == "deblurkit.networks.residual_u.ResidualU"
    assert (cfg.model.backbone.channels, cfg.model.optimizer.lr) == (4, 0.0)
    before = deblurkit.load(weights).state_dict()
    after = deblurkit.load(tmp_path / "run" / "last.ckpt").state_dict()
    assert all(value.equal(after[name]) for name, value in before.items())


def test_rates_of_several_optimizers() -> None:
    adam = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.01, "betas": [0.5, 0.9]}
    rule = {"_target_": "elsewhere.Rule", "lr": 3.0}  # is no rate of learning that we know
    recipe, rates = with_smaller_rates({"optimizers": {"critic": adam, "rule": rule}, "n": [1]})
    assert rates == {"model.optimizers.critic.lr": pytest.approx(0.001)}
    assert recipe["optimizers"]["critic"] == adam | {"lr": pytest.approx(0.001)}
    assert (recipe["optimizers"]["rule"], recipe["n"]) == (rule, [1])


def test_a_file_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    printed = command_line("train", "weights=gone.ckpt", "data=photos", folder=tmp_path, code=2)
    assert printed.startswith("deblurkit: gone.ckpt is no file; weights= takes")
