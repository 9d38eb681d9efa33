"""Relativistic average losses: real pictures shall score higher than the average made one.

With s sharp, restored pictures as ŝ and an average written with a bar:

    L_D = 1/2 E[(D(s) - avg D(ŝ) - 1)^2] + 1/2 E[(D(ŝ) - avg D(s) + 1)^2]
    L_G = 1/2 E[(D(ŝ) - avg D(s) - 1)^2] + 1/2 E[(D(s) - avg D(ŝ) + 1)^2]

Both are 1 for a critic that tells nothing apart. Two classes differ in what the averages are.
"""

import torch
from torch import Tensor, nn

from deblurkit.contracts import Images, Scalar, Scores
from deblurkit.errors import InputError
from deblurkit.losses.adversarial import Critic, scored


class RelativisticAverage:
    """Relativistic least squares; the averages are those of the batch and have a gradient.

    On several devices each takes the averages of its own pictures.

    >>> real, fake = torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8)
    >>> critic = lambda pictures: pictures[:, :1]  # real ones are above made ones by 1
    >>> objective = RelativisticAverage()
    >>> objective.critic(critic, real, fake), objective.generator(critic, real, fake)
    (tensor(0.), tensor(4.))

    Source: Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019, arXiv:1807.00734,
    sec. 4; halves as in Kupyn et al., "DeblurGAN-v2", ICCV 2019,
    arXiv:1908.03826, sec. 3.2.
    """

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """L_D above; zero where every real score is above every made one by exactly 1.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same sizes and range.
        """
        real_scores, fake_scores = scored(critic, real.detach(), fake.detach())
        return _gaps(real_scores, fake_scores, averages=(real_scores.mean(), fake_scores.mean()))

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """L_G above; the made pictures have a gradient from both of its terms."""
        real_scores, fake_scores = scored(critic, real.detach(), fake)
        return _gaps(fake_scores, real_scores, averages=(fake_scores.mean(), real_scores.mean()))


class PooledRelativisticAverage(nn.Module):
    """Relativistic least squares; the averages are over the last pictures of the critic's steps.

    They are constants, without a gradient. A critic is therefore moved only by the scores that a
    term is about; and the term about D(s) in the generator's objective, though a part of its
    value, does not move the generator at all.

    What is kept belongs to a run and is no weight; on several devices DDP gives all of them the
    first one's. A map of scores is kept as its mean, since the mean of equally large maps is the
    mean of their means; maps must be equally large, that is, crops of one size. Before the
    critic's first step the averages are 0.

    >>> real, fake = torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8)
    >>> critic = lambda pictures: pictures[:, :1]  # real ones are above made ones by 1
    >>> objective = PooledRelativisticAverage(capacity=50)
    >>> objective.critic(critic, real, fake), objective.memory().shape
    (tensor(0.), torch.Size([2, 51]))

    Args:
        capacity: Pictures on each side that the averages run over, at least one.

    Raises:
        InputError: If there is no room for one picture.

    Source: Kupyn et al., "DeblurGAN-v2", ICCV 2019, arXiv:1908.03826, sec. 3.2; averages as in
    the authors' code, which keeps 50 maps.
    """

    real_means: Tensor
    fake_means: Tensor
    real_count: Tensor
    fake_count: Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()
        if capacity < 1:
            raise InputError(
                f"a pool of scores needs a capacity of at least 1, got {capacity}; "
                "for averages of the batch alone take RelativisticAverage"
            )
        for side in ("real", "fake"):  # newest last; zeros where nothing was yet
            self.register_buffer(f"{side}_means", torch.zeros(capacity), persistent=False)
            count = torch.zeros((), dtype=torch.int64)
            self.register_buffer(f"{side}_count", count, persistent=False)

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Remember these scores, then L_D above, with them among the averaged.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same sizes and range.
        """
        real_scores, fake_scores = scored(critic, real.detach(), fake.detach())
        _remember(self.real_means, self.real_count, scores=real_scores)
        _remember(self.fake_means, self.fake_count, scores=fake_scores)
        return _gaps(real_scores, fake_scores, averages=(self._real_average, self._fake_average))

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """L_G above, with the averages of the critic's steps; nothing is remembered."""
        real_scores, fake_scores = scored(critic, real.detach(), fake)
        return _gaps(fake_scores, real_scores, averages=(self._fake_average, self._real_average))

    def memory(self) -> Tensor:
        """Means and their number of both sides, shape (2, capacity + 1), on the CPU."""
        sides = ((self.real_means, self.real_count), (self.fake_means, self.fake_count))
        return torch.stack([torch.cat([means, count[None]]) for means, count in sides]).cpu()

    def remember(self, memory: Tensor) -> None:
        """Take over the means of a run.

        Raises:
            InputError: If that run's capacity was another one.
        """
        if memory.shape[1] != len(self.real_means) + 1:
            raise InputError(
                f"this run kept {memory.shape[1] - 1} scores, its pool now keeps "
                f"{len(self.real_means)}; resume with the capacity that it had"
            )
        for side, stored in zip(("real", "fake"), memory, strict=True):
            getattr(self, f"{side}_means").copy_(stored[:-1])
            getattr(self, f"{side}_count").copy_(stored[-1])

    @property
    def _real_average(self) -> Scalar:
        return self.real_means.sum() / self.real_count.clamp(min=1)

    @property
    def _fake_average(self) -> Scalar:
        return self.fake_means.sum() / self.fake_count.clamp(min=1)


def _gaps(higher: Scores, lower: Scores, *, averages: tuple[Scalar, Scalar]) -> Scalar:
    """Half of both squared distances from a gap of 1; averages of the higher, of the lower."""
    of_higher, of_lower = averages
    return ((higher - of_lower - 1).square().mean() + (lower - of_higher + 1).square().mean()) / 2


def _remember(means: Tensor, count: Tensor, *, scores: Scores) -> None:
    """Append the mean score of each picture and drop the oldest; in place, without a wait."""
    latest = scores.detach().mean(dim=(1, 2, 3)).to(means.dtype)
    means.copy_(torch.cat([means, latest])[-len(means) :])
    count.copy_((count + len(latest)).clamp(max=len(means)))
