"""The equations of AS-CycleGAN, each against a value worked out by hand."""

from functools import partial
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader
from toy_generators import Brightness, Doubling, Times, gray, number

import deblurkit
from deblurkit.errors import InputError
from deblurkit.losses.adversarial import LeastSquares, Wasserstein
from deblurkit.losses.frozen import Frozen
from deblurkit.losses.penalties import PictureGradientPenalty
from deblurkit.losses.pools import PicturePool
from deblurkit.methods.as_cyclegan import ASCycleGAN
from deblurkit.networks.as_cyclegan import Generator
from deblurkit.networks.parts.conditions import ConditionProvider, Given, TinySegmenter
from deblurkit.networks.parts.residual import zero_start
from deblurkit.networks.parts.resnet import Transposed
from deblurkit.networks.parts.sft import ConditionNetwork, GuidedBlock

BLURRED = {"blurred": gray(0.5), "name": ["b"]}
SHARP = {"sharp": gray(1.0), "name": ["s"], "seed": [0]}


def method(**changed: Any) -> ASCycleGAN:
    """G_A doubles, G_B halves badly: by 0.25; D_A multiplies by 3, D_B by 5."""
    given: dict[str, Any] = {
        "deblurrer": Times(2.0),
        "blurrer": Times(0.25),
        "sharp_critic": Brightness(3.0),
        "blurred_critic": Brightness(5.0),
        "adversarial": Wasserstein,
        "penalty": None,
        "critic_steps": 1,
        "content": Frozen(Doubling),
        "pool": partial(PicturePool, capacity=0),
        "weights": {
            "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 0.5},
            "critics": {"adversarial": 1.0},
        },
        "optimizers": dict.fromkeys(["generators", "critics"], partial(SGD, lr=0.01)),
    }
    return ASCycleGAN(**given | changed)


def test_there_and_back() -> None:
    made = method().cycle(BLURRED, SHARP)
    assert number(made.restored) == pytest.approx(1.0)  # G_A(b)
    assert number(made.blurred_again) == pytest.approx(0.25)  # G_B(G_A(b))
    assert number(made.reblurred) == pytest.approx(0.25)  # G_B(s)
    assert number(made.sharp_again) == pytest.approx(0.5)  # G_A(G_B(s))


def test_equations_3_and_4() -> None:
    cycles = method()
    made = cycles.cycle(BLURRED, SHARP)
    # The critics maximise D_A(s) - D_A(G_A(b)) = 3 - 3 and D_B(b) - D_B(G_B(s)) = 2.5 - 1.25.
    critics = cycles.critic_terms(gray(0.5), gray(1.0), made.restored, made.reblurred)
    assert number(critics["adversarial"]) == pytest.approx(-(3 - 3) - (2.5 - 1.25))
    # What depends on the generators is -D_A(G_A(b)) - D_B(G_B(s)).
    assert number(cycles.praise(gray(0.5), gray(1.0), made)) == pytest.approx(-3 - 1.25)


def test_equation_5() -> None:
    cycles = method()
    made = cycles.cycle(BLURRED, SHARP)
    # Features are twice the intensities: (0.5 - 1)^2 + (1 - 2)^2
    assert number(cycles.cycles(gray(0.5), gray(1.0), made)) == pytest.approx(0.25 + 1.0)


def test_equation_6() -> None:
    # |2 * 1 - 1| + |0.25 * 0.5 - 0.5|
    assert number(method().identities(BLURRED, SHARP)) == pytest.approx(1 + 0.375)


def test_equation_1() -> None:
    cycles = method()
    terms = cycles.generator_terms(BLURRED, SHARP, cycles.cycle(BLURRED, SHARP))
    total = cycles.objectives["generators"](terms)
    assert number(total) == pytest.approx((-3 - 1.25) + 10 * 1.25 + 0.5 * 1.375)


def test_equation_2_moves_the_players_against_each_other() -> None:
    cycles = method()
    made = cycles.cycle(BLURRED, SHARP)
    cycles.praise(gray(0.5), gray(1.0), made).backward()
    # The generators go down -3 * 0.5 a - 5 * 1 c: both factors rise.
    assert number(cycles.generators["deblurrer"].factor.grad) == pytest.approx(-1.5)
    assert number(cycles.generators["blurrer"].factor.grad) == pytest.approx(-5.0)
    cycles.zero_grad()
    fakes = made.restored.detach(), made.reblurred.detach()
    cycles.critic_terms(gray(0.5), gray(1.0), *fakes)["adversarial"].backward()
    assert number(cycles.critics["sharp"].factor.grad) == pytest.approx(1.0 - 1.0)
    assert number(cycles.critics["blurred"].factor.grad) == pytest.approx(0.25 - 0.5)


def test_the_penalty_belongs_to_both_critics() -> None:
    weights = {
        "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 0.5},
        "critics": {"adversarial": 1.0, "penalty": 10.0},
    }
    cycles = method(penalty=PictureGradientPenalty(), weights=weights)
    terms = cycles.critic_terms(gray(0.5), gray(1.0), gray(0.7), gray(0.2))
    # Slopes are those of values in [-1, 1].
    by_hand = (3 / 48**0.5 - 1) ** 2 + (5 / 48**0.5 - 1) ** 2
    assert number(terms["penalty"]) == pytest.approx(by_hand)


def test_a_term_of_weight_zero_costs_no_forward() -> None:
    weights = {
        "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 0.0},
        "critics": {"adversarial": 1.0},
    }
    cycles = method(weights=weights)
    cycles.generator_terms(BLURRED, SHARP, cycles.cycle(BLURRED, SHARP))
    assert cycles.generators["deblurrer"].asked == 2  # there, and back
    assert cycles.generators["blurrer"].asked == 2


def test_class_maps_reach_the_generators_with_their_scene() -> None:
    maps = torch.full((1, 8, 2, 2), 1 / 8)
    blurred, sharp = BLURRED | {"condition": maps}, SHARP
    made = method().cycle(blurred, sharp)
    assert number(made.restored) == pytest.approx(2.0)  # the toy adds 1 where it is given maps
    assert number(made.blurred_again) == pytest.approx(1.5)
    assert number(made.reblurred) == pytest.approx(0.25)


def test_other_adversarial_objectives_fit() -> None:
    cycles = method(adversarial=LeastSquares)
    made = cycles.cycle(BLURRED, SHARP)
    # (D_A(1) - 1)^2 + (D_B(0.25) - 1)^2 with D_A = 3 p and D_B = 5 p
    assert number(cycles.praise(gray(0.5), gray(1.0), made)) == pytest.approx(4 + 0.0625)


def test_one_batch_of_the_wasserstein_form_moves_the_critics_five_times() -> None:
    weights = {
        "generators": {"adversarial": 1.0, "cycle": 10.0, "identity": 0.5},
        "critics": {"adversarial": 1.0, "penalty": 10.0},
    }
    cycles = method(penalty=PictureGradientPenalty(), critic_steps=5, weights=weights)
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    pools = {"blurred": BLURRED, "sharp": SHARP}
    trainer.fit(cycles, DataLoader([pools], batch_size=None, generator=torch.Generator()))
    assert trainer.global_step == 1 + 5
    moved = [parameter.item() for parameter in cycles.parameters()]
    assert not {2.0, 0.25, 3.0, 5.0} & set(moved)


TINY = [
    f"{name}.{size}" for name in ("deblurrer", "blurrer") for size in ("channels=4", "blocks=2")
]
PRESETS = ("as_cyclegan", "as_cyclegan_resnet", "as_cyclegan_resnetv2")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("suffix", "share"), [("", 0.5), ("_nodropout", 0.0)])
def test_generators_have_the_dropout_of_sec_2_2(preset: str, suffix: str, share: float) -> None:
    method = deblurkit.build(preset + suffix, *TINY)
    for generator in method.generators.values():
        shares = [part.p for part in generator.modules() if isinstance(part, nn.Dropout)]
        assert shares == [share, share]  # one in each block


def test_the_preset_of_wgan_gp_is_the_printed_form() -> None:
    critics = [f"{name}_critic.channels=4" for name in ("sharp", "blurred")]
    wasserstein = deblurkit.build("as_cyclegan_wgan", *TINY, *critics)
    plain = deblurkit.build("as_cyclegan", *TINY, *critics)
    assert isinstance(wasserstein.sharp_fight, Wasserstein)
    assert isinstance(wasserstein.penalty, PictureGradientPenalty)
    assert wasserstein.critic_steps == 5
    assert wasserstein.objectives["critics"].weights == {"adversarial": 1.0, "penalty": 10.0}
    generators = [made.objectives["generators"].weights for made in (wasserstein, plain)]
    assert generators[0] == generators[1]


SMALL = {"channels": 4, "blocks": 1, "upsampling": Transposed, "start": zero_start}
GUIDED = {"block": partial(GuidedBlock, guides=2, slope=0.1, dropout=0.0)}


def guided(conditions: ConditionProvider) -> Generator:
    network = ConditionNetwork(classes=conditions.classes, hidden=4, guides=2, slope=0.1)
    return Generator(**SMALL, **GUIDED, conditions=conditions, condition_network=network)


def test_a_trained_provider_is_asked_to_decide() -> None:
    weights = {"generators": {"indecision": 1.0}, "critics": {"adversarial": 1.0}}
    makers = [guided(TinySegmenter(classes=3, channels=4, levels=2)) for _ in range(2)]
    cycles = method(deblurrer=makers[0], blurrer=makers[1], weights=weights)
    blurred, sharp = torch.rand(2, 1, 3, 16, 16)
    term = cycles.indecision(blurred, sharp)
    by_hand = sum(
        maker.conditions.indecision(maker.conditions(pictures))
        for maker, pictures in zip(makers, (blurred, sharp), strict=True)
    )
    assert number(term) == pytest.approx(number(by_hand))
    term.backward()
    gradients = [p.grad for maker in makers for p in maker.conditions.parameters()]
    assert all(gradient is not None for gradient in gradients)


def test_a_provider_without_weights_cannot_be_asked_to_decide() -> None:
    weights = {"generators": {"indecision": 1.0}, "critics": {"adversarial": 1.0}}
    with pytest.raises(InputError, match=r"weights\.generators\.indecision=0 or .* TinySegmenter"):
        method(weights=weights)


def test_given_class_maps_are_padded_with_their_picture() -> None:
    torch.manual_seed(0)
    cycles = method(deblurrer=guided(Given(classes=3)), blurrer=guided(Given(classes=3)))
    torch.nn.init.normal_(cycles.generators["deblurrer"].body.head.weight)
    for block in cycles.generators["deblurrer"].body.blocks:
        torch.nn.init.normal_(block.transform_first.scale[-1].weight)
    blurred, maps = torch.rand(1, 3, 13, 18), torch.rand(2, 1, 3, 13, 18).softmax(dim=2)
    one, other = (cycles.restore(blurred, condition=one) for one in maps)
    assert one.shape == blurred.shape
    assert not one.equal(other)
    with pytest.raises(InputError):
        cycles.restore(blurred)
