"""AS-CycleGAN's generator, in the three forms that the paper compares."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError
from deblurkit.networks.parts.conditions import ConditionProvider
from deblurkit.networks.parts.resnet import Block
from deblurkit.networks.parts.resnet_body import MULTIPLE, Body, require_sides
from deblurkit.networks.parts.sft import ConditionNetwork, GuidedBlock

GivenConditions = Float[Tensor, "given classes rows columns"]  # checked with a sentence


class Generator(nn.Module):
    """Moves a picture to the other domain by a correction, from sharp to blurred or back.

    >>> from functools import partial
    >>> from deblurkit.networks.parts import residual, resnet
    >>> generator = Generator(
    ...     channels=4,
    ...     blocks=1,
    ...     block=partial(resnet.PreActivationBlock, dropout=0.0),
    ...     upsampling=resnet.Resized,
    ...     start=residual.zero_start,
    ...     conditions=None,
    ...     condition_network=None,
    ... )
    >>> picture = torch.rand(1, 3, 16, 16)
    >>> generator(picture).equal(picture)  # until it is trained
    True

    Args:
        channels: Channels at full resolution; each of the two halvings doubles them.
        blocks: Residual blocks at quarter resolution.
        block: Makes one of them, from ``channels``. The three rows of the paper are
            `deblurkit.networks.parts.resnet.PostActivationBlock`, ``PreActivationBlock`` there, and
            `deblurkit.networks.parts.sft.GuidedBlock`.
        upsampling: Makes one of the two doublings from its numbers of feature maps in and out:
            `deblurkit.networks.parts.resnet.Transposed` or ``Resized``.
        start: Sets the first weights of the last convolution and returns it:
            `deblurkit.networks.parts.residual.zero_start`, with which training starts from the
            input, or `deblurkit.networks.parts.resnet.normal_start`.
        conditions: Says what is seen where; None with blocks that are not guided.
        condition_network: Makes of it the guide that all blocks share; None as well then.

    Raises:
        InputError: If blocks, conditions and condition network do not belong together.

    Source: Zhu et al., "Motion Image Deblurring using AS-Cycle Generative Adversarial Network",
    sec. 2.
    Differs from the paper: first and last convolution, place and share of the dropout (sec. 2.2)
    and the normalisation behind the last pre-activation block are not published; they follow
    DeblurGAN (Kupyn et al., CVPR 2018, arXiv:1711.07064: half of the features, between the two
    convolutions of a block) and He et al. (ECCV 2016, arXiv:1603.05027). The conditions are a
    semantic segmentation map (sec. 2.4) of classes and a network that are not published; the
    presets take edges and texture instead, maps of a segmentation are taken by ``External`` and
    ``Given``.
    """

    multiple = MULTIPLE
    reach: int | None = None  # instance normalisation looks at the whole picture

    def __init__(
        self,
        *,
        channels: int,
        blocks: int,
        block: Callable[..., Block],
        upsampling: Callable[[int, int], nn.Module],
        start: Callable[[nn.Conv2d], nn.Conv2d],
        conditions: ConditionProvider | None,
        condition_network: ConditionNetwork | None,
    ) -> None:
        super().__init__()
        self.body = Body(
            channels=channels, blocks=blocks, block=block, upsampling=upsampling, start=start
        )
        self.conditions, self.condition_network = conditions, condition_network
        self._require_that_parts_fit(self.body.blocks[0])

    @property
    def takes(self) -> frozenset[str]:
        """Optional keys of a batch that this generator needs: its conditions are not its own."""
        return frozenset() if self.conditions is None else self.conditions.takes

    def forward(self, pictures: Images, condition: GivenConditions | None = None) -> Images:
        """Map a batch.

        Args:
            pictures: In [0, 1].
            condition: Class maps of these pictures, of their height and width, at least 0, with
                sum 1 over the classes. Without them they are made from ``pictures``.

        Returns:
            Pictures of the same shape, in [0, 1].

        Raises:
            InputError: If a side is not divisible by 4 or shorter than 8 pixels, if the condition
                has another shape or is not used, or if none is given and none can be made.
        """
        signed = 2 * pictures - 1  # inside, this network works in [-1, 1]
        correction = self.body(signed, *self._guide(pictures, condition)).tanh() / 2
        return (pictures + correction).clamp(0, 1)

    def _guide(self, pictures: Images, condition: GivenConditions | None) -> tuple[Tensor, ...]:
        if self.conditions is None or self.condition_network is None:
            if condition is not None:
                raise InputError(
                    "the blocks of this generator are not guided: give no condition, or choose "
                    "GuidedBlock"
                )
            return ()
        maps = self.conditions(pictures) if condition is None else condition
        shape = (len(pictures), self.conditions.classes, *pictures.shape[-2:])
        if maps.shape != shape:
            raise InputError(
                f"the condition of these pictures must have the shape {shape} (pictures, "
                f"classes, height, width), got {tuple(maps.shape)}"
            )
        require_sides(pictures)
        return (self.condition_network(maps),)

    def _require_that_parts_fit(self, block: nn.Module) -> None:
        conditions, network = self.conditions, self.condition_network
        if not isinstance(block, GuidedBlock):
            if conditions is not None or network is not None:
                raise InputError(
                    "conditions and condition_network are for GuidedBlock: make both null, or "
                    "choose this block"
                )
        elif conditions is None or network is None:
            raise InputError("GuidedBlock needs conditions and a condition_network: give both")
        elif (conditions.classes, block.guides) != (network.classes, network.guides):
            raise InputError(
                f"the condition_network makes {network.guides} guides of {network.classes} "
                f"classes, but its blocks take {block.guides} and the conditions are of "
                f"{conditions.classes}; make these numbers agree"
            )
