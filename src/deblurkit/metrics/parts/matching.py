"""Which of the objects that were found are really there."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from deblurkit.imaging.drawing.detections import Detections


def overlaps(
    boxes: Float[Tensor, "objects 4"], others: Float[Tensor, "others 4"]
) -> Float[Tensor, "objects others"]:
    """Shared area over joint area (IoU) of each box with each other one, in [0, 1].

    Boxes are left, top, right, bottom in pixels; without area they overlap with nothing.
    """
    first, second = boxes.double()[:, None], others.double()[None]
    begin = torch.maximum(first[..., :2], second[..., :2])
    end = torch.minimum(first[..., 2:], second[..., 2:])
    shared = (end - begin).clamp(min=0).prod(dim=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(dim=-1) for box in (first, second)]
    joint = areas[0] + areas[1] - shared
    return shared / joint.clamp(min=torch.finfo(joint.dtype).tiny)


def partners(
    detected: Detections, truth: Detections, *, overlap: float
) -> Int[Tensor, " found_objects"]:
    """The true object that each found one stands for, -1 where there is none.

    In the order of their scores, found objects take the true object of their class that they
    overlap with most and that none has taken before, if they overlap by at least ``overlap``.
    Of equal scores and equal overlaps the first counts.

    Source: Lin et al., "Microsoft COCO", ECCV 2014, its evaluation; one threshold.
    """
    partner = torch.full((len(detected),), -1)
    if not len(detected) or not len(truth):
        return partner
    free = overlaps(detected.boxes, truth.boxes)
    same = torch.tensor([[label == other for other in truth.labels] for label in detected.labels])
    free[~same.to(free.device) | (free < overlap)] = -1
    for number in detected.scores.argsort(descending=True, stable=True).tolist():
        best = int(free[number].argmax())
        if free[number, best] >= 0:
            partner[number] = best
            free[:, best] = -1
    return partner
