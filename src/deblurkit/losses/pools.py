"""A memory of made pictures, so that a critic does not only know the latest."""

import torch
from torch import Tensor, nn

from deblurkit.contracts import Image, Images
from deblurkit.errors import InputError


class PicturePool(nn.Module):
    """Answers some of the given pictures by earlier ones.

    While there is room, a picture is stored and answered as it is. Then, with probability 1/2, it
    takes the place of a stored one, which is answered instead; otherwise it is answered and not
    stored. Decisions come from torch's global generator of the CPU. What is stored is no weight
    and in no state dict, else weights would only fit a pool as full as theirs; a run that goes on
    from a checkpoint gets it back, each device its own, as `Remembering` has it.

    >>> pool = PicturePool(capacity=50)
    >>> pool(torch.rand(2, 3, 8, 8)).shape, len(pool.pictures)
    (torch.Size([2, 3, 8, 8]), 2)

    Args:
        capacity: Pictures that are stored; 0 answers all pictures as they are.

    Raises:
        InputError: If the capacity is negative.

    Source: Shrivastava et al., "Learning from Simulated and Unsupervised Images through
    Adversarial Training", CVPR 2017, arXiv:1612.07828, sec. 2.3; per picture as in the code of
    Zhu et al., "CycleGAN", ICCV 2017, arXiv:1703.10593, which stores 50.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__()
        if capacity < 0:
            raise InputError(
                f"the capacity of a picture pool must not be negative, got {capacity}; 0 is off"
            )
        self.capacity = capacity
        self.pictures: list[Image] = []

    def forward(self, pictures: Images) -> Images:
        """Store and answer pictures, one after the other.

        Args:
            pictures: Latest pictures of a generator, in [0, 1].

        Returns:
            As many pictures, of the same shape, without a gradient.

        Raises:
            InputError: If the stored ones have another size.
        """
        latest = pictures.detach()
        if self.capacity == 0:
            return latest
        if self.pictures and self.pictures[0].shape != latest.shape[1:]:
            (_, *stored), (_, *latest_sides) = self.pictures[0].shape, latest.shape[1:]
            raise InputError(
                f"the pool holds pictures of {stored[0]} x {stored[1]} pixels and got one of "
                f"{latest_sides[0]} x {latest_sides[1]}; train on crops of one size"
            )
        return torch.stack([self._exchanged(picture) for picture in latest])

    def _exchanged(self, picture: Image) -> Image:
        """The picture itself, or the stored one whose place it takes."""
        if len(self.pictures) < self.capacity:
            self.pictures.append(picture.clone())  # a view would keep its whole batch alive
            return picture
        if torch.rand(()).item() <= 0.5:
            return picture
        position = int(torch.randint(self.capacity, ()).item())
        earlier, self.pictures[position] = self.pictures[position], picture.clone()
        return earlier.to(picture)

    def memory(self) -> Tensor:
        """Stored pictures, one tensor of shape (stored, 3, height, width) or (0,), on the CPU."""
        stored = [picture.cpu() for picture in self.pictures]
        return torch.stack(stored) if stored else torch.empty(0)

    def remember(self, memory: Tensor) -> None:
        """Take over stored pictures in the place of its own.

        Raises:
            InputError: If there is no room for them.
        """
        if len(memory) > self.capacity:
            raise InputError(
                f"this run stored {len(memory)} made pictures, its pool now has room for "
                f"{self.capacity}; resume with the capacity that it had"
            )
        self.pictures = list(memory.detach().clone())
