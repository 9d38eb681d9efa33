"""Reference numbers for DeblurGAN-v2's generators, from the authors' own code.

    git clone https://github.com/VITA-Group/DeblurGANv2 && git -C DeblurGANv2 checkout c16bd9f
    pip install --no-deps --target PACKAGES pretrainedmodels==0.7.4
    PYTHONPATH=tests/support python tests/parity/reference_deblurgan_v2.py DeblurGANv2 PACKAGES

writes `deblurgan_v2.json` beside this file. Weights are the formula's, in the order of the
official parameters, plus 1 for scales of the trunk's normalisations; batch of one, training mode,
float64.
"""

import json
import sys
from collections.abc import Sequence
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from fingerprint import formula_picture, formula_tensor, summary
from torch import Tensor, nn

SIZES = {"mobilenet_v2": [(64, 96), (256, 256)], "inception_resnet_v2": [(128, 160), (256, 256)]}
NORM = partial(nn.InstanceNorm2d, affine=False, track_running_stats=True)


def stand_in(name: str, **contents: Any) -> None:
    """Give the authors' imports what they name, without installing it."""
    module = ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


def inception(packages: Path) -> Any:
    """The class of the published trunk, without its download."""
    file = packages / "pretrainedmodels" / "models" / "inceptionresnetv2.py"
    spec = spec_from_file_location("inceptionresnetv2", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.InceptionResNetV2


def generators(checkout: Path, packages: Path) -> dict[str, nn.Module]:
    """The authors' two generators, float64, training mode."""
    trunk = inception(packages)
    stand_in("torchsummary", summary=None)
    stand_in("pretrainedmodels", inceptionresnetv2=lambda **_: trunk(num_classes=1000))
    sys.path.insert(0, str(checkout))
    from models.fpn_inception import FPNInception  # type: ignore[import-not-found]
    from models.fpn_mobilenet import FPNMobileNet  # type: ignore[import-not-found]

    networks = {
        "mobilenet_v2": FPNMobileNet(NORM, pretrained=False),
        "inception_resnet_v2": FPNInception(NORM),
    }
    return {name: network.double().train() for name, network in networks.items()}


def formula_value(name: str, shape: Sequence[int], position: int) -> Tensor:
    """The formula's value of an official parameter; scales of normalisations lie around 1."""
    value = formula_tensor(shape, position)
    return value + 1 if len(shape) == 1 and name.endswith("weight") else value


def fill(network: nn.Module) -> dict[str, list[int]]:
    """Fill with the formula and answer the parameters' shapes, in order."""
    shapes = {}
    with torch.no_grad():
        for position, (name, parameter) in enumerate(network.named_parameters()):
            shapes[name] = list(parameter.shape)
            parameter.copy_(formula_value(name, parameter.shape, position))
    return shapes


def digest(features: Tensor) -> list[float]:
    """Mean, standard deviation and a number that depends on every value's place."""
    features = features.detach().double()
    places = formula_tensor(features.shape, 0, fan=6)  # between -1/2 and 1/2
    numbers = [features.mean(), features.std(correction=0), (features * places).mean()]
    return [number.item() for number in numbers]


def numbers(network: nn.Module, size: tuple[int, int]) -> dict[str, Any]:
    """Digests of the five maps and a summary of the restored picture in [0, 1]."""
    maps: dict[str, list[float]] = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, given: Any, answer: Tensor) -> None:
            maps[name] = digest(answer)

        return hook

    fpn = network.get_submodule("fpn")
    encoders = [fpn.get_submodule(f"enc{level}") for level in range(5)]
    hooks = [
        encoder.register_forward_hook(note(f"{level}")) for level, encoder in enumerate(encoders)
    ]
    with torch.no_grad():
        restored = (network(2 * formula_picture(*size) - 1) + 1) / 2
    for hook in hooks:
        hook.remove()
    return {"size": size, "maps": maps, "restored": summary(restored)}


def main(checkout: str, packages: str) -> None:
    """Write the file."""
    found: dict[str, Any] = {
        "source": "https://github.com/VITA-Group/DeblurGANv2",
        "commit": "c16bd9f5be63885389a57202c74023531d9ca086",
    }
    for name, network in generators(Path(checkout), Path(packages)).items():
        trainable = sum(p.numel() for p in network.parameters() if p.requires_grad)
        shapes = fill(network)
        found[name] = {
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "trainable_beside_a_frozen_trunk": trainable,
            "runs": [numbers(network, size) for size in SIZES[name]],
            "shapes": shapes,
        }
    text = json.dumps(found, separators=(",", ":")).replace('],"', '],\n"')
    Path(__file__).with_name("deblurgan_v2.json").write_text(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
