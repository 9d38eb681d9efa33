"""What keeps the slope of a Wasserstein critic in bounds.

Slopes are those with respect to pictures in [-1, 1], the range that the papers' critics see and
their numbers belong to; the pictures that are given are in [0, 1], as everywhere.
"""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images, Scalar
from deblurkit.errors import InputError
from deblurkit.losses.adversarial import Critic

PerPicture = Float[Tensor, " batch"]


@runtime_checkable
class Penalty(Protocol):
    """A term of the critic's objective that grows where its slope is not 1.

    >>> isinstance(PictureGradientPenalty(), Penalty)
    True
    """

    def __call__(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Mean squared distance of the slope from 1, differentiable in the critic."""
        ...


@runtime_checkable
class Constraint(Protocol):
    """A change of the critic after each of its steps.

    >>> isinstance(WeightClipping(0.01), Constraint)
    True
    """

    def __call__(self, critic: nn.Module) -> None:
        """Change the critic in place."""
        ...


class PictureGradientPenalty:
    r"""Asks of every picture's mean score a slope of 1 on the way from made to real.

    .. math::
        \frac1B \sum_b \bigl(\lVert \nabla_{\tilde{x}_b} \overline{D(\tilde{x}_b)} \rVert_2
        - 1\bigr)^2, \quad \tilde{x}_b = \alpha_b s_b + (1 - \alpha_b) \hat{s}_b

    The norm runs over all values of a picture, and each picture has its own place on the way.
    Computed in float32 at least, under autocast too.

    >>> critic = lambda pictures: 4 * pictures[:, :1]  # a slope of 2 in [-1, 1]
    >>> PictureGradientPenalty()(critic, torch.ones(1, 3, 1, 1), torch.zeros(1, 3, 1, 1)).item()
    1.0

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017,
    arXiv:1704.00028, sec. 4; a critic of patches stands for its mean score.
    """

    def __call__(
        self, critic: Critic, real: Images, fake: Images, *, alpha: PerPicture | None = None
    ) -> Scalar:
        """The penalty, without weight and without unit.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own, and its
                gradient must be differentiable again.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same shape and range.
            alpha: Place of each picture between made (0) and real (1); without it drawn
                uniformly from torch's global generator.
        """
        if alpha is None:
            alpha = torch.rand(len(real), device=real.device)
        with torch.autocast(real.device.type, enabled=False):
            between = _between(real, fake, alpha=alpha[:, None, None, None])
            scores = critic(_unsigned(between)).mean(dim=(1, 2, 3))
            slopes = torch.linalg.vector_norm(_gradient(scores, between), dim=(1, 2, 3))
            return (slopes - 1).square().mean()


class ChannelGradientPenalty:
    r"""Asks of the sum of all scores a slope of 1 at every pixel, over its three channels.

    .. math::
        \frac1{BHW} \sum_{b,i,j} \bigl(\lVert \nabla_{\tilde{x}_{bij}} \textstyle\sum
        D(\tilde{x}) \rVert_2 - 1\bigr)^2, \quad \tilde{x} = \alpha s + (1 - \alpha) \hat{s}

    With one alpha for the whole batch. For the same critic this slope is of another order than
    that of `PictureGradientPenalty`, so the two bind a critic very differently. Computed in
    float32 at least, under autocast too.

    >>> critic = lambda pictures: 4 * pictures[:, :1]  # a slope of 2 in [-1, 1], at every pixel
    >>> ChannelGradientPenalty()(critic, torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)).item()
    1.0

    Source: the code of Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064; the paper, sec.
    3.1, refers to Gulrajani et al., whose norm runs over whole pictures.
    """

    def __call__(
        self, critic: Critic, real: Images, fake: Images, *, alpha: Scalar | None = None
    ) -> Scalar:
        """The penalty, without weight and without unit.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own, and its
                gradient must be differentiable again.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same shape and range.
            alpha: Place of the batch between made (0) and real (1); without it drawn uniformly
                from torch's global generator.
        """
        if alpha is None:
            alpha = torch.rand((), device=real.device)
        with torch.autocast(real.device.type, enabled=False):
            between = _between(real, fake, alpha=alpha)
            slopes = torch.linalg.vector_norm(_gradient(critic(_unsigned(between)), between), dim=1)
            return (slopes - 1).square().mean()


class WeightClipping:
    """Cuts every parameter of a critic to a small range, after each of its steps.

    >>> critic = nn.Conv2d(3, 1, 3)
    >>> WeightClipping(0.01)(critic)
    >>> critic.weight.abs().max() <= 0.01
    tensor(True)

    Args:
        limit: Largest absolute value of a parameter; 0.01 in the paper.

    Raises:
        InputError: If the limit is not positive: the critic would be emptied.

    Source: Arjovsky et al., "Wasserstein GAN", ICML 2017, arXiv:1701.07875, algorithm 1.
    """

    def __init__(self, limit: float) -> None:
        if not limit > 0:
            raise InputError(f"weights are clipped to a positive limit, got {limit}; give 0.01")
        self.limit = limit

    @torch.no_grad()
    def __call__(self, critic: nn.Module) -> None:
        """Cut the parameters in place; buffers stay."""
        for parameter in critic.parameters():
            parameter.clamp_(-self.limit, self.limit)


def _between(real: Images, fake: Images, *, alpha: Tensor) -> Images:
    """Pictures on the way from made to real, in [-1, 1]; the gradient starts here."""
    wide = torch.promote_types(real.dtype, torch.float32)
    target, start = real.detach().to(wide), fake.detach().to(wide)
    mixed = alpha * target + (1 - alpha) * start
    return (2 * mixed - 1).requires_grad_()


def _unsigned(signed: Images) -> Images:
    return (signed + 1) / 2


def _gradient(scores: Tensor, pictures: Images) -> Images:
    """Gradient of the sum of all scores, differentiable again."""
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient
