"""CycleGAN's weights: which of the four files goes where."""

from pathlib import Path

import pytest
import torch
from author_layouts import authors_state, require_critic, require_generator
from converting import converted, write

from deblurkit.errors import InputError

NETWORKS = ("deblurrer", "blurrer", "sharp_critic", "blurred_critic")
GIVEN = ("source=cyclegan", *(f"model.{network}.channels=8" for network in NETWORKS))


def four_files(folder: Path) -> Path:
    """As a training writes them; those of B are all zero."""
    files = {}
    for key, network in (("G", "generator"), ("D", "critic")):
        state = authors_state("cyclegan", network)
        files[f"latest_net_{key}_A.pth"] = state
        files[f"latest_net_{key}_B.pth"] = {name: 0 * value for name, value in state.items()}
    return write(files, folder)


def test_g_a_deblurs_and_d_a_judges_what_it_makes(tmp_path: Path) -> None:
    folder = four_files(tmp_path)
    method = converted(*GIVEN, f"path={folder}", folder=tmp_path)
    require_generator(method.generators["deblurrer"], "cyclegan", tolerance=1e-5)
    require_critic(method.critics["sharp"], "cyclegan", tolerance=1e-5)
    for network in (method.generators["blurrer"], method.critics["blurred"]):
        assert not any(parameter.any() for parameter in network.parameters())


def test_where_b_were_the_blurred_pictures_it_is_the_other_way_round(tmp_path: Path) -> None:
    folder = four_files(tmp_path)
    given = (*GIVEN, f"path={folder}", "source.importer.blurred=B")
    method = converted(*given, folder=tmp_path)
    require_generator(method.generators["blurrer"], "cyclegan", tolerance=1e-5)
    require_critic(method.critics["blurred"], "cyclegan", tolerance=1e-5)
    for network in (method.generators["deblurrer"], method.critics["sharp"]):
        assert not any(parameter.any() for parameter in network.parameters())
    with pytest.raises(InputError, match=r"source\.importer\.blurred is A or B, not C"):
        converted(*given[:-1], "source.importer.blurred=C", folder=tmp_path / "c")


def test_one_generator_alone_deblurs_and_the_others_start_fresh(tmp_path: Path) -> None:
    write({"latest_net_G.pth": authors_state("cyclegan", "generator")}, tmp_path)
    method = converted(*GIVEN, f"path={tmp_path}/latest_net_G.pth", folder=tmp_path)
    assert method.origin["fresh"] == ["generators.blurrer", "critics"]
    picture = torch.rand(1, 3, 16, 16)
    assert method.restore(picture).equal(method.generators["deblurrer"](picture))
    require_generator(method.generators["deblurrer"], "cyclegan", tolerance=1e-5)


def test_a_lone_generator_is_not_searched_for(tmp_path: Path) -> None:
    write({"latest_net_G.pth": authors_state("cyclegan", "generator")}, tmp_path)
    with pytest.raises(InputError, match=r"lacks latest_net_G_A\.pth; give the folder .* alone"):
        converted(*GIVEN, f"path={tmp_path}", folder=tmp_path)
