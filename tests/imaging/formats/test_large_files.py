"""Pictures that are written some rows at a time come back as they were."""

from pathlib import Path

import numpy as np
import pytest

from deblurkit.imaging.formats import encoding
from deblurkit.imaging.formats.files import Picture, read_picture, write_picture
from deblurkit.imaging.formats.tiff import writing


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("size", [(37, 53), (1, 200), (300, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gray", [False, True], ids=["colour", "gray"])
@pytest.mark.parametrize("opaque", [False, True], ids=["with opacity", "opaque"])
def test_strips_are_exact(
    suffix: str,
    size: tuple[int, int],
    dtype: type,
    *,
    gray: bool,
    opaque: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoding, "_LARGE", 100)
    for module in (encoding, writing):
        monkeypatch.setattr(module, "_STRIP", 1000)
    generator = np.random.default_rng(0)
    top = np.iinfo(dtype).max + 1
    pixels = generator.integers(0, top, (*size, 3), dtype=dtype)
    if gray:
        pixels = np.dstack([pixels[..., 0]] * 3)
    alpha = None if opaque else generator.integers(0, top, size, dtype=dtype)
    file = tmp_path / f"picture{suffix}"
    write_picture(file, Picture(pixels, gray=gray, alpha=alpha))
    found = read_picture(file)
    assert found.gray == gray
    assert found.pixels.dtype == dtype
    assert np.array_equal(found.pixels, pixels)
    assert (found.alpha is None) if alpha is None else np.array_equal(found.alpha, alpha)
