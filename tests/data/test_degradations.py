"""No degradation and no maker of pairs moves the blurred picture against its sharp one."""

import inspect
import logging
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from deblurkit.config import compose, conf_dir, instantiate, plain
from deblurkit.data.augment import PairedAugmentation
from deblurkit.data.augment_batch import BatchAugmentation
from deblurkit.data.blur.averaging import frame_mean
from deblurkit.data.blur.parts.camera import jpeg_compressed
from deblurkit.data.degradations import LEVEL, SIDE, effect, pattern, shift
from deblurkit.errors import InputError

AREAS = {"downscale": 3, "upscale": 1}  # cv2.INTER_AREA, cv2.INTER_LINEAR


def configured(name: str, **arguments: Any) -> PairedAugmentation:
    return PairedAugmentation(degradation=[{"name": name, "p": 0.5, **arguments}])


@pytest.mark.parametrize("moved", [(0, 0), (3, -4), (0, 7), (-6, 8)])
def test_whole_pixels_are_measured(moved: tuple[int, int]) -> None:
    rolled = effect(lambda pixels, draw: np.roll(pixels, moved, (0, 1)), draws=1)
    assert rolled.shift == rolled.largest == pytest.approx(np.hypot(*moved), abs=0.1)
    assert rolled.brightness == pytest.approx(0, abs=0.1)


def test_half_pixels_and_brightness_are_measured() -> None:
    def degrade(pixels: np.ndarray, draw: int) -> np.ndarray:
        mean = (pixels.astype(float) + np.roll(pixels, 1, axis=1)) / 2  # half a pixel to the right
        return (mean * 1.0115 + 0.5).astype(np.uint8)

    measured = effect(degrade, draws=2)
    assert measured.shift == pytest.approx(0.5, abs=0.1)
    assert measured.brightness == pytest.approx(0.0115 * LEVEL, abs=0.1)


def test_noise_strokes_and_long_blur_are_no_shift() -> None:
    generator = np.random.default_rng(0)
    noisy = pattern() + generator.normal(0, 60, (SIDE, SIDE, 3))
    assert shift(noisy.clip(0, 255).mean(axis=2)) == 0.0
    stroke = pattern().astype(float).mean(axis=2)
    stroke[60:120, 60:120] = 255
    assert shift(stroke) < 0.05
    assert shift(np.full((SIDE, SIDE), LEVEL)) == 0.0  # nothing is left that could tell


@pytest.mark.parametrize(
    ("name", "arguments", "pixels"),
    [
        ("MotionBlur", {"blur_limit": [15, 15]}, r"\d\.\d px .*blur=line"),
        ("MotionBlur", {"blur_limit": [9, 9], "allow_shifted": False}, r"\d\.\d px"),
        ("Downscale", {"scale_range": [0.5, 0.5]}, r"0\.[5-7] px .*interpolation_pair"),
        ("Downscale", {"scale_range": [0.25, 0.25]}, r"(1\.[6-9]|2\.[01]) px"),
        ("GlassBlur", {}, r"0\.[4-7] px"),
    ],
)
def test_what_moves_is_refused(name: str, arguments: dict[str, Any], pixels: str) -> None:
    with pytest.raises(InputError, match=f"the degradation {name} moves .* by up to {pixels}"):
        configured(name, **arguments)


def test_the_moving_part_of_a_choice_is_named() -> None:
    inner = [{"name": "GaussianBlur", "p": 1}, {"name": "MotionBlur", "p": 1}]
    with pytest.raises(InputError, match="the degradation MotionBlur moves"):
        PairedAugmentation(degradation=OmegaConf.create([{"name": "OneOf", "transforms": inner}]))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Downscale", {"scale_range": [0.25, 0.25], "interpolation_pair": AREAS}),
        ("GaussianBlur", {"blur_limit": [3, 15]}),
        ("GaussNoise", {"std_range": [0.2, 0.44]}),
        ("ImageCompression", {"quality_range": [10, 30]}),
    ],
)
def test_what_stays_is_taken_without_a_word(
    name: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    configured(name, **arguments)
    assert not caplog.messages


def test_changed_brightness_is_said_and_a_changed_type_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    configured("Defocus", radius=[3, 3], alias_blur=[0.1, 0.1])
    assert not caplog.messages
    configured("Defocus", radius=[10, 10], alias_blur=[0.5, 0.5])  # its kernel sums to 1.01
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the degradation Defocus changes the blurred picture's brightness by +" in caplog.text
    with pytest.raises(InputError, match="the degradation ToFloat does not fit: it answers float"):
        configured("ToFloat")


def families(node: Any, path: str = "") -> dict[str, Any]:
    """Every family of kernels or fields in a config, by where it stands."""
    if not isinstance(node, dict | list):
        return {}
    target = node.get("_target_", "") if isinstance(node, dict) else ""
    if target.startswith("deblurkit.data.blur.") and "synthesis" not in target.lower():
        return {path: node}
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    return {k: v for key, inner in entries for k, v in families(inner, f"{path}.{key}").items()}


def every_family() -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for file in sorted((conf_dir() / "blur").glob("*.yaml")):
        cfg = plain(compose(f"blur={file.stem}", config="blur").blur)
        nodes |= families(cfg, file.stem)
    data = plain(compose("data=free_photos").data)
    return nodes | families(data["synthesis"], "every_blur")


def drawn_kernels(family: Any) -> torch.Tensor:
    """Some kernels of a family, or of the fields of one, (count, size, size)."""
    generator = torch.Generator().manual_seed(0)
    if hasattr(family, "disparity"):
        family.disparity = torch.linspace(0, 1, 64).repeat(48, 1)[None, None]
    if "height" in inspect.signature(family.draw).parameters:
        fields = [family.draw(48, 64, generator)[0] for _ in range(4)]
        return torch.cat([field.kernels.flatten(0, 1) for field in fields]).double()
    return family.draw(24, generator).kernels[:, 0].double()


def test_every_kernel_is_centred() -> None:
    """Each has its centre of mass in its middle, so that a blurred picture stays where it was."""
    nodes = {path: node for path, node in every_family().items() if "exposure" not in path}
    assert len(nodes) > 12
    for path, node in nodes.items():
        kernels = drawn_kernels(instantiate(node))
        size = kernels.shape[-1]
        offsets = torch.arange(size, dtype=torch.float64) - size // 2
        sums = kernels.sum(dim=(1, 2))
        rows, columns = kernels.sum(dim=2) @ offsets, kernels.sum(dim=1) @ offsets
        assert torch.allclose(sums, torch.ones_like(sums), atol=1e-5), path
        assert float(torch.hypot(rows, columns).max()) < 0.02, path  # pixels


def test_exposures_have_no_shift_in_common() -> None:
    """Each is aligned by its middle view, and its mass may lie to either side of that."""
    (node,) = [node for path, node in every_family().items() if path.startswith("exposure")]
    still = {"roll": [0.0, 0.0], "zoom": [0.0, 0.0], "parallax": [0.0, 0.0], "objects": [0, 0]}
    exposure = instantiate(node | still)
    spot = torch.zeros(1, 1, 81, 81, dtype=torch.float64)
    spot[..., 40, 40] = 1
    offsets = torch.arange(81, dtype=torch.float64) - 40
    centres = []
    for seed in range(64):
        light = exposure.expose(spot, torch.Generator().manual_seed(seed))[0][0, 0]
        centres.append(torch.stack([light.sum(1) @ offsets, light.sum(0) @ offsets]) / light.sum())
    shifts = torch.stack(centres)
    error = shifts.std(dim=0) / 8
    assert bool((shifts.mean(dim=0).abs() < 3 * error).all())
    assert float(error.max()) < 0.5  # pixels: a common shift of two pixels would be seen


def test_jpeg_stays_in_all_colours() -> None:
    waves = torch.from_numpy(pattern()).permute(2, 0, 1)[None] / 255
    colours = ((waves - 0.5) * torch.tensor([1.0, 0.3, 0.7]).view(1, 3, 1, 1) + 0.5).float()
    packed = [jpeg_compressed(colours, torch.full((1, 1, 1, 1), q)) for q in (30.0, 90.0)]
    augmented = BatchAugmentation(flip=0, turn=0, jpeg=1.0, jpeg_quality=(30, 30))
    packed.append(augmented({"blurred": colours}, 0)["blurred"])
    for picture in packed:
        for channel in picture[0].double().numpy() * 255:
            assert shift(channel) < 0.05


@pytest.mark.parametrize(("window", "speed"), [(7, 1), (11, 2)])
def test_averaged_frames_stay_with_their_centre(window: int, speed: int) -> None:
    spot = torch.zeros(1, 40, 64, dtype=torch.uint8)
    spot[0, 19:22, 30:33] = 200
    moving = [spot.roll(speed * (n - window // 2), dims=2) for n in range(window)]
    mean = frame_mean(moving, gamma=1.0)[0]
    columns = torch.arange(64, dtype=torch.float64)
    assert float(mean.sum(dim=0) @ columns / mean.sum()) == pytest.approx(31.0)
