#!/usr/bin/env bash
# torchmetrics 1.9.0: two scores depend on whether white is 1 or 255, and have no data_range.
#
# Expected: ratios without a unit: the same score for pictures in [0, 1] and in [0, 255]; a picture
# against itself scores 1.
# Seen: visual_information_fidelity of a noisy photograph is 0.46 in [0, 255] and 0.99 in [0, 1], where
# nearly everything scores 1 (its noise level is fixed at 2 levels of 255).
# universal_image_quality_index of a photograph against itself is 1.0 in [0, 255] and 0.979 in [0, 1]
# (float32); a flat area of 0.4 against itself scores 0.14, one of 0.6 scores -2.2, below its range.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install -qq --disable-pip-version-check torch==2.13.0 torchmetrics==1.9.0 scikit-image==0.26.0
v/bin/python -W ignore - <<'PY'
import numpy as np
import torch
import torchmetrics.functional.image as scores
from skimage.data import camera

photograph = camera()[:256, :256].astype(float)
noisy = (photograph + np.random.default_rng(0).normal(0, 8, photograph.shape)).clip(0, 255)


def pictures(white):
    return [torch.tensor(p / 255 * white).float()[None, None] for p in (noisy, photograph)]


vif = {w: float(scores.visual_information_fidelity(*pictures(w))) for w in (255, 1)}
own = {w: float(scores.universal_image_quality_index(*pictures(w)[1:] * 2)) for w in (255, 1)}
areas = {v: torch.full((1, 1, 64, 64), v) for v in (0.4, 0.6)}
flat = {v: float(scores.universal_image_quality_index(area, area)) for v, area in areas.items()}
print("VIF of a noisy photograph, by white:", vif)
print("UQI of a photograph against itself, by white:", own)
print("UQI of a flat area against itself:", flat)
assert abs(vif[255] - 0.46) < 0.01 and vif[1] > 0.99
assert own[255] > 0.9999 and own[1] < 0.985
assert flat[0.4] < 0.2 and flat[0.6] < -2
PY
