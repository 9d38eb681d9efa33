"""Blind deconvolution as two generators' problem: one makes the picture, one the kernel.

SelfDeblur minimises how much their convolution differs from the blurred picture; methods that know
more add terms. A method poses with ``BlindPriors``, asks ``BlindProblem.generate`` for picture and
kernel of an iteration, moves by ``Descent`` and lets ``BlindProblem.keep`` renew the answer.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from deblurkit.contracts import Image, Images, Kernels, Scalar
from deblurkit.errors import InputError
from deblurkit.imaging.blur.convolution import convolved_inside
from deblurkit.imaging.blur.noise import noise_level
from deblurkit.imaging.colour import luminance
from deblurkit.methods.priors.deep import GeneratedProblem, uniform
from deblurkit.methods.priors.stopping import Progress, Watch

BLACK = 0.02  # mean intensity below which the picture generator has failed
POINT = 0.9  # share of one pixel in the kernel above which it has collapsed
Latent = Float[Tensor, "batch 1 latent_height latent_width"]


class BlindIterate(NamedTuple):
    """What the generators make in one iteration, with gradients; luminance in [0, 1].

    Args:
        latent: The picture with all that was blurred into the blurred one.
        restored: Its middle, of the size of the blurred picture.
        kernel: Sums to 1 and acts by convolution; several where the blur varies.
        reblurred: ``latent`` under ``kernel``: what explains the blurred picture.
    """

    latent: Latent
    restored: Images
    kernel: Kernels
    reblurred: Images


class BlindProblem(GeneratedProblem):
    """One picture's luminance, its two generators and their inputs.

    The answer is the blurred picture with its luminance replaced: full-range YCbCr whose chroma
    stays. The kernel that the generator makes is turned by 180 degrees: it acts by convolution.

    Args:
        blurred: The picture, (3, H, W) in [0, 1].
        kernel_size: Side of the kernel, odd, in pixels.
        generators: ``picture`` and ``kernel``; ``blur`` too where it varies over the picture.
        noise: Input of the picture generator, (1, inputs, H + kernel_size - 1, ...).
        kernel_noise: Input of the kernel generator, (1, inputs).
        watch: Says when it ends.
        seed: Starts the noise of each iteration.
    """

    luminance: Tensor
    noise: Tensor
    kernel_noise: Tensor
    kernel: Tensor
    averaged: Tensor

    def __init__(
        self,
        blurred: Image,
        kernel_size: int,
        *,
        generators: Mapping[str, nn.Module],
        noise: Tensor,
        kernel_noise: Tensor,
        watch: Watch,
        seed: int,
    ) -> None:
        super().__init__(blurred, kernel_size, generators=generators, seed=seed)
        self.watch = watch
        self.register_buffer("luminance", luminance(blurred[None]))
        self.register_buffer("noise", noise)
        self.register_buffer("kernel_noise", kernel_noise)
        point = torch.zeros(1, kernel_size, kernel_size)
        point[:, kernel_size // 2, kernel_size // 2] = 1
        self.register_buffer("kernel", point)
        self.register_buffer("averaged", blurred.clone())

    def generate(self, jitter: float) -> BlindIterate:
        """Generate picture and kernel, convolve them.

        Args:
            jitter: Standard deviation of the noise upon the picture generator's input.
        """
        exact = self.luminance.dtype
        latent = self.generators["picture"](self.jittered(self.noise, jitter)).to(exact)
        kernel = self.generators["kernel"](self.kernel_noise).to(exact).flip((-2, -1))
        blur = dict(self.generators.items()).get("blur", convolved_inside)
        with torch.autocast(latent.device.type, enabled=False):
            reblurred = blur(latent, kernel)
        edge = self.kernel_size // 2
        height, width = self.luminance.shape[-2:]
        restored = latent[..., edge : edge + height, edge : edge + width]
        return BlindIterate(latent, restored, kernel, reblurred)

    @torch.no_grad()
    def keep(self, iterate: BlindIterate, *, fidelity: Scalar, average: float) -> None:
        """Take over an iteration's answer and kernel, and stop where the watch says so.

        Args:
            iterate: Of this iteration.
            fidelity: Distance of its re-blurred picture to the blurred one.
            average: Share of the earlier answers in the new one.
        """
        share = 1.0 if self.iterations == 1 else 1 - average
        self.averaged.lerp_(self.blurred + (iterate.restored - self.luminance)[0], share)
        self.fidelity.copy_(fidelity)
        progress = Progress(
            iterations=int(self.iterations),
            restored=iterate.restored.detach(),
            reblurred=iterate.reblurred.detach(),
            fidelity=float(fidelity),
        )
        if self.watch.ends(progress):
            self.running.fill_(False)
        if self.watch.improved:
            self.answer.copy_(self.averaged)
            self.kernel.copy_(iterate.kernel.mean(dim=0))

    def is_black(self) -> bool:
        """Whether the picture is gone, which happens while the kernel may be right."""
        return bool(self.luminance.mean() >= BLACK > self.answer.mean())

    def is_point(self) -> bool:
        """Whether the kernel has collapsed to a single pixel."""
        return bool(self.kernel.max() > POINT)

    def measured(self) -> dict[str, float]:
        """Failures that can be seen, as 0 or 1."""
        return super().measured() | {
            "black": float(self.is_black()),
            "point": float(self.is_point()),
        }

    def complaints(self) -> list[str]:
        """What went wrong, in sentences without the picture's name."""
        sentences = super().complaints()
        if self.is_black():
            sentences.append(
                "the restored picture is black; take another seed=, or deconvolve with the kernel "
                "that was found (model=hyper_laplacian)"
            )
        if self.is_point() and not self.is_constant():
            sentences.append(
                "the kernel is a single point: either the picture is sharp or the search has "
                "failed; take another seed= or kernel_size="
            )
        return sentences


class BlindPriors:
    """How a blurred picture becomes two generators' problem.

    >>> small = ["priors.picture.channels=4", "priors.picture.scales=2"]
    >>> priors = deblurkit.build("selfdeblur", *small).priors
    >>> problem = priors.initial_state(torch.rand(3, 16, 20), kernel_size=5)
    >>> problem.noise.shape  # as large as all that was blurred into the picture
    torch.Size([1, 8, 20, 24])

    Args:
        picture: Makes the picture generator, from ``inputs``.
        kernel: Makes the kernel generator, from ``inputs`` and ``size``.
        inputs: Feature maps of the picture generator's noise and numbers of the kernel
            generator's: ``picture`` and ``kernel``.
        amplitude: Size of the noise: its upper end, or its standard deviation.
        jitter: Standard deviation of the noise that each iteration adds.
        stopping: Makes what says when a picture ends.
        seed: Decides noise and first weights, together with the sizes alone.
        most_pixels: Largest picture with its margin, in pixels: all of it is optimised at once.
        blur: Makes what blurs a latent picture with several kernels, for a height and width;
            without it one kernel holds everywhere.
        noise: Draws the noise, of a shape and ``amplitude``.

    Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020,
    arXiv:1908.02197, sec. 3; authors' code. With seed 0 the noise and the first weights are those
    of the authors' code.
    Differs from the authors' code: the noise of an iteration is drawn by its number, so that a
    picture's answer does not depend on what else is solved.
    """

    def __init__(
        self,
        *,
        picture: Callable[..., nn.Module],
        kernel: Callable[..., nn.Module],
        inputs: Mapping[str, int],
        amplitude: float,
        jitter: float,
        stopping: Callable[[], Watch],
        seed: int,
        most_pixels: int,
        blur: Callable[[tuple[int, int]], nn.Module] | None = None,
        noise: Callable[..., Tensor] = uniform,
    ) -> None:
        self.picture, self.kernel, self.inputs = picture, kernel, dict(inputs)
        self.amplitude, self.jitter, self.stopping = amplitude, jitter, stopping
        self.seed, self.most_pixels = seed, most_pixels
        self.blur, self.noise = blur, noise

    def initial_state(self, blurred: Image, kernel_size: int) -> BlindProblem:
        """State at the start for one picture; leaves the global random numbers alone.

        Raises:
            InputError: If the kernel size is unknown, even or too large, or the picture too large.
        """
        height, width = blurred.shape[-2:]
        refuse_sizes(height, width, kernel_size=kernel_size, most_pixels=self.most_pixels)
        margin = kernel_size - 1
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            shape = (1, self.inputs["picture"], height + margin, width + margin)
            noise = self.noise(shape, amplitude=self.amplitude)
            picture = self.picture(inputs=self.inputs["picture"])
            torch.default_generator.manual_seed(self.seed)
            kernel_noise = self.noise((1, self.inputs["kernel"]), amplitude=self.amplitude)
            kernel = self.kernel(inputs=self.inputs["kernel"], size=kernel_size)
            generators = {"picture": picture, "kernel": kernel}
            if self.blur is not None:
                generators["blur"] = self.blur((height, width))
        return BlindProblem(
            blurred,
            kernel_size,
            generators=generators,
            noise=noise,
            kernel_noise=kernel_noise,
            watch=self.stopping(),
            seed=self.seed,
        )


class NoiseWeight:
    """Weight of a smoothness term, in proportion to the noise of the picture.

    >>> NoiseWeight(per_noise=0.1, least=0.004)(torch.zeros(1, 1, 16, 16))
    0.0

    Args:
        per_noise: Weight per standard deviation of the noise.
        least: Noise below this counts as none; the rounding to 8 bits alone looks like 0.003.

    Source: Ren et al., CVPR 2020, supplement: total variation with a tenth of the noise level, none
    for pictures without noise.
    """

    def __init__(self, *, per_noise: float, least: float) -> None:
        self.per_noise, self.least = per_noise, least

    def __call__(self, blurred: Images) -> float:
        """Weight for one picture."""
        noise = float(noise_level(blurred).mean())
        return self.per_noise * noise if noise >= self.least else 0.0


def refuse_sizes(height: int, width: int, *, kernel_size: int, most_pixels: int) -> None:
    """Refuse what cannot be posed.

    Raises:
        InputError: In a sentence that says what to give instead.
    """
    if kernel_size == 0:
        raise InputError(
            "the extent of the blur is not known: give kernel_size=31 or another odd number of "
            "pixels, rather too large than too small"
        )
    if kernel_size < 3 or kernel_size % 2 == 0:
        raise InputError(
            f"kernel_size must be an odd number of pixels from 3 on, got {kernel_size}; "
            f"take {max(kernel_size | 1, 3)}"
        )
    if kernel_size > min(height, width):
        raise InputError(
            f"a kernel of {kernel_size} pixels is larger than the picture of {width}x{height}; "
            "give a smaller kernel_size or a larger picture"
        )
    pixels = (height + kernel_size - 1) * (width + kernel_size - 1)
    if pixels > most_pixels:
        raise InputError(
            f"a picture of {width}x{height} with its margin has {pixels:,} pixels and all of them "
            f"are optimised at once, at most {most_pixels:,} by the model's most_pixels; give a "
            "crop or a smaller picture"
        )
