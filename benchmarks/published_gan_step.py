"""A plain port of DeblurGAN's published training step, as its authors' code does it.

Written anew in their order and with their habits: pictures in [-1, 1]; the critic scores made and
real pictures one after the other; the penalty's norm runs over the channels of every pixel; in
the generator's step the critic and VGG-19 gather gradients that nobody uses, and the features of
the sharp picture are computed with a graph that is then dropped.

Source: Kupyn et al., "DeblurGAN", CVPR 2018, arXiv:1711.07064, and the code that its authors
published with it (in the state of March 2018).
"""

import torch
from torch import Tensor, nn

PENALTY, CONTENT, CRITIC_STEPS, RATE, BETAS = 10, 100, 5, 1e-4, (0.5, 0.999)
VGG_WIDTHS = ((64, 64), (128, 128), (256, 256, 256))


class Block(nn.Module):
    """Two convolutions with dropout in between, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(True),
            nn.Dropout(0.5),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features)


class Generator(nn.Module):
    """Nine blocks at quarter resolution; learns the residual."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, channels, 7), *rectified(channels)]
        for width in (2 * channels, 4 * channels):
            layers += [nn.Conv2d(width // 2, width, 3, stride=2, padding=1), *rectified(width)]
        layers += [Block(4 * channels) for _ in range(blocks)]
        for width in (2 * channels, channels):
            up = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)
            layers += [up, *rectified(width)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(channels, 3, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, blurred: Tensor) -> Tensor:
        return torch.clamp(blurred + self.layers(blurred), min=-1, max=1)


class Critic(nn.Module):
    """Scores patches of 70 x 70 pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = [nn.Conv2d(3, channels, 4, stride=2, padding=2), nn.LeakyReLU(0.2, True)]
        for width, stride in ((2, 2), (4, 2), (8, 1)):
            before, after = width * channels // 2, width * channels
            layers.append(nn.Conv2d(before, after, 4, stride=stride, padding=2))
            layers += [nn.InstanceNorm2d(after), nn.LeakyReLU(0.2, True)]
        layers.append(nn.Conv2d(8 * channels, 1, 4, padding=2))
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)


def rectified(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels), nn.ReLU(True)]


def features() -> nn.Sequential:
    """VGG-19 up to its seventh convolution; random weights that keep the scale of pictures."""
    layers: list[nn.Module] = []
    before = 3
    for block in VGG_WIDTHS:
        for width in block:
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(True)]
            nn.init.kaiming_normal_(layers[-2].weight)  # or nobody would see the content term
            before = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[:15])


class PublishedStep:
    """The three networks, two optimisers and one step."""

    def __init__(self, *, channels: int, blocks: int) -> None:
        self.generator, self.critic = Generator(channels, blocks), Critic(channels)
        self.features = features()
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    def to(self, device: str) -> "PublishedStep":
        for network in (self.generator, self.critic, self.features):
            network.to(device)
        players = {"critic": self.critic, "generator": self.generator}
        self.optimizers = {
            name: torch.optim.Adam(player.parameters(), lr=RATE, betas=BETAS)
            for name, player in players.items()
        }
        return self

    def step(self, blurred: Tensor, sharp: Tensor) -> None:
        """Five updates of the critic, one of the generator, on pictures in [-1, 1]."""
        fake = self.generator(blurred)
        for _ in range(CRITIC_STEPS):
            self.optimizers["critic"].zero_grad()
            self.critic_loss(fake, sharp).backward()
            self.optimizers["critic"].step()
        self.optimizers["generator"].zero_grad()
        adversarial = -self.critic(fake).mean()
        (adversarial + CONTENT * self.content(fake, sharp)).backward()
        self.optimizers["generator"].step()

    def critic_loss(self, fake: Tensor, sharp: Tensor) -> Tensor:
        made = self.critic(fake.detach()).mean()
        real = self.critic(sharp).mean()
        return made - real + self.penalty(sharp.data, fake.data)

    def penalty(self, sharp: Tensor, fake: Tensor) -> Tensor:
        alpha = torch.rand(1, 1, device=sharp.device).expand(sharp.size())
        between = (alpha * sharp + (1 - alpha) * fake).requires_grad_()
        scores = self.critic(between)
        (slope,) = torch.autograd.grad(
            scores, between, torch.ones_like(scores), create_graph=True, retain_graph=True
        )
        return ((slope.norm(2, dim=1) - 1) ** 2).mean() * PENALTY

    def content(self, fake: Tensor, sharp: Tensor) -> Tensor:
        made, real = self.features(fake), self.features(sharp)
        return nn.functional.mse_loss(made, real.detach())
