"""MAXIM's network: stages of a U whose pixels are mixed over a grid and within blocks."""

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple, cast

from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.maxim_attention import SupervisedAttention
from deblurkit.networks.maxim_blocks import (
    LEVELS,
    Crossing,
    Decoder,
    Encoder,
    Fusion,
    Levels,
    Sizes,
    bottom,
)
from deblurkit.networks.maxim_mixing import mapping
from deblurkit.networks.maxim_strips import convolved, thinned
from deblurkit.networks.parts.sides import require_multiple


class Handover(NamedTuple):
    """What a stage leaves to the next, from full size down; emptied there.

    Args:
        known: Encoded and decoded features, added.
        attended: Features weighed by the stage's answer.
    """

    known: Levels
    attended: Levels


class Stage(nn.Module):
    """A U with skips that all levels share, and an answer at full, half and quarter size.

    Args:
        sizes: Of the stages.
        later: Whether there is a stage before.
        last: Whether there is none behind.

    Source: Tu et al., CVPR 2022, sec. 3.1 and 3.4, fig. 2.
    """

    def __init__(self, *, sizes: Sizes, later: bool, last: bool) -> None:
        super().__init__()
        widths = sizes.widths
        wider, levels = (*widths[1:], widths[-1]), range(LEVELS)
        self.entries = nn.ModuleList(nn.Conv2d(3, width, 3, padding=1) for width in widths)
        self.fusions = nn.ModuleList(
            Fusion(channels=widths[level], side=sizes.sides[level]) for level in levels if later
        )
        self.encoders = nn.ModuleList(
            Encoder(inputs=widths[max(level - 1, 0)], level=level, sizes=sizes, later=later)
            for level in levels
        )
        self.bottlenecks = nn.ModuleList(
            nn.Sequential(mapping(widths[-1], widths[-1]), bottom(sizes))
            for _ in range(sizes.bottlenecks)
        )
        self.crossings = nn.ModuleList(
            Crossing(inputs=wider[level], level=level, sizes=sizes) for level in levels
        )
        self.decoders = nn.ModuleList(
            Decoder(inputs=wider[level], level=level, sizes=sizes) for level in levels
        )
        self.heads = nn.ModuleList(
            nn.Conv2d(width, 3, 3, padding=1) if last else SupervisedAttention(channels=width)
            for width in widths
        )

    def forward(self, pictures: Levels, earlier: Handover | None) -> tuple[Levels, Handover]:
        """Restored pictures of all levels, and what the next stage begins with."""
        features, encoded = self.encoded(pictures, earlier)
        for bottleneck in self.bottlenecks:
            features = bottleneck(features)
        skips: Levels = []
        rising = features
        for crossing in reversed(self.crossings):
            skip, rising = crossing(encoded, rising)
            skips.append(skip)
        del rising, skip
        restored: Levels = []
        following = Handover([], [])
        for level in reversed(range(LEVELS)):
            decoder = cast("Decoder", self.decoders[level])
            features = decoder.joined(features, skips)
            if not level:
                skips.clear()  # the last decoder has seen them
            features = decoder(features)
            head = self.heads[level]
            if isinstance(head, SupervisedAttention):
                answer, attended = head(features, pictures[level])
                following.attended.insert(0, attended)
                following.known.insert(0, encoded.pop() + features)
            else:
                answer = convolved(head, features) + pictures[level]
            restored.insert(0, answer)
        return restored, following

    def encoded(self, pictures: Levels, earlier: Handover | None) -> tuple[Tensor, Levels]:
        """Features below the last level, and those of all levels."""
        inputs: Levels = []
        for level, entry in enumerate(self.entries):
            features = convolved(entry, pictures[level])
            if earlier is not None:
                features = self.fusions[level](features, earlier.attended.pop(0))
            inputs.append(features)
        features, encoded = inputs[0], []
        for encoder in self.encoders:
            known = earlier.known.pop(0) if earlier is not None else None
            features, same = encoder(features, picture=inputs.pop(0), earlier=known)
            encoded.append(same)
        return features, encoded


class Backbone(nn.Module):
    """Restores a picture in stages, each of which sees what the one before made.

    >>> small = {"channels": 4, "groups": 1, "bottlenecks": 1, "reduction": 4}
    >>> backbone = Backbone(stages=1, sides=[4, 4, 2, 2], **small)
    >>> [tuple(answer.shape) for answer in backbone(torch.rand(1, 3, 16, 16))[-1]]
    [(1, 3, 16, 16), (1, 3, 8, 8), (1, 3, 4, 4)]

    Args:
        channels: Feature maps at full size; twice as many at half, four times at quarter size.
        stages: How many there are; the paper's 1S, 2S and 3S.
        sides: Of the grid in cells and of the blocks in pixels at full, half and quarter size,
            and below.
        groups: Pairs of mixing and attention in each encoder, decoder and bottleneck.
        bottlenecks: Of each stage.
        reduction: Of the channel attentions.

    Raises:
        InputError: If a number is not positive, or the channels cannot be reduced.

    Source: Tu et al., "MAXIM: Multi-Axis MLP for Image Processing", CVPR 2022, arXiv:2201.02973,
    sec. 3; sizes of grids and blocks, normalisations and GELU as in the authors' code.
    Differs from the authors' code: pictures of other sides are the method's to pad, on the right
    and at the bottom; every answer starts as the blurred picture.
    """

    reach: int | None = None  # the grid lies over the whole picture

    def __init__(
        self,
        *,
        channels: int,
        stages: int,
        sides: Sequence[int],
        groups: int,
        bottlenecks: int,
        reduction: int,
    ) -> None:
        super().__init__()
        if min(channels, stages, groups, bottlenecks, reduction) < 1 or channels < reduction:
            raise InputError(
                "channels, stages, groups, bottlenecks and reduction of MAXIM must be positive, "
                f"and channels at least reduction, got channels={channels}, stages={stages}, "
                f"groups={groups}, bottlenecks={bottlenecks}, reduction={reduction}"
            )
        if len(sides) != LEVELS + 1 or min(sides) < 1:
            raise InputError(f"sides of MAXIM are {LEVELS + 1} positive numbers, got {list(sides)}")
        self.multiple = lcm(*(side * 2**level for level, side in enumerate(sides)))
        widths = tuple(channels * 2**level for level in range(LEVELS))
        sizes = Sizes(widths, tuple(sides), groups, bottlenecks, reduction)
        self.stages = nn.ModuleList(
            Stage(sizes=sizes, later=stage > 0, last=stage == stages - 1) for stage in range(stages)
        )
        self.apply(_start)

    def forward(self, blurred: Images) -> list[list[Tensor]]:
        """Restore a batch in [0, 1]; not clamped.

        Returns:
            Of each stage the answers at full, half and quarter size; the first one of the last
            stage is the best.

        Raises:
            InputError: If a side is not divisible by ``multiple``.
        """
        require_multiple(blurred, self.multiple)
        picture = blurred.movedim(1, -1).contiguous()
        # The nearest of all pixels, as the authors shrink what goes in: half a step in.
        steps = [2**level for level in range(LEVELS)]
        pictures = [thinned(picture, step).contiguous() for step in steps]
        answers, handover = [], None
        for stage in self.stages:
            restored, handover = stage(pictures, handover)
            answers.append([answer.movedim(-1, 1) for answer in restored])
        return answers


def _start(module: nn.Module) -> None:
    """LeCun's deviation by inputs, as Flax has it; answers start as the picture."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        inputs = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
        nn.init.normal_(module.weight, std=inputs**-0.5)
        if module.out_channels == 3:
            nn.init.zeros_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
