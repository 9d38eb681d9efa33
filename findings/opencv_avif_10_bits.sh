#!/usr/bin/env bash
# OpenCV 5.0.0: an AVIF of 10 bits comes as 16-bit numbers that end at 1023.
#
# Expected: a uint16 picture fills its type, as those of PNG, TIFF and JPEG 2000 do, so that division
# by 65535 gives [0, 1]; white is 65535.
# Seen: with IMREAD_UNCHANGED white is 1023 (4095 of a picture of 12 bits), and nothing says how many
# bits the file had: divided by 65535 the picture is black. IMREAD_COLOR, 8 bits, is right.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install -qq --disable-pip-version-check opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6
v/bin/python - <<'PY'
import cv2
import imagecodecs
import numpy as np

white = {}
for bits in (10, 12):
    picture = np.linspace(0, 2**bits - 1, 64 * 96 * 3).reshape(64, 96, 3).round().astype(np.uint16)
    file = np.frombuffer(imagecodecs.avif_encode(picture, bitspersample=bits, level=100), np.uint8)
    read = cv2.imdecode(file, cv2.IMREAD_UNCHANGED)
    assert read.dtype == np.uint16 and np.array_equal(read[..., ::-1], picture)
    white[bits] = int(read.max())
    assert cv2.imdecode(file, cv2.IMREAD_COLOR).max() == 255
png = cv2.imdecode(cv2.imencode(".png", np.full((8, 8, 3), 65535, np.uint16))[1], cv2.IMREAD_UNCHANGED)
print(f"{cv2.__version__}: white of a PNG of 16 bits is {png.max()}, of AVIFs {white}")
assert white == {10: 1023, 12: 4095}
PY
