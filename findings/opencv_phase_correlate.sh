#!/usr/bin/env bash
# OpenCV 5.0.0: cv2.phaseCorrelate multiplies the window into the caller's own pictures.
#
# Expected: two pictures and a window in, a shift and a response out; arguments of Python functions
# that are no outputs stay as they are.
# Seen: where both sides are good lengths of a Fourier transform (192x200, 128x128), so that nothing
# has to be padded, both pictures come back multiplied by the window, and a second call answers
# otherwise. At 193x199 they stay. Whatever is to be read of the pictures must be read before.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install -qq --disable-pip-version-check opencv-python-headless==5.0.0.93
v/bin/python - <<'PY'
import cv2
import numpy as np

changed = {}
for size in ((192, 200), (128, 128), (193, 199)):
    picture = np.random.default_rng(0).normal(size=size).astype(np.float32)
    before, window = picture.copy(), cv2.createHanningWindow(size[::-1], cv2.CV_32F)
    cv2.phaseCorrelate(picture, np.roll(picture, 3, axis=1), window)
    changed[size] = not np.array_equal(picture, before)
print(cv2.__version__, changed)
assert changed == {(192, 200): True, (128, 128): True, (193, 199): False}
PY
