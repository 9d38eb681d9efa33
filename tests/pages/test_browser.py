"""Pages in a browser: the slider by mouse, finger and keys, sorting, width, colours, print."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser, chromium

from deblurkit.commands.evaluate.page import Shown, write_evaluation
from deblurkit.config import compose
from deblurkit.pages.selection import Selection
from deblurkit.pages.views import exhibit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HOSTILE = "<img src=x onerror=document.title='caught'>"
STAGE = ".card .stage"
RANGE = f"{STAGE} input"
WIDTHS = (390, 1280)  # of a phone and of a desktop, CSS pixels


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blurred pictures are black, restored ones white, sharp ones gray; one has a hostile name."""
    shape = (300, 400, 3)
    levels = {"blurred": 0, "restored": 255, "sharp": 128}
    pictures = {version: np.full(shape, level, np.uint8) for version, level in levels.items()}
    shown = exhibit(pictures, {}, budget=100_000)
    selection = Selection(count=3, seed=0)
    rows: list[dict[str, Any]] = []
    for number, gain in enumerate((0.5, -1.0, math.inf, 12.0, 2.0, math.nan, 3.0)):
        name = f"{'very_long_folder_name/' * 5}{number}" if number else HOSTILE
        selection.offer(name, gain, lambda: shown)
        psnr = {"psnr_blurred": 20.0, "psnr_restored": 20 + gain, "psnr_gain": gain}
        rows.append({"name": name, "rgb8/psnr": 20 + gain, "rgb8/ssim": 0.5, **psnr})
    means = {key: value for key, value in rows[0].items() if key != "name"}
    broken = {"rgb8/not finite": [rows[5]["name"]]}
    summary = {"pictures": len(rows), "mean": means, "exceptions": broken, "rows": rows}
    file = tmp_path_factory.mktemp("page") / "page.html"
    cfg = compose("restored=there", config="eval")
    write_evaluation(file, cfg, summary, Shown(selection, [], {}, None))
    return file


def split(browser: Browser) -> float:
    """Where the divider of the first picture is, percent."""
    return float(browser.run(f"return document.querySelector({RANGE!r}).value"))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_slider_follows_mouse_finger_and_keys(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert split(browser) == 50
    pointer = "touch" if width < 600 else "mouse"
    browser.drag(STAGE, 0.5, 0.2, pointer=pointer)
    assert split(browser) == pytest.approx(20, abs=1.5)
    browser.drag(STAGE, 0.8, 0.8, pointer=pointer)  # where nothing was to be seized
    assert split(browser) == pytest.approx(80, abs=1.5)
    browser.press(RANGE, "\ue011")  # Home
    assert split(browser) == 0
    browser.press(RANGE, "\ue014\ue014")  # to the right, twice
    assert 1 <= split(browser) <= 25
    told = browser.run(f"return document.querySelector({RANGE!r}).getAttribute('aria-valuetext')")
    assert (
        told == f"{split(browser):.0f} percent blurred, {100 - split(browser):.0f} percent restored"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_left_of_the_divider_is_blurred(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    for share in (0.25, 0.7):
        browser.drag(STAGE, share, share, pointer="touch" if width < 600 else "mouse")
        seen = browser.picture(STAGE).mean(axis=2)
        row = seen[len(seen) * 7 // 8]  # below the handle, beside no label
        place = split(browser) / 100 * len(row)
        assert row[10 : round(place) - 4].max() < 40
        assert row[round(place) + 4 : -10].min() > 215


def test_the_sharp_picture_takes_the_place_of_the_blurred_one(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    browser.click("label:has([value=sharp])")
    seen = browser.picture(STAGE).mean(axis=2)
    row = seen[len(seen) * 7 // 8]
    assert abs(row[len(row) // 4] - 128) < 5
    assert row[len(row) * 3 // 4] > 215


def column(browser: Browser, number: int) -> list[str]:
    """Values of a column of the table, from above."""
    cells = f".sortable tbody tr > :nth-child({number})"
    values: list[str] = browser.run(
        f"return [...document.querySelectorAll({json.dumps(cells)})].map((c) => c.dataset.value)"
    )
    return values


def test_the_table_is_sorted_by_a_click(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    head = ".sortable th:nth-child(4)"
    assert browser.run(f"return document.querySelector({head!r}).textContent.trim()") == "gain (dB)"
    browser.click(f"{head} button")
    down = ["Infinity", "12.0", "3.0", "2.0", "0.5", "-1.0", "NaN"]
    assert column(browser, 4) == down
    assert column(browser, 1)[4] == HOSTILE  # whole rows move
    browser.click(f"{head} button")
    assert column(browser, 4) == [*down[-2::-1], "NaN"]
    sort = browser.run(f"return document.querySelector({head!r}).getAttribute('aria-sort')")
    assert sort == "ascending"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    wide, seen = browser.run(
        "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
    )
    assert wide == seen > width - 20  # but for the bar that scrolls down
    targets = browser.run(
        "return [...document.querySelectorAll('.chooser label, .sortable button')]"
        ".map((one) => one.getBoundingClientRect().height)"
    )
    assert min(targets) >= 24  # CSS pixels, as WCAG 2.2 asks for what is touched


def test_nothing_foreign_runs_or_is_fetched(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    assert "caught" not in browser.run("return document.title")
    asked = browser.run("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert all(one.startswith("data:") for one in asked)
    assert browser.run("return [...document.images].every((one) => one.naturalWidth > 0)")
    browser.run(
        "window.blocked = [];"
        "const note = (event) => window.blocked.push(event.effectiveDirective);"
        "document.addEventListener('securitypolicyviolation', note);"
        'const words = \'<img src="https://a.example/"><b onclick="document.title = 1">b</b>\';'
        "document.body.insertAdjacentHTML('beforeend', words);"
        "document.body.lastElementChild.click()"
    )
    assert sorted(browser.run("return window.blocked")) == ["img-src", "script-src-attr"]
    assert browser.run("return document.title") != "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out(browser: Browser, page: Path, scheme: str) -> None:
    """Contrast of every text with what is behind it, as WCAG 2.2 counts it, at least 4.5."""
    browser.open(page, width=1280, features={"prefers-color-scheme": scheme})
    pairs = browser.run(
        """
        const solid = (one) => {
          const color = getComputedStyle(one).backgroundColor;
          return color.startsWith("rgba") && one.parentElement ? solid(one.parentElement) : color;
        };
        const words = (one) => [...one.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
        const all = [...document.body.querySelectorAll("*:not(script):not(.tag):not(svg *)")];
        const seen = all.filter((one) => words(one) && one.offsetParent);
        return seen.map((one) => [getComputedStyle(one).color, solid(one), one.outerHTML]);
        """
    )
    assert len(pairs) > 30
    background = luminance(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert (background < 0.2) == (scheme == "dark")
    for front, back, element in pairs:
        low, high = sorted((luminance(front), luminance(back)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, element[:200]


def luminance(color: str) -> float:
    """Relative luminance of a colour of CSS, in [0, 1]."""
    levels = [float(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_print_shows_every_version_beside_the_others(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280)
    browser.developer("Emulation.setEmulatedMedia", media="print")
    boxes = browser.run(
        f"return [...document.querySelector({STAGE!r}).querySelectorAll('.shot')]"
        ".map((one) => [one.dataset.version, one.getBoundingClientRect().left, one.offsetWidth])"
    )
    assert {version for version, _, _ in boxes} == {"blurred", "restored", "sharp"}
    assert len({left for _, left, _ in boxes}) == 3
    assert min(width for _, _, width in boxes) > 100
    for hidden in (".chooser", f"{STAGE} input", ".divider"):
        shown = browser.run(f"return getComputedStyle(document.querySelector({hidden!r})).display")
        assert shown == "none"
