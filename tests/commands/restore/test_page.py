"""The page of deblurred files: before and after, what failed and why, what was set."""

from pathlib import Path

import numpy as np
from blind_scenes import SIZE, TINY, scene
from page_reading import Page, needs_nothing_else

from deblurkit.commands.restore.page import SHOWN
from deblurkit.commands.restore.restore_files import restore_files
from deblurkit.config import compose
from deblurkit.imaging.formats.files import as_pixels, write_image

SHARPEN = ("model=unsharp", "model.amount=1")
HOSTILE = "<img src=x onerror=alert(1)>.png"


def deblurred(folder: Path, *overrides: str) -> tuple[int, Page]:
    """How many failed, and the page."""
    places = (f"inputs=['{folder / 'in'}']", f"output={folder / 'out'}", f"paths.run={folder}")
    quiet = "trainer.enable_progress_bar=false"
    failed = restore_files(compose(*places, quiet, "page=true", *overrides, config="deblur"))
    return failed, Page(folder / "out" / "page.html")


def write_noise(file: Path, height: int = 20, width: int = 30) -> None:
    numbers = np.random.default_rng(0)
    write_image(file, numbers.integers(0, 256, (height, width, 3), dtype=np.uint8))


def told(page: Page) -> dict[str, str]:
    """Labels and values of all lists, the last of each label."""
    labels, values = ([one.text for one in page.all(tag)] for tag in ("dt", "dd"))
    return dict(zip(labels, values, strict=True))


def test_what_was_restored_and_what_was_not(tmp_path: Path) -> None:
    write_noise(tmp_path / "in" / "a.png")
    write_noise(tmp_path / "in" / HOSTILE)
    (tmp_path / "in" / "broken <b>.jpg").write_bytes(b"no picture")
    failed, page = deblurred(tmp_path, *SHARPEN)
    assert failed == 1
    assert needs_nothing_else(page)
    assert [one.text for one in page.all("h3")] == [
        str(tmp_path / "in" / HOSTILE),
        str(tmp_path / "in" / "a.png"),
    ]
    assert len(page.sliders) == 2
    assert [one.text for one in page.all("span", "value")][:2] == ["2 of 3", "1"]
    reason = page.all("li")[-1].text
    assert reason.startswith(f"{tmp_path}/in/broken <b>.jpg cannot be read: ")
    assert not page.all("b")
    facts = told(page)
    assert facts["size"] == "30 × 20"
    assert facts["written to"] == str(tmp_path / "out" / "a.png")
    assert float(facts["seconds"]) >= 0
    assert facts["Method"] == "UnsharpMask"
    assert "suffix=.png" in facts["Settings"]


def test_a_second_start_shows_what_was_finished_before(tmp_path: Path) -> None:
    """Asking for a page makes nothing again."""
    write_noise(tmp_path / "in" / "a.png")
    write_noise(tmp_path / "in" / "b.png")
    deblurred(tmp_path, *SHARPEN)
    written = (tmp_path / "out" / "a.png").stat().st_mtime_ns
    _, page = deblurred(tmp_path, *SHARPEN)
    assert (tmp_path / "out" / "a.png").stat().st_mtime_ns == written
    assert len(page.sliders) == 2
    labels = [one.text for one in page.all("span", "label")]
    assert labels == ["restored", "of an earlier start", "time"]


def test_of_many_files_the_first_ones_have_sliders(tmp_path: Path) -> None:
    names = [f"{number:03}.png" for number in range(SHOWN + 2)]
    for name in names:
        write_noise(tmp_path / "in" / name, height=5, width=6)
    _, page = deblurred(tmp_path, *SHARPEN)
    assert len(page.sliders) == SHOWN
    assert [one.text for one in page.all("li")][-2:] == [
        str(tmp_path / "in" / name) for name in names[SHOWN:]
    ]


def test_a_page_without_a_picture_says_why(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    failed, page = deblurred(tmp_path, *SHARPEN)
    assert failed == 1
    assert not page.sliders
    assert [one.text for one in page.all("span", "value")][:2] == ["0 of 1", "1"]
    assert page.all("li")[-1].text.startswith(str(tmp_path / "in" / "a.png"))


def test_an_estimated_kernel_is_shown(tmp_path: Path) -> None:
    _, blurred, _ = scene(24, 30)
    write_image(tmp_path / "in" / "photo.png", as_pixels(blurred))
    few = "model.priors.stopping.iterations=3"
    _, page = deblurred(tmp_path, "model=selfdeblur", f"kernel_size={SIZE}", few, *TINY)
    start = "estimated kernel of "
    kernels = [one for one in page.all("img") if one.attributes["alt"].startswith(start)]
    assert [one.attributes["width"] for one in kernels] == [str(SIZE)]
    assert told(page)["iterations"]
