"""A plain port of SelfDeblur's published loop, as its authors' code does it.

Written anew in their order and with their habits: sums over all positions by a matrix of all
positions with all, a direct convolution by the kernel, a window of 121 numbers in the similarity,
an optimiser that walks through its parameters.

Source: Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020, arXiv:1908.02197,
and the code that its authors published with it (csdwren/SelfDeblur at e1c79ee).
"""

from math import exp

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, mse_loss

SLOPE, JITTER = 0.2, 0.001
RATES, DECAY = (1e-2, 1e-4), 0.5


def convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    """With a mirrored border, normalised and rectified."""
    padding: list[nn.Module] = [nn.ReflectionPad2d(size // 2)] if size > 1 else []
    return [
        *padding,
        nn.Conv2d(inputs, outputs, size, stride),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE),
    ]


class NonLocal(nn.Module):
    """Every position looks at every other one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.values = nn.Conv2d(channels, inner, 1)
        self.back = nn.Sequential(nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels))
        nn.init.zeros_(self.back[1].weight)
        self.queries = nn.Conv2d(channels, inner, 1)
        self.keys = nn.Conv2d(channels, inner, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, features: Tensor) -> Tensor:
        batch, _, height, width = features.shape
        values = self.pool(self.values(features)).flatten(2).permute(0, 2, 1)
        queries = self.queries(features).flatten(2).permute(0, 2, 1)
        keys = self.pool(self.keys(features)).flatten(2)
        attention = torch.matmul(queries, keys)
        attention = attention / attention.shape[-1]
        summed = torch.matmul(attention, values).permute(0, 2, 1).contiguous()
        return self.back(summed.view(batch, -1, height, width)) + features


class Scale(nn.Module):
    """One scale with all coarser ones inside."""

    def __init__(self, inputs: int, channels: int, skipped: int, depth: int, scales: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(*convolution(inputs, skipped, 1))
        non_local = [NonLocal(channels)] if depth >= 2 else []
        inner = (
            [Scale(channels, channels, skipped, depth + 1, scales)] if depth + 1 < scales else []
        )
        self.deeper = nn.Sequential(
            *convolution(inputs, channels, 3, 2),
            *non_local,
            *convolution(channels, channels, 3),
            *inner,
            nn.Upsample(scale_factor=2, mode="bilinear"),
        )
        self.merge = nn.Sequential(
            nn.BatchNorm2d(skipped + channels),
            *convolution(skipped + channels, channels, 3),
            *convolution(channels, channels, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        near, far = self.skip(features), self.deeper(features)
        height, width = (min(a, b) for a, b in zip(near.shape[2:], far.shape[2:], strict=True))
        return self.merge(torch.cat([near[..., :height, :width], far[..., :height, :width]], 1))


class Similarity(nn.Module):
    """SSIM under a square window."""

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([exp(-((place - 5) ** 2) / (2 * 1.5**2)) for place in range(11)])
        taps = (taps / taps.sum())[:, None]
        self.register_buffer("window", (taps @ taps.T)[None, None])

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        def mean(maps: Tensor) -> Tensor:
            return conv2d(maps, self.window, padding=5, groups=1)

        mean_one, mean_other = mean(one), mean(other)
        squares_one, squares_other = mean_one.pow(2), mean_other.pow(2)
        product = mean_one * mean_other
        variance_one = mean(one * one) - squares_one
        variance_other = mean(other * other) - squares_other
        covariance = mean(one * other) - product
        similarity = ((2 * product + 0.01**2) * (2 * covariance + 0.03**2)) / (
            (squares_one + squares_other + 0.01**2) * (variance_one + variance_other + 0.03**2)
        )
        return similarity.mean()


class PublishedLoop:
    """The state of one picture, and one iteration.

    Args:
        blurred: Luminance, (1, 1, H, W) in [0, 1].
        size: Side of the kernel, pixels.
        switch: Iterations before the similarity takes over.
        milestones: Iterations at which the rates fall.
        channels: Of every scale.
        skipped: Of each skip.
        scales: Number of halvings.
    """

    def __init__(
        self,
        blurred: Tensor,
        size: int,
        *,
        switch: int,
        milestones: list[int],
        channels: int = 128,
        skipped: int = 16,
        scales: int = 5,
    ) -> None:
        self.blurred, self.size, self.switch = blurred, size, switch
        height, width = (side + size - 1 for side in blurred.shape[-2:])
        self.noise = 0.1 * torch.rand(1, 8, height, width)
        self.picture = nn.Sequential(
            Scale(8, channels, skipped, 0, scales), nn.Conv2d(channels, 1, 1), nn.Sigmoid()
        )
        self.kernel_noise = 0.1 * torch.rand(200)
        self.kernel = nn.Sequential(
            nn.Linear(200, 1000), nn.ReLU6(), nn.Linear(1000, size * size), nn.Softmax(dim=0)
        )
        groups = [
            {"params": self.picture.parameters()},
            {"params": self.kernel.parameters(), "lr": RATES[1]},
        ]
        self.optimizer = torch.optim.Adam(groups, lr=RATES[0])
        self.scheduler = torch.optim.lr_scheduler.MultiStepLR(self.optimizer, milestones, DECAY)
        self.similarity = Similarity()
        self.made, self.jitter = blurred, JITTER

    def iterate(self, step: int) -> float:
        """One iteration; its loss."""
        noise = self.noise + self.jitter * torch.zeros_like(self.noise).normal_()
        self.optimizer.zero_grad()
        self.made = self.picture(noise)
        kernel = self.kernel(self.kernel_noise).view(-1, 1, self.size, self.size)
        reblurred = conv2d(self.made, kernel, padding=0, bias=None)
        if step < self.switch:
            loss = mse_loss(reblurred, self.blurred)
        else:
            loss = 1 - self.similarity(reblurred, self.blurred)
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss.item()

    def answer(self) -> Tensor:
        """The picture without its margin."""
        edge, (height, width) = self.size // 2, self.blurred.shape[-2:]
        return self.made.detach()[..., edge : edge + height, edge : edge + width]
