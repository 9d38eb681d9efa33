"""Two processes of a gloo group, as two GPUs would be: ranks agree, nothing is repeated."""

import csv
from pathlib import Path

import torch
from running import command_line, differing

DDP = (
    "trainer=ddp",
    "trainer.accelerator=cpu",
    "trainer.devices=2",
    "trainer.precision=32-true",
)
OWN = ("--config-dir", str(Path(__file__).parent / "conf"))
KEEP = "+callbacks.keep={_target_:toys.KeepRanks,folder:ranks}"
THREE = "data.val.names=[rocket,chelsea,astronaut]"


def ranks(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    first, second = (torch.load(folder / f"rank_{rank}.pt") for rank in (0, 1))
    return first, second


def test_players_that_take_turns_agree_and_no_picture_is_scored_twice(tmp_path: Path) -> None:
    command_line(
        "train", *OWN, "model=toy_duel", *DDP, KEEP, THREE, "hydra.run.dir=run", folder=tmp_path
    )
    assert differing(*ranks(tmp_path / "ranks")) == []
    assert (tmp_path / "ranks" / "ended").is_file()  # the command has waited for it
    rows = list(csv.DictReader((tmp_path / "run" / "scores" / "val.csv").open()))
    assert [row["name"] for row in rows] == ["astronaut", "chelsea", "rocket"]


def test_an_ablation_row_that_leaves_networks_out_trains_on_two_devices(tmp_path: Path) -> None:
    row = ("model=dclnet_tiny", "model.lambda1=0", "model.lambda2=0", "model.cycle=0")
    small = ("model.backbone.channels=4", "model.backbone.blocks=1", "model.anchor=0")
    command_line("train", *row, *small, *DDP, KEEP, THREE, "hydra.run.dir=run", folder=tmp_path)
    assert differing(*ranks(tmp_path / "ranks")) == []
