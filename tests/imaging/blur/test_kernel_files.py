from pathlib import Path

import cv2
import numpy as np
import torch

from deblurkit.imaging.blur.kernel_files import kernel_levels, write_kernel

KERNEL = torch.tensor([[[0.0, 0.1, 0.0], [0.2, 0.4, 0.1], [-0.05, 0.2, 0.0]]])


def test_a_file_is_the_kernel_again_once_divided_by_its_sum(tmp_path: Path) -> None:
    write_kernel(tmp_path / "a.png", KERNEL)
    levels = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert levels.dtype == np.uint16
    assert levels.tolist() == [[0, 16384, 0], [32768, 65535, 16384], [0, 32768, 0]]


def test_what_is_shown_is_as_bright_as_it_gets() -> None:
    assert kernel_levels(KERNEL).tolist() == [[0, 64, 0], [128, 255, 64], [0, 128, 0]]
    assert not kernel_levels(torch.full((1, 3, 3), torch.nan)).any()
