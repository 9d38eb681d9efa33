"""Reference numbers for SelfDeblur's optimisation and its SSIM loss, from the authors' code.

    git clone https://github.com/csdwren/SelfDeblur && git -C SelfDeblur checkout e1c79ee
    PYTHONPATH=tests/support python tests/parity/reference_selfdeblur_steps.py SelfDeblur

writes `selfdeblur_steps.json` beside this file. The authors' `selfdeblur_levin.py` itself runs, on
one small picture, with its own seeds, on the CPU in float64 and with fewer channels; the noise upon
the input is off, the loss changes after three steps and the rates fall after one and four.
"""

import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from fingerprint import formula_picture, formula_tensor, summary
from skimage.io import imsave

SOURCE = "github.com/csdwren/SelfDeblur at e1c79ee528eb333416b032e4bc002337c2d5c0f3"
SIZE, KERNEL, STEPS = (40, 53), 11, 5
CHANGES = {  # in their script
    "torch.cuda.FloatTensor": "torch.DoubleTensor",
    "reg_noise_std = 0.001": "reg_noise_std = 0",
    "step < 1000": "step < 3",
    "milestones=[2000, 3000, 4000]": "milestones=[1, 4]",
    "[128, 128, 128, 128, 128]": "[16, 16, 16, 16, 16]",
    "[16, 16, 16, 16, 16],\n                upsample": "[4, 4, 4, 4, 4],\n                upsample",
    "total_loss.backward()": "total_loss.backward(); record(total_loss, out_x, out_k_m)",
    "torch.save(": "str(",
}
EXACT = {"torch.Tensor(": "torch.DoubleTensor(", ".float()": ".double()"}  # in their SSIM


def changed(file: Path, changes: dict[str, str]) -> str:
    """Their source with other numbers; each of them must be there."""
    source = file.read_text()
    for old, new in changes.items():
        assert old in source, old
        source = source.replace(old, new)
    return source


def exact_ssim(checkout: Path) -> Any:
    """Their SSIM with a window of float64 precision."""
    module = ModuleType("SSIM")
    exec(changed(checkout / "SSIM.py", EXACT), vars(module))
    sys.modules["SSIM"] = module
    return module.SSIM()


def steps(checkout: Path) -> dict[str, Any]:
    """Loss of each step, and picture and kernel of the last one."""
    found: dict[str, Any] = {"losses": []}

    def record(loss: torch.Tensor, picture: torch.Tensor, kernel: torch.Tensor) -> None:
        found["losses"].append(loss.item())
        found.update(picture=summary(picture), kernel=kernel.flatten().tolist())

    with tempfile.TemporaryDirectory() as folder:
        picture = (255 * formula_picture(*SIZE, channels=1)[0, 0].numpy()).round()
        imsave(f"{folder}/im1_kernel5_img.png", picture.astype(np.uint8), check_contrast=False)
        sys.argv = ["", "--data_path", folder, "--save_path", folder, "--num_iter", str(STEPS)]
        source = changed(checkout / "selfdeblur_levin.py", CHANGES)
        exec(source, {"record": record, "__name__": "__main__"})
    return found | {"size": SIZE, "kernel_size": KERNEL}


def main(checkout: str) -> None:
    """Write the file."""
    sys.path.insert(0, checkout)
    for name in ("networks", "utils"):  # folders of theirs; a package of the tests has such a name
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [f"{checkout}/{name}"]
    sys.modules["torchvision"] = ModuleType("torchvision")  # imported there and not used
    ssim = exact_ssim(Path(checkout))
    one, other = (formula_tensor((1, 1, 255, 255), place, fan=6) + 0.5 for place in (0, 50_000))
    pictures = formula_picture(255, 255, channels=1)
    found = {
        "source": SOURCE,
        "ssim": {
            "noise": ssim(one, other).item(),
            "mixed": ssim(pictures, 0.8 * pictures + 0.2 * one).item(),
        },
        **steps(Path(checkout)),
    }
    Path(__file__).with_name("selfdeblur_steps.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
