"""DeblurGAN's weights from the files of its authors' code."""

from pathlib import Path

import pytest
import torch
from author_layouts import authors_state, require_critic, require_generator
from converting import converted, write

from deblurkit.errors import InputError

GIVEN = ("source=deblurgan", "model.generator.channels=8", "model.critic.channels=8")


def test_generator_and_critic_of_a_folder_give_their_numbers(tmp_path: Path) -> None:
    files = {"G": "generator", "D": "critic"}
    states = {key: authors_state("deblurgan", network) for key, network in files.items()}
    write({f"latest_net_{key}.pth": state for key, state in states.items()}, tmp_path)
    method = converted(*GIVEN, f"path={tmp_path}", folder=tmp_path)
    require_generator(method.generator, "deblurgan", tolerance=1e-5)
    require_critic(method.critic, "deblurgan", tolerance=1e-5)


def test_without_a_critic_it_starts_fresh_and_reproducibly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write({"mine.pth": authors_state("deblurgan", "generator")}, tmp_path)
    given = (*GIVEN, f"path={tmp_path}/mine.pth")
    caplog.set_level("INFO")
    folders = [tmp_path / "one", tmp_path / "two"]
    one, two = (converted(*given, folder=folder).state_dict() for folder in folders)
    assert "not in the files, so started fresh with seed 0: critic" in caplog.messages
    assert all(value.equal(two[name]) for name, value in one.items())
    other = converted(*given, "seed=1", folder=tmp_path).state_dict()
    changed = {name.split(".")[0] for name in one if not one[name].equal(other[name])}
    assert changed == {"critic"}


def test_statistics_as_old_versions_kept_them_are_not_read(tmp_path: Path) -> None:
    state = authors_state("deblurgan", "generator")
    for layer in ("model.2", "model.10.conv_block.2"):
        state |= {
            f"{layer}.running_{kind}": torch.full((8,), torch.nan) for kind in ("mean", "var")
        }
    write({"latest_net_G.pth": state}, tmp_path)
    method = converted(*GIVEN, f"path={tmp_path}", folder=tmp_path)
    require_generator(method.generator, "deblurgan", tolerance=1e-5)


def test_our_preset_has_another_way_up_and_is_refused(tmp_path: Path) -> None:
    write({"latest_net_G.pth": authors_state("deblurgan", "generator")}, tmp_path)
    with pytest.raises(InputError, match=r"does not fit this Generator: .* model=deblurgan_paper"):
        converted(*GIVEN, "model=deblurgan", f"path={tmp_path}", folder=tmp_path)
