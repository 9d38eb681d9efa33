"""Types that cross a folder's border: what a batch holds, what a method answers.

Pictures are RGB, sRGB-encoded, in [0, 1] everywhere. This file knows nothing else of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NotRequired, Protocol, TypedDict, runtime_checkable

from jaxtyping import Float
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

Images = Float[Tensor, "batch channels height width"]  # RGB, sRGB-encoded, in [0, 1]
Image = Float[Tensor, "channels height width"]  # one of them
Kernels = Float[Tensor, "batch 1 size size"]  # odd size, centred, sums to 1, acts by convolution
Conditions = Float[Tensor, "batch classes height width"]  # not negative, sum to 1 over classes
Masks = Float[Tensor, "batch 1 height width"]  # 1 where a pixel is known, 0 where it is lost
Scores = Float[Tensor, "batch 1 rows columns"]  # realness of each patch, no unit
Scalar = Float[Tensor, ""]

Distance = Callable[[Images, Images], Scalar]
Terms = Mapping[str, Scalar]  # unweighted, by name; without those of weight zero
OptimizerFactory = Callable[[Iterable[Parameter]], Optimizer]
SchedulerFactory = Callable[..., LRScheduler]  # of an optimiser and its number of steps


class BlurredBatch(TypedDict):
    """What a method restores: in evaluation one picture of any size, in training crops."""

    blurred: Images
    name: list[str]  # one per picture: rows of tables, files, state kept per picture
    kernel: NotRequired[Kernels]  # where the blur is known
    kernel_size: NotRequired[list[int]]  # where only its extent is known, in pixels
    mask: NotRequired[Masks]  # where pixels are lost
    condition: NotRequired[Conditions]  # class maps of the same pictures, where files give them


class PairedBatch(BlurredBatch):
    """Blurred photographs with their sharp counterparts, aligned pixel by pixel."""

    sharp: Images


class SharpBatch(TypedDict):
    """Sharp photographs without a partner."""

    sharp: Images
    name: list[str]
    seed: list[int]  # of the blur and noise of this draw; Python integers, they stay on the CPU
    condition: NotRequired[Conditions]  # class maps of the same pictures, where files give them


class PictureList(TypedDict):
    """Independent problems of any size, all of them in each step."""

    blurred: list[Image]
    name: list[str]
    kernel_size: list[int]  # 0 where the extent of the blur is unknown


class Pools(TypedDict, total=False):
    """Every training batch; the key says what its pictures may be used for."""

    paired: PairedBatch
    blurred: BlurredBatch  # no partner exists
    sharp: SharpBatch  # no partner exists
    taught: PairedBatch  # what stands for the sharp picture is a teacher's answer
    pictures: PictureList


class Restoration(TypedDict):
    """What a method answers."""

    restored: Images  # size of the input, not clamped: teachers need the gradient
    kernel: NotRequired[Kernels]  # where the method estimates it
    facts: NotRequired[list[dict[str, float]]]  # per picture: iterations, seconds, ...
    kept: NotRequired[str]  # why a guard kept the picture as it was
    refused: NotRequired[str]  # why there is no restoration


@runtime_checkable
class Remembering(Protocol):
    """A module that remembers something of a run which is no weight: each device its own."""

    def memory(self) -> Tensor:
        """What it remembers, as one tensor on the CPU, for a checkpoint to resume from."""
        ...

    def remember(self, memory: Tensor) -> None:
        """Take over what was remembered."""
        ...
