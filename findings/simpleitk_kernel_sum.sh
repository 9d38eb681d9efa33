#!/usr/bin/env bash
# SimpleITK 2.5.7: of its deconvolutions some take the kernel's sum out, some do not, one blows up.
#
# Expected: one rule for all. The option normalize (default False) reads as: the kernel is used as it is,
# so one that is a picture of 8 bits darkens what is restored by its sum.
# Seen, for a kernel whose sum is 255 instead of 1: Richardson-Lucy answers as for sum 1, with and without
# the option; Wiener, Tikhonov and the inverse filter answer a picture 255 times darker; Landweber, whose
# step is no longer small enough, runs away (a mean below -1000 of a picture in [0, 1]).
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv v
v/bin/pip install -qq --disable-pip-version-check simpleitk==2.5.7 numpy==2.4.6
v/bin/python - <<'PY'
import numpy as np
import SimpleITK as sitk

rng = np.random.default_rng(0)
rows, columns = np.mgrid[:96, :96]
sharp = 0.5 + 0.3 * np.sign(np.sin(rows / 7) * np.sin(columns / 5)) * np.cos(columns / 30)
kernel = np.zeros((7, 7))
kernel[1:4, 2], kernel[3, 2:6] = 1, 2
kernel /= kernel.sum()
padded = np.pad(sharp, 3, mode="reflect")
blurred = sum(
    kernel[r, c] * padded[6 - r : 6 - r + 96, 6 - c : 6 - c + 96] for r in range(7) for c in range(7)
)
picture = sitk.GetImageFromArray(blurred.astype(np.float32))


def mean(name, scale, **options):
    psf = sitk.GetImageFromArray((kernel * scale).astype(np.float32))
    answer = getattr(sitk, f"{name}Deconvolution")(picture, psf, **options)
    return float(sitk.GetArrayFromImage(answer).mean())


names = ("RichardsonLucy", "Wiener", "Tikhonov", "Inverse", "Landweber")
means = {name: (mean(name, 1), mean(name, 255)) for name in names}
for name, (one, many) in means.items():
    print(f"{name:15s} mean {one:.4f} with a kernel of sum 1, {many:.4g} with one of sum 255")
assert abs(means["RichardsonLucy"][1] / means["RichardsonLucy"][0] - 1) < 1e-3
for name in ("Wiener", "Tikhonov", "Inverse"):
    assert abs(means[name][0] / means[name][1] / 255 - 1) < 0.02
    assert abs(mean(name, 255, normalize=True) / means[name][0] - 1) < 1e-3
assert means["Landweber"][1] < -100
PY
