"""Reference numbers for the wavelet SSIM of pyssim, from the package itself.

    python -m venv reference && reference/bin/pip install pyssim==0.7.1 PyWavelets==1.9.0
    reference/bin/python tests/parity/reference_cw_ssim.py [sharp.png restored.png]

writes ``cw_ssim.json`` beside this file; the two files, if given, are GoPro's first test picture
and what the published DMPHN makes of it. The others are formula pictures.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def formula_levels(height: int, width: int, *, phase: float) -> NDArray[np.uint8]:
    """A picture of waves, (height, width, 3), 8 bit."""
    rows, columns = np.mgrid[:height, :width]
    channels = [
        127.5
        + 60 * np.sin(0.11 * rows + 0.7 * k + phase)
        + 60 * np.cos(0.37 * columns - 0.3 * k + 0.02 * rows * phase)
        for k in range(3)
    ]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


SIZES = {"wide": (37, 52), "tall": (211, 180)}


def main(*files: str) -> None:
    """Write the file."""
    from PIL import Image
    from ssim import SSIM  # type: ignore[import-not-found]

    found: dict[str, object] = {
        "package": f"pyssim {version('pyssim')}",
        "wavelets": f"PyWavelets {version('PyWavelets')}",
    }
    for name, (height, width) in SIZES.items():
        one, other = (
            Image.fromarray(formula_levels(height, width, phase=phase)) for phase in (0, 0.4)
        )
        found[name] = float(SSIM(one).cw_ssim_value(other))
    if files:
        sharp, restored = (Image.open(file) for file in files)
        found["published"] = float(SSIM(sharp).cw_ssim_value(restored))
    Path(__file__).with_name("cw_ssim.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
