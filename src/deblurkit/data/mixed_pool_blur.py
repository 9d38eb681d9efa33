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
    came: list[bool] = rows["comes_blurred"]
    if not any(came):
        return blurred_by(synthesis, rows["sharp"], draws)
    if all(came):
        return {"blurred": rows["blurred"]}
    here = [place for place, there in enumerate(came) if not there]
    blurred = torch.empty_like(rows["sharp"])
    blurred[[place for place, there in enumerate(came) if there]] = rows["blurred"]
    made = blurred_by(synthesis, rows["sharp"][here], [draws[place] for place in here])
    blurred[here] = made["blurred"]
    return {"blurred": blurred}


def blurred_by(synthesis: Synthesis, sharp: Tensor, draws: list[int]) -> Draw:
    """Blurred pictures, with their kernels where one kernel describes the blur."""
    made = synthesis(sharp, draws)
    return {"blurred": made.blurred} | ({} if made.kernel is None else {"kernel": made.kernel})


def trimmed(pictures: Tensor, margin: int) -> Tensor:
    """Without a margin on all four sides."""
    height, width = pictures.shape[-2:]
    return pictures[..., margin : height - margin, margin : width - margin]
