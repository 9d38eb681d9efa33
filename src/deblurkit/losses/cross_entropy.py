"""The first fight of a critic and a generator: real or made, as a classification."""

from torch.nn import functional

from deblurkit.contracts import Images, Scalar
from deblurkit.losses.adversarial import Critic, precise, scored


class CrossEntropy:
    r"""Cross-entropies in nats of a critic whose scores are log-odds of being real.

    .. math::
        L_D = \overline{-\log \sigma(D(s))} + \overline{-\log (1 - \sigma(D(\hat{s})))}, \quad
        L_G = \overline{-\log \sigma(D(\hat{s}))}

    >>> real, fake = torch.ones(2, 3, 8, 8), torch.zeros(2, 3, 8, 8)
    >>> undecided = lambda pictures: 0 * pictures[:, :1]
    >>> loss = CrossEntropy()
    >>> loss.critic(undecided, real, fake), loss.generator(undecided, real, fake)
    (tensor(1.3863), tensor(0.6931))

    Source: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, arXiv:1406.2661, sec. 3,
    with the generator's objective that does not saturate.
    """

    def critic(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Sum of both entropies, 2 log 2 for a critic that cannot tell.

        Args:
            critic: From pictures to scores; sees each picture of a batch on its own.
            real: Photographs, in [0, 1].
            fake: Pictures that a generator made, same sizes and range.
        """
        real_scores, fake_scores = scored(critic, real.detach(), fake.detach())
        return functional.softplus(-real_scores).mean() + functional.softplus(fake_scores).mean()

    def generator(self, critic: Critic, real: Images, fake: Images) -> Scalar:
        """Entropy of taking the made pictures for real; ``real`` is not looked at."""
        return functional.softplus(-precise(critic(fake))).mean()
