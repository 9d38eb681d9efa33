import pytest
import torch

from deblurkit.imaging.tiling.padding import cropped_to, pad_to_multiple


@pytest.mark.parametrize("multiple", [1, 4, 8, 32])
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (8, 32), (33, 7), (16, 17)])
def test_any_size_is_padded_and_cropped_back(multiple: int, size: tuple[int, int]) -> None:
    pictures = torch.rand(2, 3, *size)
    padded = pad_to_multiple(pictures, multiple)
    assert [side % multiple for side in padded.shape[-2:]] == [0, 0]
    grown = [after - before for after, before in zip(padded.shape[-2:], size, strict=True)]
    assert max(grown) < multiple
    assert torch.equal(cropped_to(padded, size), pictures)


def test_nothing_is_done_where_nothing_is_missing() -> None:
    pictures = torch.rand(1, 3, 8, 12)
    assert pad_to_multiple(pictures, 4) is pictures


def test_the_padding_mirrors_the_picture() -> None:
    row = torch.arange(6.0).expand(1, 1, 1, 6)
    assert pad_to_multiple(row, 4)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3]
    column = row.transpose(-1, -2)
    assert pad_to_multiple(column, 4)[0, 0, :, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3]


def test_a_side_too_short_to_be_mirrored_repeats_its_last_row() -> None:
    pair = torch.tensor([1.0, 2.0]).expand(1, 1, 1, 2)
    assert pad_to_multiple(pair, 8)[0, 0, 0].tolist() == [1, 2, 2, 2, 2, 2, 2, 2]
    assert pad_to_multiple(pair, 8)[0, 0, 7].tolist() == [1, 2, 2, 2, 2, 2, 2, 2]


def test_gradients_flow_back_to_the_picture() -> None:
    pictures = torch.rand(1, 3, 5, 6, requires_grad=True)
    pad_to_multiple(pictures, 4).sum().backward()
    assert float(pictures.grad.sum()) == 3 * 8 * 8
