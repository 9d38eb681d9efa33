"""What a critic and a generator fight over: how well real and made pictures can be told apart.

The losses call the critic themselves, so that one which does not look at real pictures costs no
forward for them. Scores are summed up in float32 at least, whatever precision the critic has.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch

from deblurkit.contracts import Images, Scalar, Scores

Critic = Callable[[Images], Scores]


@runtime_checkable
class Adversarial(Protocol):
    """The two objectives of one fight; each of them is minimised.

    >>> isinstance(Wasserstein(), Adversarial) and isinstance(LeastSquares(), Adversarial)
    True
    """

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """What the critic minimises; no gradient reaches the pictures."""
        ...

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """What the generator minimises, through the pictures that it made."""
        ...


class Wasserstein:
    r"""The mean scores' gap, for a critic whose slope is kept in bounds.

    .. math:: L_D = \overline{D(\hat{s})} - \overline{D(s)}, \quad L_G = -\overline{D(\hat{s})}

    >>> real, fake = torch.full((2, 3, 8, 8), 0.75), torch.full((2, 3, 8, 8), 0.25)
    >>> critic = lambda pictures: pictures[:, :1]  # the redder, the more real
    >>> Wasserstein().critic(critic, real, fake), Wasserstein().generator(critic, real, fake)
    (tensor(-0.5000), tensor(-0.2500))

    Source: Arjovsky et al., "Wasserstein GAN", ICML 2017, arXiv:1701.07875, algorithm 1; the
    bounds are in `deblurkit.losses.penalties`.
    """

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Minus the gap of the mean scores: real pictures shall score higher; no lower bound.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same sizes and range.
        """
        real_scores, fake_scores = scored(critic, real.detach(), fake.detach())
        return fake_scores.mean() - real_scores.mean()

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Minus the mean score of the made pictures; ``real`` is not looked at."""
        return -precise(critic(fake)).mean()


class LeastSquares:
    r"""Squared distances of the scores from 1 (real) and 0 (made).

    .. math::
        L_D = \frac12 \overline{(D(s) - 1)^2} + \frac12 \overline{D(\hat{s})^2}, \quad
        L_G = \overline{(D(\hat{s}) - 1)^2}

    >>> real, fake = torch.full((2, 3, 8, 8), 0.75), torch.full((2, 3, 8, 8), 0.25)
    >>> critic = lambda pictures: pictures[:, :1]  # the redder, the more real
    >>> LeastSquares().critic(critic, real, fake), LeastSquares().generator(critic, real, fake)
    (tensor(0.0625), tensor(0.5625))

    Source: Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017,
    arXiv:1611.04076; halves as in Zhu et al., "CycleGAN", ICCV 2017, arXiv:1703.10593, sec. 4
    and 7.1.
    """

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Half of both squared distances; zero where the critic is right and sure.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same sizes and range.
        """
        real_scores, fake_scores = scored(critic, real.detach(), fake.detach())
        return ((real_scores - 1).square().mean() + fake_scores.square().mean()) / 2

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Squared distance of the made pictures' scores from 1; ``real`` is not looked at."""
        return (precise(critic(fake)) - 1).square().mean()


def scored(critic: Critic, real: Images, fake: Images) -> tuple[Scores, Scores]:
    """Scores of real and of made pictures, by one forward of the critic.

    A critic that normalises over the batch would mix them; ours look at each picture alone.

    Args:
        critic: From pictures to scores.
        real: Photographs, in [0, 1].
        fake: Made pictures, same height, width and range.

    Returns:
        Scores of ``real`` and of ``fake``, at least float32.
    """
    scores = precise(critic(torch.cat([real, fake])))
    real_scores, fake_scores = scores.split([len(real), len(fake)])
    return real_scores, fake_scores


def precise(scores: Scores) -> Scores:
    """The same scores, at least float32: means and squares of bfloat16 have two digits."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32))
