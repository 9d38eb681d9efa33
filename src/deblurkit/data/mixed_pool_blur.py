"""Blur for the rows of a batch that came without."""

import torch
from torch import Tensor

from deblurkit.data.blur.synthesis import Synthesis
from deblurkit.data.stream import Draw


def completed(synthesis: Synthesis, rows: Draw, draws: list[int]) -> Draw:
    """The blurred pictures of all rows: made for those that came without.

    Args:
        synthesis: Makes them.
        rows: A batch of ``collate``.
        draws: Number of the blur of each row; those of rows that came blurred are not read.

    Returns:
        ``blurred``, and ``kernel`` if all rows were blurred here by one kernel each.
    """
    comes_blurred: list[bool] = rows["comes_blurred"]
    if not any(comes_blurred):
        return blurred_by(synthesis, rows["sharp"], draws)
    if all(comes_blurred):
        return {"blurred": rows["blurred"]}
    lacking = [index for index, has_blur in enumerate(comes_blurred) if not has_blur]
    blurred = torch.empty_like(rows["sharp"])
    blurred[[index for index, has_blur in enumerate(comes_blurred) if has_blur]] = rows["blurred"]
    synthetic = blurred_by(synthesis, rows["sharp"][lacking], [draws[index] for index in lacking])
    blurred[lacking] = synthetic["blurred"]
    return {"blurred": blurred}


def blurred_by(synthesis: Synthesis, sharp: Tensor, draws: list[int]) -> Draw:
    """Blurred pictures, with their kernels where one kernel describes the blur."""
    synthetic = synthesis(sharp, draws)
    known = {} if synthetic.kernel is None else {"kernel": synthetic.kernel}
    return {"blurred": synthetic.blurred} | known


def trimmed(pictures: Tensor, margin: int) -> Tensor:
    """Without a margin on all four sides."""
    height, width = pictures.shape[-2:]
    return pictures[..., margin : height - margin, margin : width - margin]
