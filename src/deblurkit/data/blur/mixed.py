"""Blur of many kinds in one training set."""

from collections.abc import Mapping

import torch

from deblurkit.contracts import Images
from deblurkit.data.blur.parts.seeding import seeded
from deblurkit.data.blur.synthesis import Blurred, BlurSynthesis, Synthesis
from deblurkit.errors import InputError


class MixedSynthesis:
    """Each picture by one of several chains: uniform and varying blur, each with its own camera.

    Which one is a pure function of the seed and the draw. No kernels are handed out, since some
    pictures have none.

    Args:
        chains: By name.
        shares: How often each is chosen, in proportion.
        seed: Any integer; the chains have their own.

    Raises:
        InputError: If the names differ, or no share is positive.
    """

    def __init__(
        self, *, chains: Mapping[str, Synthesis], shares: Mapping[str, float], seed: int
    ) -> None:
        if chains.keys() != shares.keys() or min(shares.values()) < 0 or not sum(shares.values()):
            raise InputError(
                f"chains {sorted(chains)} need a share each, from 0 on and not all 0, got "
                f"{dict(shares)}."
            )
        self.chains, self.seed = dict(chains), seed
        self.shares = torch.tensor([float(shares[name]) for name in chains])

    @property
    def margin(self) -> int:
        """The largest of the chains."""
        return max(chain.margin for chain in self.chains.values())

    @torch.no_grad()
    def __call__(self, sharp: Images, draws: list[int]) -> Blurred:
        """Blur a batch; parameters: ``chain``, its number, and the chain's own.

        Args:
            sharp: Pictures in [0, 1].
            draws: A number from 0 on for each picture; equal numbers are blurred equally.
        """
        chosen = [self._choice(draw) for draw in draws]
        blurred = torch.empty_like(sharp)
        parameters: list[dict[str, float]] = [{} for _ in draws]
        for number, chain in enumerate(self.chains.values()):
            positions = [position for position, choice in enumerate(chosen) if choice == number]
            if positions:
                batch = chain(sharp[positions], [draws[position] for position in positions])
                blurred[positions] = batch.blurred
                for position, row in zip(positions, batch.parameters, strict=True):
                    parameters[position] = {"chain": float(number)} | row
        return Blurred(blurred, None, parameters)

    def _choice(self, draw: int) -> int:
        return int(self.shares.multinomial(1, generator=seeded("chain", self.seed, draw)))


def evaluation_synthesis(
    *,
    chains: Mapping[str, BlurSynthesis],
    shares: Mapping[str, float],
    seed: int,
    chain_seed: int,
) -> MixedSynthesis:
    """The chains of a training with a seed of their own: the same blur for every training seed.

    Args:
        chains: As of ``MixedSynthesis``, like all but the last.
        shares: Likewise.
        seed: Of the choice of chains.
        chain_seed: Of the chains.
    """
    reseeded = {name: chain.reseeded(chain_seed) for name, chain in chains.items()}
    return MixedSynthesis(chains=reseeded, shares=shares, seed=seed)
