#!/usr/bin/env bash
# OpenCV 5.0.0: a 16-bit TIFF that stores its colours as separate planes is read wrong, without a word.
#
# Expected: the picture that tifffile has written and reads (planar configuration 2, which scientific
# cameras and stacking programs write), or a refusal as for compressions that OpenCV lacks.
# Seen: imread hands out a picture of the right size and type whose values are those of other pixels,
# off by up to the whole range, in strips and in tiles. With 8 bits, or with its colours side by side, the
# same picture is read right.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install -qq --disable-pip-version-check opencv-python-headless==5.0.0.93 tifffile==2026.3.3
v/bin/python - <<'PY'
import cv2
import numpy as np
import tifffile

rows, columns = np.mgrid[:96, :128]
picture = np.stack([columns * 2, rows * 2, columns + rows], axis=2)  # below 256
off = {}
for kind, scale in ((np.uint8, 1), (np.uint16, 257)):
    wanted = (picture * scale).astype(kind)
    for tile in (None, (32, 32)):
        for planes in ("contig", "separate"):
            stored = wanted if planes == "contig" else np.ascontiguousarray(wanted.transpose(2, 0, 1))
            tifffile.imwrite("p.tif", stored, photometric="rgb", planarconfig=planes, tile=tile)
            assert np.array_equal(tifffile.imread("p.tif"), stored)
            read = cv2.imread("p.tif", cv2.IMREAD_UNCHANGED)
            shape = None if read is None else read.shape
            assert shape == wanted.shape, (shape, planes)
            difference = np.abs(read[..., ::-1].astype(int) - wanted).max() / scale
            off[kind.__name__, tile is not None, planes] = round(float(difference), 1)
for (kind, tiled, planes), difference in off.items():
    print(f"{kind:6s} {'tiles ' if tiled else 'strips'} {planes:8s} off by {difference:5.1f} of 255")
wrong = {key for key, difference in off.items() if difference}
assert wrong == {("uint16", tiled, "separate") for tiled in (False, True)} and min(off[k] for k in wrong) > 100
PY
