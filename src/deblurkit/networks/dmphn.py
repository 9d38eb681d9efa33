"""DMPHN's networks: pictures cut into ever smaller patches, restored from fine to coarse."""

from math import sqrt
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.parts.residual_pair import ResidualPair
from deblurkit.networks.parts.sides import require_multiple

# Row, column or feature counts of patches differ from line to line, so these are not `Images`.
Patches = Float[Tensor, "_ channels _ _"]
HEIGHT, WIDTH = 2, 3  # axes of a batch


class Level(nn.Module):
    """An encoder and a decoder, shared by all patches of one level of the hierarchy.

    Args:
        channels: Feature maps at full resolution; each of the two halvings doubles them.

    Source: Zhang et al., CVPR 2019, sec. 3.1, fig. 4.
    """

    def __init__(self, *, channels: int) -> None:
        super().__init__()
        full, half, quarter = channels, 2 * channels, 4 * channels
        self.encoder = nn.Sequential(
            nn.Conv2d(3, full, 3, padding=1),
            *_pairs(full),
            nn.Conv2d(full, half, 3, stride=2, padding=1),
            *_pairs(half),
            nn.Conv2d(half, quarter, 3, stride=2, padding=1),
            *_pairs(quarter),
        )
        self.decoder = nn.Sequential(
            *_pairs(quarter),
            nn.ConvTranspose2d(quarter, half, 4, stride=2, padding=1),
            *_pairs(half),
            nn.ConvTranspose2d(half, full, 4, stride=2, padding=1),
            *_pairs(full),
            nn.Conv2d(full, 3, 3, padding=1),
        )


class Hierarchy(nn.Module):
    """Levels 1, 2, 3, ... that see 1, 2, 4, ... patches of the picture.

    Level 2 cuts the picture in a top and a bottom half, level 3 each of them in a left and a
    right one, level 4 again in top and bottom. A level restores its patches with what the finer
    one restored added to them; features are joined before they are decoded.

    Args:
        channels: Feature maps at full resolution.
        levels: How many levels there are.
    """

    def __init__(self, *, channels: int, levels: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Level(channels=channels) for _ in range(levels))

    def forward(
        self, picture: Images, *, earlier: list[Tensor] | None, first: Images | None
    ) -> tuple[Images, list[Tensor]]:
        """Restore a batch around 0.

        Args:
            picture: What is cut into patches.
            earlier: Features that the hierarchy before this one decoded, from coarse to fine.
            first: What the first hierarchy restored; added to what level 2 restores.

        Returns:
            The restored batch, and this hierarchy's own features, from coarse to fine.
        """
        patches = [picture]
        for depth in range(1, len(self.levels)):
            patches.append(_cut(patches[-1], axis=_axis(depth)))
        restored: Tensor | None = None
        joined: Tensor | None = None
        decoded: list[Tensor] = []
        for depth in reversed(range(len(self.levels))):
            level = cast("Level", self.levels[depth])
            inputs = patches[depth] if restored is None else patches[depth] + restored
            features = level.encoder(inputs)
            features = features if joined is None else features + joined
            joined = features if depth == 0 else _joined(features, axis=_axis(depth))
            if earlier is not None:
                joined = joined + earlier[depth]
            decoded.insert(0, joined)
            restored = level.decoder(joined)
            if depth == 1 and first is not None:
                restored = restored + first
        assert restored is not None
        return restored, decoded


class Restorer(nn.Module):
    """One hierarchy, or a stack of them of which each restores the answer of the one before.

    >>> restorer = Restorer(channels=4, levels=3, stacks=2)
    >>> [tuple(answer.shape) for answer in restorer(torch.rand(1, 3, 16, 16))]
    [(1, 3, 16, 16), (1, 3, 16, 16)]

    Args:
        channels: Feature maps at full resolution.
        levels: Of each hierarchy; 3 is the paper's 1-2-4, 4 its 1-2-4-8.
        stacks: How many hierarchies there are.

    Raises:
        InputError: If a number is not positive.

    Source: Zhang et al., "Deep Stacked Hierarchical Multi-patch Network for Image Deblurring",
    CVPR 2019, arXiv:1904.03468, sec. 3, figs. 2-4; joints between hierarchies as in the authors'
    code, where the first one's answer, and not the one before, is added behind level 2.
    Differs from the authors' code: both sides must suit the side that is cut most often, so that
    one number says what pictures fit.
    """

    reach: int | None = None  # where the patches are cut depends on the whole picture

    def __init__(self, *, channels: int, levels: int, stacks: int) -> None:
        super().__init__()
        if min(channels, levels, stacks) < 1:
            raise InputError(
                "channels, levels and stacks of DMPHN must be positive, got "
                f"channels={channels}, levels={levels}, stacks={stacks}"
            )
        self.stacks = nn.ModuleList(
            Hierarchy(channels=channels, levels=levels) for _ in range(stacks)
        )
        self.multiple = 4 * 2 ** (levels // 2)  # two halvings, and the cuts of the height
        self.apply(_start)

    def forward(self, blurred: Images) -> list[Images]:
        """Restore a batch in [0, 1]; the answer of each hierarchy, the last one is the best.

        Raises:
            InputError: If a side is not divisible by ``multiple``.
        """
        require_multiple(blurred, self.multiple)
        picture = blurred - 0.5  # inside, this network works in [-0.5, 0.5]
        features: list[Tensor] | None = None
        answers: list[Tensor] = []
        for hierarchy in self.stacks:
            first = answers[0] if answers else None
            picture, features = hierarchy(picture, earlier=features, first=first)
            answers.append(picture)
        return [answer + 0.5 for answer in answers]


def _pairs(channels: int) -> list[ResidualPair]:
    return [ResidualPair(channels=channels, kernel=3) for _ in range(2)]


def _axis(depth: int) -> int:
    return HEIGHT if depth % 2 else WIDTH


def _cut(pictures: Patches, *, axis: int) -> Patches:
    """Halve pictures along an axis; first halves come first in the batch.

    The halves are taken by their length: `chunk` would fix the length of an exported graph.
    """
    half = pictures.shape[axis] // 2
    return torch.cat([pictures.narrow(axis, 0, half), pictures.narrow(axis, half, half)])


def _joined(patches: Patches, *, axis: int) -> Patches:
    """Undo `_cut`."""
    return torch.cat(patches.chunk(2), dim=axis)


def _start(module: nn.Module) -> None:
    """Half of He's deviation by outputs, as the authors have it."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        outputs = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
        nn.init.normal_(module.weight, std=0.5 * sqrt(2 / outputs))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
