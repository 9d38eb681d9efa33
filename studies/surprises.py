"""What libraries of this field really do, measured: the numbers of docs/surprises.md.

    python studies/surprises.py                       # all that is installed here
    python studies/surprises.py similarity --peers peers/bin/python
    python studies/surprises.py orientation --levin data/levin

piq and deepinv need torchvision, so they are asked in an environment of their own: the Python of
one that has both is ``--peers``. ``orientation`` needs Levin's pictures.
"""

import argparse
import math
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from torch import nn

import deblurkit
from deblurkit.callbacks.average import RestorerAverage
from deblurkit.data.augment import PairedAugmentation
from deblurkit.imaging.blur.kernel_estimation import fitted_kernels
from deblurkit.imaging.formats.files import as_tensor, read_image
from deblurkit.methods.frame.automatic import AutomaticMethod
from deblurkit.metrics.kernel_similarity import kernel_similarity
from deblurkit.metrics.realblur import warped

Lines = Iterator[str]
NOISE = [{"name": "GaussNoise", "std_range": [0.05, 0.1], "p": 1.0}]
ASKED = """
import sys, numpy, torch, piq, deepinv
from deepinv.loss.metric import SSIM
pair = [torch.from_numpy(numpy.load(file)) for file in sys.argv[1:]]
print(f"piq {piq.__version__}, the picture halved first: {piq.ssim(*pair):.5f}")
print(f"piq, downsample=False: {piq.ssim(*pair, downsample=False):.5f}")
print(f"deepinv {deepinv.__version__}: {SSIM()(*pair).item():.5f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help="names of functions below; all without any")
    parser.add_argument("--peers", type=Path, help="Python that has piq and deepinv")
    parser.add_argument("--levin", type=Path, help="folder of Levin's pictures")
    options = parser.parse_args()
    sections: dict[str, Callable[[], Lines]] = {
        "similarity": partial(similarity, options.peers),
        **{section.__name__: section for section in (autocast, alignment, richardson_lucy)},
        **{section.__name__: section for section in (average, augmentation, memory)},
        **{section.__name__: section for section in (borders, levels)},
        "orientation": partial(orientation, options.levin),
    }
    for name in options.sections or sections:
        print(f"{name}:")
        for line in sections[name]():
            print(f"  {line}", flush=True)


def photograph(side: int = 512) -> torch.Tensor:
    """A square of a photograph, (1, 3, side, side) in [0, 1]."""
    top = (512 - side) // 2
    return as_tensor(skimage.data.astronaut()[top : top + side, top : top + side])[None]


def spoiled(sharp: torch.Tensor) -> torch.Tensor:
    """Blurred by a mean of 5 x 5 and noisy, of 8 bits."""
    padded = nn.functional.pad(sharp, (2, 2, 2, 2), mode="reflect")
    noise = 0.02 * torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0))
    blurred = nn.functional.avg_pool2d(padded, 5, stride=1) + noise
    return (blurred.clamp(0, 1) * 255).round() / 255


def similarity(peers: Path | None) -> Lines:
    """SSIM of one pair, Gaussian window of 11 pixels and sigma 1.5, by several libraries."""
    import kornia
    import torchmetrics
    from skimage.metrics import structural_similarity

    sharp = photograph()
    restored = spoiled(sharp)
    arrays = [picture[0].permute(1, 2, 0).double().numpy() for picture in (restored, sharp)]
    settings = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0}
    cropped = structural_similarity(*arrays, channel_axis=2, **settings)
    yield f"scikit-image {skimage.__version__}, five pixels of border left out: {cropped:.5f}"
    ssim = torchmetrics.functional.image.structural_similarity_index_measure
    mirrored = float(ssim(restored, sharp, data_range=1.0))
    yield f"torchmetrics {torchmetrics.__version__}, borders mirrored: {mirrored:.5f}"
    mirrored = float(kornia.metrics.ssim(restored, sharp, 11).mean())
    yield f"kornia {kornia.__version__}, borders mirrored: {mirrored:.5f}"
    if peers is not None:
        with TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("restored.npy", "sharp.npy")]
            for file, picture in zip(files, (restored, sharp), strict=True):
                np.save(file, picture.numpy())
            command = [peers, "-c", ASKED, *files]
            printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        yield from printed.splitlines()


def autocast() -> Lines:
    """SSIM and PSNR of torchmetrics under mixed precision; inputs are float32."""
    from torchmetrics.functional import image

    sharp = photograph()
    restored = spoiled(sharp)
    scores = {
        "SSIM of a picture with itself": lambda: image.structural_similarity_index_measure(
            sharp, sharp, data_range=1.0
        ),
        "SSIM of a pair": lambda: image.structural_similarity_index_measure(
            restored, sharp, data_range=1.0
        ),
        "UQI of a pair": lambda: image.universal_image_quality_index(restored, sharp),
        "PSNR of a pair": lambda: image.peak_signal_noise_ratio(restored, sharp, data_range=1.0),
    }
    for name, score in scores.items():
        values = [float(score())]
        for dtype in (torch.bfloat16, torch.float16):
            with torch.autocast("cpu", dtype):
                values.append(float(score()))
        yield f"{name}: float32 {values[0]:.3f}, bf16 {values[1]:.3f}, fp16 {values[2]:.3f}"


def alignment() -> Lines:
    """What an alignment leaves of a perfect picture that lies beside its truth."""
    yield f"OpenCV {cv2.__version__}"
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (8, 1))
    for name, flag in (("linear", cv2.INTER_LINEAR), ("cubic", cv2.INTER_CUBIC)):
        moved = cv2.warpAffine(ramp, np.array([[1, 0, 0.1], [0, 1, 0]]), (64, 8), flags=flag)
        by = (ramp - moved)[4, 20:40].mean() * 63
        yield f"{name}: a ramp that is to move by 0.1 px moves by {by:.4f}"
    sharp = photograph(288)[0].permute(1, 2, 0).numpy()
    frequencies = [np.fft.fftfreq(288)[:, None], np.fft.fftfreq(288)[None]]
    inner = slice(16, -16)
    for shift in (0.02, 0.1, 0.3, 0.5):
        phase = np.exp(-2j * np.pi * shift * (frequencies[0] + frequencies[1]))[..., None]
        beside = np.fft.ifft2(np.fft.fft2(sharp, axes=(0, 1)) * phase, axes=(0, 1)).real
        levels = (beside.clip(0, 1) * 255).round().astype(np.float32) / 255
        first, second = (np.ascontiguousarray(p[inner, inner]) for p in (levels, sharp))
        pair = warped(first, second, iterations=100, smoothing=5)
        after = ((pair.restored - pair.sharp).astype(float) ** 2).sum() / pair.valid.sum()
        before = ((first - second).astype(float) ** 2).mean()
        scores = f"{decibels(before)}, aligned {decibels(after)}"
        yield f"perfect, but {shift} px beside along both axes: {scores}"


def decibels(error: float) -> str:
    return f"{-10 * math.log10(error):.2f} dB"


def richardson_lucy() -> Lines:
    """A constant picture, and a kernel with an even side."""
    from scipy.signal import convolve
    from skimage.restoration import richardson_lucy as theirs

    flat, kernel = np.full((96, 96), 0.5), np.random.default_rng(0).random((9, 9)) ** 4
    kernel /= kernel.sum()
    ours = deblurkit.build("richardson_lucy", "iterations=100")
    restored = ours.restore(
        torch.from_numpy(flat)[None, None].float(), kernel=torch.from_numpy(kernel)[None, None]
    )
    yield f"ours, 100 steps: largest error {float((restored - 0.5).abs().max()):.1e}"
    for steps in (10, 30, 100):
        error = np.abs(theirs(flat, kernel, num_iter=steps, clip=False) - 0.5)
        depth = int((error[48, :48] > 0.005).nonzero()[0].max()) + 1
        yield f"scikit-image, {steps} steps: largest error {error.max():.2f}, {depth} px deep"
    sharp = skimage.data.camera()[100:260, 140:300] / 255
    even = kernel[:8, :8] / kernel[:8, :8].sum()
    blurred = convolve(sharp, even, mode="same").clip(0, 1)
    inner = slice(24, -24)
    for name, used in (("8 x 8", even), ("9 x 9 with zeros", np.pad(even, ((1, 0), (1, 0))))):
        error = ((theirs(blurred, used, num_iter=30) - sharp)[inner, inner] ** 2).mean()
        yield f"scikit-image, 30 steps, the same blur given as {name}: {decibels(error)}"


class Normalised(AutomaticMethod):
    """A normalisation that keeps the mean of its batches."""

    needs, restorer = frozenset({"blurred"}), "normalisation"

    def __init__(self) -> None:
        super().__init__(
            weights={"content": 1.0},
            optimizer=lambda parameters: torch.optim.SGD(parameters, 1e-3),
            scheduler=None,
        )
        self.normalisation = nn.BatchNorm2d(3)

    def forward(self, blurred: torch.Tensor) -> torch.Tensor:
        return self.normalisation(blurred)

    def terms(self, batch: Any) -> dict[str, torch.Tensor]:
        return {"content": self(batch["blurred"]["blurred"]).mean()}


def average() -> Lines:
    """The running mean of a normalisation after 40 steps on data of mean 5."""
    import lightning
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import EMAWeightAveraging

    for name, callback in (
        (f"Lightning {lightning.__version__}", EMAWeightAveraging(decay=0.999, use_buffers=True)),
        ("ours", RestorerAverage(0.999)),
    ):
        torch.manual_seed(0)
        pools = [
            {"blurred": {"blurred": 5 + torch.randn(2, 3, 8, 8), "name": ["a", "b"]}}
            for _ in range(40)
        ]
        trainer = Trainer(
            max_epochs=1,
            accelerator="cpu",
            callbacks=[callback],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
        )
        method = Normalised()
        trainer.fit(method, torch.utils.data.DataLoader(pools, batch_size=None))
        with TemporaryDirectory() as folder:
            trainer.save_checkpoint(Path(folder) / "a.ckpt")
            state = torch.load(Path(folder) / "a.ckpt", weights_only=False)["state_dict"]
        yield f"{name}: {float(state['normalisation.running_mean'].mean()):.2f}"


class Draws(torch.utils.data.Dataset[NDArray[np.uint8]]):
    """Sixteen draws of noise on one picture."""

    def __init__(self, augment: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]) -> None:
        self.augment = augment

    def __len__(self) -> int:
        return 16

    def __getitem__(self, draw: int) -> NDArray[np.uint8]:
        return self.augment(np.full((16, 16, 3), 128, np.uint8), draw)


def augmentation() -> Lines:
    """Draws in forked workers, and how far a motion blur moves the picture."""
    import albumentations

    plain = albumentations.Compose([albumentations.GaussNoise(std_range=(0.05, 0.1), p=1)])
    ours = PairedAugmentation(degradation=NOISE)
    theirs = f"albumentations {albumentations.__version__}"
    ways = {
        theirs: lambda pixels, _: plain(image=pixels)["image"],
        "ours": lambda pixels, draw: ours({"blurred": pixels}, draw)["blurred"],
    }
    for name, way in ways.items():
        loader = torch.utils.data.DataLoader(Draws(way), batch_size=1, num_workers=4)
        drawn = [{batch.numpy().tobytes() for batch in loader} for _ in range(2)]
        both = len(drawn[0] | drawn[1])
        yield f"{name}, four workers: {len(drawn[0])} different draws of 16, {both} in two epochs"
    blur = albumentations.Compose([albumentations.MotionBlur((3, 15), allow_shifted=False, p=1)])
    spot, offsets = np.zeros((41, 41, 3), np.uint8), np.arange(41) - 20
    spot[20, 20] = 255
    shifts = []
    for _ in range(500):
        light = blur(image=spot)["image"][..., 0].astype(float)
        shifts.append(np.hypot(*(light.sum(axis) @ offsets / light.sum() for axis in (0, 1))))
    share = np.mean(np.array(shifts) > 1)
    yield f"MotionBlur((3, 15), allow_shifted=False) moves by more than 1 px: {share:.0%} of draws"


def memory() -> Lines:
    """A transposed array through a file."""
    import safetensors
    from safetensors.numpy import load, save

    array = np.arange(6.0).reshape(2, 3).T
    back = load(save({"array": array}))["array"]
    yield f"safetensors {safetensors.__version__}: {array.tolist()} comes back as {back.tolist()}"


def borders() -> Lines:
    """A white picture under two motion blurs of one library."""
    import kornia

    white = torch.ones(1, 1, 32, 32)
    blurred = kornia.filters.motion_blur(white, 9, 0.0, 0.0)
    drawn = kornia.augmentation.RandomMotionBlur(9, (0.0, 0.0), 0.0, p=1.0)(white)
    yield f"kornia {kornia.__version__}, motion_blur: darkest {float(blurred.min()):.2f}"
    yield f"RandomMotionBlur: darkest {float(drawn.min()):.2f}"


def levels() -> Lines:
    """What is drawn of floats and of 16 bits."""
    import wandb

    for values in (np.array([[0.2, 0.6]]), np.array([[300, 65535]], np.uint16)):
        picture = np.tile(values[..., None], (4, 1, 3))
        drawn = np.asarray(wandb.Image(picture).image)[0, :, 0]
        yield f"wandb {wandb.__version__}: {values[0].tolist()} is drawn as {drawn.tolist()}"


def orientation(levin: Path | None) -> Lines:
    """Levin's kernel 3 on the first picture: what the residual says, and what least squares say."""
    from deblurkit.imaging.blur.convolution import blur

    if levin is None:
        yield "left out: needs --levin"
        return
    names = ("im1", "im1_kernel3_img", "kernel3")
    sharp, blurred, stored = (
        as_tensor(read_image(levin / f"{name}.png"))[None, :1].double() for name in names
    )
    inside = torch.zeros(255, 255, dtype=torch.bool)
    inside[25:-25, 25:-25] = True
    start = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    fitted = fitted_kernels(sharp, blurred, start, inside=inside, ridge=1e-2, steps=30)
    for name, kernel in (("as stored", stored), ("turned", stored.flip(-2, -1))):
        reblurred = blur(sharp, kernel / kernel.sum())
        errors = [
            (reblurred.roll((down, right), (-2, -1)) - blurred)[..., 30:-30, 30:-30].square().mean()
            for down in range(-6, 7)
            for right in range(-6, 7)
        ]
        alike = float(kernel_similarity(fitted, kernel))
        yield f"{name}: residual {decibels(float(min(errors)))}, like the fitted kernel {alike:.3f}"


if __name__ == "__main__":
    main()
