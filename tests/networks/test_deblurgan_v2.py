"""The generator of DeblurGAN-v2: counts, sizes, modes, precisions."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from parity_deblurgan_v2 import REFERENCE
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from deblurkit.errors import InputError
from deblurkit.networks.deblurgan_v2 import Generator, random_start
from deblurkit.networks.mobilenet_v2 import MobileNetV2
from deblurkit.networks.parts.residual import Headed, zero_start
from deblurkit.networks.parts.timm_trunks import InceptionResNetV2
from deblurkit.networks.parts.trunk import Trunk


def published() -> Generator:
    trunk = MobileNetV2(width=1.0)
    return Generator(trunk=trunk, channels=128, head=64, start=random_start)


def tiny(start=random_start) -> Generator:
    torch.manual_seed(0)
    return Generator(trunk=MobileNetV2(width=0.25), channels=8, head=4, start=start)


def noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameters_and_cost_are_the_published_ones_without_unused_layers() -> None:
    with torch.device("meta"):
        generator = published()
    assert count(generator) == REFERENCE["mobilenet_v2"]["parameters"] - 1_206_080 == 2_106_627
    beside = count(generator) - count(generator.trunk)
    assert beside == REFERENCE["mobilenet_v2"]["trainable_beside_a_frozen_trunk"] == 1_088_835
    with FlopCounterMode(display=False) as counter:
        generator(torch.empty(1, 3, 256, 256, device="meta"))
    assert counter.get_total_flops() / 1e9 == pytest.approx(5.4, abs=0.05)


def test_read_fills_the_trunk_and_nothing_else(tmp_path: Path) -> None:
    source, generator = MobileNetV2(width=0.25), tiny()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    torch.save(source.state_dict(), tmp_path / "trunk.pth")
    generator.read(f"{tmp_path}/trunk.pth")
    for name, value in source.state_dict().items():
        assert generator.trunk.state_dict()[name].equal(value)
    after = generator.state_dict().items()
    moved = {name for name, value in after if not value.equal(before[name])}
    assert moved
    assert all(name.startswith("trunk.") for name in moved)


ODD_CONTENT = {
    "noise": noise(2, 3, 64, 96),
    "black": torch.zeros(1, 3, 64, 64),
    "white": torch.ones(1, 3, 64, 64),
    "one bright pixel": functional.pad(torch.ones(1, 3, 1, 1), (30, 33, 40, 23)),
}


@pytest.mark.parametrize("blurred", ODD_CONTENT.values(), ids=ODD_CONTENT.keys())
def test_with_a_zero_start_the_first_answer_is_the_blurred_picture(blurred: Tensor) -> None:
    assert tiny(zero_start)(blurred).equal(blurred)


def test_with_a_zero_start_everything_moves_after_the_last_convolution() -> None:
    generator = tiny(zero_start)
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    # A bias in front of a normalisation has no effect on the answer.
    learning = {
        name
        for name, _ in generator.named_parameters()
        if not name.startswith(("td", "smooth")) or name.endswith("weight")
    }
    for expected in ({"final.weight", "final.bias"}, learning):
        optimizer.zero_grad()
        (generator(noise(2, 3, 64, 64)) - 0.3).square().mean().backward()
        assert {n for n, p in generator.named_parameters() if p.grad.any()} >= expected
        still = {n for n, p in generator.named_parameters() if not p.grad.any()}
        assert not still & expected
        if len(expected) == 2:
            assert len(still) == len(list(generator.parameters())) - 2
        optimizer.step()


@pytest.mark.parametrize("size", [(32, 32), (32, 96), (64, 64), (96, 160)], ids=str)
def test_every_multiple_of_32_keeps_its_shape_and_the_range(size: tuple[int, int]) -> None:
    generator = tiny()
    restored = generator(noise(2, 3, *size))
    assert restored.shape == (2, 3, *size)
    assert 0 <= restored.min() <= restored.max() <= 1
    assert generator(torch.full((1, 3, *size), 2.0)).equal(torch.ones(1, 3, *size))


def test_a_picture_below_the_trunks_smallest_repeats_its_last_row_and_column() -> None:
    generator, blurred = tiny(), noise(1, 3, 32, 96)
    roomy = torch.cat([blurred, blurred[..., -1:, :].expand(-1, -1, 32, -1)], dim=2)
    assert generator(blurred).equal(generator(roomy)[..., :32, :])


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (63, 64)], ids=str)
def test_a_side_that_is_not_divisible_by_32_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"divisible by 32, got {size[0]} x {size[1]} pixels"):
        tiny()(torch.rand(1, 3, *size))


def test_the_answer_depends_neither_on_the_mode_nor_on_the_rest_of_the_batch() -> None:
    generator, blurred = tiny().double(), noise(3, 3, 64, 64).double()
    together = generator(blurred)
    assert generator.eval()(blurred).equal(together)
    alone = torch.cat([generator(picture[None]) for picture in blurred])
    assert alone.sub(together).abs().max() < 1e-12
    assert not list(generator.buffers())


def test_a_frozen_trunk_stands_still_while_the_rest_learns() -> None:
    generator = tiny()
    generator.trunk.requires_grad_(False)
    generator(noise(1, 3, 64, 64)).square().mean().backward()
    held = {name for name, p in generator.named_parameters() if p.grad is None}
    assert held == {name for name, _ in generator.named_parameters() if name.startswith("trunk.")}
    assert generator.lateral4.weight.grad.any()


def test_it_says_what_wrappers_and_methods_ask() -> None:
    generator = tiny()
    assert isinstance(generator, Headed)
    assert isinstance(generator.trunk, Trunk)
    assert (generator.multiple, generator.reach) == (32, None)
    assert list(generator.heads) == [generator.final]


def test_other_precisions_and_layouts_answer_the_same_picture() -> None:
    generator, blurred = tiny(), noise(2, 3, 64, 96)
    expected = generator(blurred)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = generator(blurred)
    assert coarse.dtype == torch.float32
    assert coarse.isfinite().all()
    # A trunk without pretrained weights amplifies rounding, whichever normalisation it has.
    assert (coarse - expected).abs().mean() < (expected - blurred).abs().mean() / 2
    last = generator.to(memory_format=torch.channels_last)
    answer = last(blurred.to(memory_format=torch.channels_last))
    assert (answer - expected).abs().max() < 1e-4


COMPILED = """
import torch

from deblurkit.networks.deblurgan_v2 import Generator, random_start
from deblurkit.networks.mobilenet_v2 import MobileNetV2

torch.manual_seed(0)
trunk = MobileNetV2(width=0.25)
generator = Generator(trunk=trunk, channels=8, head=4, start=random_start)
compiled = torch.compile(generator, backend="aot_eager", fullgraph=True)
blurred = torch.rand(1, 3, 32, 96)
restored = compiled(blurred)
torch.testing.assert_close(restored, generator(blurred), rtol=0, atol=1e-4)
restored.square().mean().backward()
assert trunk.features[0][0].weight.grad.any()
"""


@pytest.mark.slow
def test_compiled_as_one_graph_it_answers_the_same_picture_and_learns() -> None:
    """In a process of its own: the tests' shape checks cannot be compiled."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class InceptionSizes(nn.Module):
    """Maps of the sizes that Inception-ResNet-v2 makes, without its thousands of channels."""

    channels = (3, 3, 3, 3, 3)
    paddings = InceptionResNetV2.paddings
    smallest = InceptionResNetV2.smallest
    WINDOWS = (  # (side, stride) of what shrinks a map: convolutions without padding, poolings
        ((3, 2),),
        ((3, 1), (3, 2)),
        ((3, 1), (3, 2)),
        ((3, 2),),
        ((3, 2),),
    )

    def forward(self, signed):
        maps = []
        for level in self.WINDOWS:
            for side, stride in level:
                signed = functional.max_pool2d(signed, side, stride)
            maps.append(signed)
        return tuple(maps)

    def read(self, path: str) -> None:
        raise AssertionError("nothing to read")


@pytest.mark.parametrize("size", [(32, 128), (96, 96), (128, 160), (256, 192), (224, 416)], ids=str)
def test_the_paddings_complete_every_map_of_inception(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    generator = Generator(trunk=InceptionSizes(), channels=4, head=2, start=random_start)
    blurred = noise(1, 3, *size)
    restored = generator(blurred)
    assert restored.shape == blurred.shape
    assert not restored.equal(blurred)


def test_the_table_of_sizes_at_256_pixels() -> None:
    shapes = [tuple(features.shape[1:]) for features in InceptionSizes()(noise(1, 3, 256, 256))]
    assert [height for _, height, _ in shapes] == [127, 62, 29, 14, 6]
    with torch.device("meta"):
        maps = MobileNetV2(width=1.0)(torch.empty(1, 3, 256, 256))
    assert [tuple(features.shape[1:]) for features in maps] == [
        (16, 128, 128),
        (24, 64, 64),
        (32, 32, 32),
        (64, 16, 16),
        (160, 8, 8),
    ]
