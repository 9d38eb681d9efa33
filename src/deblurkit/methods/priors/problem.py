"""One blurred picture whose solution is sought, and what is known of it so far."""

import torch
from torch import Tensor, nn

from deblurkit.contracts import Image


class Problem(nn.Module):
    """One blurred picture and all that is known of its solution; its state is in buffers.

    >>> problem = Problem(torch.rand(3, 8, 8), kernel_size=5)
    >>> sorted(problem.facts()), bool(problem.running)
    (['fidelity', 'iterations', 'seconds'], True)

    Args:
        blurred: The picture, (C, H, W) in [0, 1].
        kernel_size: Extent of the blur in pixels; 0 where it is unknown.

    Attributes:
        answer: The picture as restored so far.
        kernel: The blur as estimated so far, (1, size, size), acting by convolution; None where
            a method does not estimate it.
        running: Whether iterations are still to come.
        iterations: How many there were.
        fidelity: What is left of the difference to the blurred picture, as the method measures it.
        seconds: What the iterations have cost.
        name: Of the picture, for messages.
    """

    blurred: Tensor
    answer: Tensor
    kernel: Tensor | None
    running: Tensor
    iterations: Tensor
    fidelity: Tensor
    seconds: Tensor

    def __init__(self, blurred: Image, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.name = "the picture"
        self.register_buffer("blurred", blurred)
        self.register_buffer("answer", blurred.clone())
        self.register_buffer("kernel", None)
        self.register_buffer("running", torch.ones((), dtype=torch.bool))
        self.register_buffer("iterations", torch.zeros((), dtype=torch.long))
        self.register_buffer("fidelity", torch.zeros(()))
        self.register_buffer("seconds", torch.zeros(()))

    def is_hopeless(self) -> bool:
        """Whether no iteration can better the answer, so that none is made."""
        return False

    def measured(self) -> dict[str, float]:
        """What else a method measures of its answer, by name."""
        return {}

    def complaints(self) -> list[str]:
        """What is wrong with the answer, in sentences without the picture's name."""
        return []

    def facts(self) -> dict[str, float]:
        """What a table of results says of this picture."""
        numbers = {key: getattr(self, key).item() for key in ("iterations", "seconds", "fidelity")}
        return {key: float(number) for key, number in (numbers | self.measured()).items()}
