import os
from pathlib import Path

import pytest
import torch

from deblurkit.data.blur.averaging import FrameMean, frame_mean
from deblurkit.errors import InputError
from deblurkit.imaging.formats.files import read_image


def frames(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (count, 3, 8, 10)
    return list(torch.randint(0, 256, shape, generator=generator).to(torch.uint8))


def stored(name: str) -> torch.Tensor:
    root = os.environ.get("DEBLURKIT_TEST_DATA")
    if root is None:
        pytest.skip("DEBLURKIT_TEST_DATA names no folder with the real test pictures.")
    return torch.from_numpy(read_image(Path(root) / "gopro240" / name)).permute(2, 0, 1)


def test_a_published_average_comes_back_bit_for_bit() -> None:
    published = stored("averages/GOPR0477_11_00_st_frame-178_n_avg-8.png")
    sequence = (stored(f"GOPR0477_11_00/{number:06d}.png") for number in range(179, 187))
    assert frame_mean(sequence, gamma=2.2).to(torch.uint8).equal(published)


def test_gamma_one_is_the_plain_mean() -> None:
    expected = torch.stack(frames(5)).double().mean(dim=0)
    torch.testing.assert_close(frame_mean(frames(5), gamma=1.0), expected)


def test_the_mean_of_light_is_brighter() -> None:
    assert (frame_mean(frames(5), gamma=2.2) >= frame_mean(frames(5), gamma=1.0) - 1e-9).all()


def test_unfit_frames_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        frame_mean([], gamma=2.2)
    with pytest.raises(InputError, match="gamma"):
        FrameMean(gamma=0.0)
    with pytest.raises(InputError, match="one size"):
        frame_mean([frames(1)[0], frames(1)[0][:, :4]], gamma=1.0)
