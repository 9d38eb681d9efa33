"""The page of an evaluation: its numbers are those of scores.json, and nothing in it is foreign."""

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from page_reading import Page, needs_nothing_else
from running import command_line
from strict import strict_json

from deblurkit.commands.evaluate.evaluate import evaluate
from deblurkit.commands.evaluate.page import Shown, write_evaluation
from deblurkit.config import compose
from deblurkit.imaging.formats.files import write_image
from deblurkit.pages.page import BYTES, ROWS
from deblurkit.pages.selection import MOST, Selection
from deblurkit.pages.views import exhibit

HOSTILE = "<img src=x onerror=alert(1)>&amp;\"'{{ 7 * 7 }}"


def evaluated(folder: Path, *overrides: str) -> tuple[Page, dict[str, Any]]:
    """The page and the scores of an evaluation of what lies in ``folder``."""
    places = [f"{role}='{folder / role}'" for role in ("restored", "sharp")]
    if (folder / "blurred").exists():
        places.append(f"blurred='{folder / 'blurred'}'")
    quiet = ("trainer.enable_progress_bar=false", f"paths.run='{folder / 'run'}'")
    evaluate(compose(*quiet, *places, *overrides, config="eval"))
    scores = strict_json(folder / "run" / "scores.json")
    return Page(folder / "run" / "page.html"), scores


def write_set(folder: Path, names: list[str], roles: tuple[str, ...]) -> None:
    """Crops of a photograph with noise: each more of it than the one before, the last none."""
    numbers, photograph = np.random.default_rng(0), skimage.data.astronaut()
    for number, name in enumerate(names):
        sharp = photograph[9 * number : 9 * number + 40, 100:150]
        strength = {"sharp": 0.0, "blurred": 9.0, "restored": len(names) - 1 - number}
        for role in roles:
            noisy = sharp + strength[role] * numbers.standard_normal(sharp.shape)
            write_image(folder / role / f"{name}.png", levels(noisy))


def levels(values: NDArray[Any]) -> NDArray[np.uint8]:
    return values.round().clip(0, 255).astype(np.uint8)


ALL = ("blurred", "restored", "sharp")


def test_numbers_are_those_of_the_scores(tmp_path: Path) -> None:
    write_set(tmp_path, [f"photo {number}" for number in range(12)], ALL)
    page, scores = evaluated(tmp_path, "protocol=[rgb8,gopro]")
    rows = {row["name"]: row for row in scores["rows"]}
    names = [one.text for one in page.all("th") if one.attributes.get("scope") == "row"][-12:]
    assert names == [*rows]
    cells = [float(one.attributes["data-value"]) for one in page.all("td")]
    means, cells = cells[:15], cells[15:]  # five scores: blurred, restored, change
    wide = len(cells) // 12
    table = [cells[wide * number : wide * (number + 1)] for number in range(12)]
    for name, found in zip(names, table, strict=True):
        numbers = {key: float(value) for key, value in rows[name].items() if key != "name"}
        assert found[:3] == [numbers[f"psnr_{which}"] for which in ("blurred", "restored", "gain")]
        assert set(found[3:]) <= {*numbers.values()}
    # The last one was restored without an error, and no mean can hold that.
    assert rows["photo 11"]["psnr_gain"] == "Infinity"
    for number, score in enumerate(("rgb8/psnr", "rgb8/ssim", "gopro/psnr")):
        blurred, restored, change = means[3 * number : 3 * number + 3]
        assert restored == scores["mean"][score]
        if score == "rgb8/ssim":
            assert change == pytest.approx(restored - blurred, abs=1e-9)
        else:
            assert change == pytest.approx(scores["mean"]["psnr_gain"], abs=1e-4)
    assert scores["infinite"]["psnr_gain"] == {"Infinity": 1, "-Infinity": 0}
    gains = [float(row["psnr_gain"]) for row in rows.values()]
    assert scores["mean"]["psnr_gain"] == pytest.approx(
        math.fsum(filter(math.isfinite, gains)) / 11
    )
    shown = [one.text for one in page.all("td")][:2]
    assert shown == [f"{means[0]:.2f}", f"{means[1]:.2f} (without 1 inf)"]
    assert means[0] == pytest.approx(scores["mean"]["psnr_blurred"], abs=1e-4)
    improved = sum(gain > 0 for gain in gains)
    tiles = [one.text for one in page.all("span", "value")]
    assert tiles == [
        f"{means[0]:.2f} dB",
        f"{means[1]:.2f} dB without 1 inf",
        f"{scores['mean']['psnr_gain']:+.2f} dB without 1 inf",
        f"{improved} of 12",
    ]


def test_the_page_is_whole_and_shows_best_worst_and_random(tmp_path: Path) -> None:
    write_set(tmp_path, [f"photo {number:02}" for number in range(12)], ALL)
    page, _ = evaluated(tmp_path)
    assert needs_nothing_else(page)
    assert [one.text for one in page.all("h3", "group")] == ["Best", "Worst", "Random"]
    shown = [one.text for one in page.all("h3") if not one.has("group")]
    assert shown[:6] == [f"photo {number:02}" for number in (11, 10, 9, 2, 1, 0)]
    assert len(page.sliders) == len(shown) == len(set(shown)) == 9
    assert len(page.all("img")) == 27
    assert all(one.attributes["alt"].startswith("photo ") for one in page.all("img"))
    assert all(one.attributes["aria-label"] for one in page.sliders)
    links = {one.attributes["href"][1:] for one in page.all("a")}
    assert links == {one.attributes["id"] for one in page.all("article")}
    assert {one.attributes["value"] for one in page.all("input") if one not in page.sliders} == {
        "blurred",
        "sharp",
    }


def test_a_name_is_shown_as_it_is(tmp_path: Path) -> None:
    write_set(tmp_path, [HOSTILE], ALL)
    page, _ = evaluated(tmp_path)
    assert needs_nothing_else(page)
    assert not [one for one in page.elements if any(key.startswith("on") for key in one.attributes)]
    assert [one.text for one in page.all("h3")] == [HOSTILE]
    assert page.all("img")[0].attributes["alt"] == f"{HOSTILE}, restored"
    assert len(page.all("script")) == 1


def test_without_blurred_pictures_the_first_score_ranks(tmp_path: Path) -> None:
    write_set(tmp_path, ["a", "b", "c"], ("restored", "sharp"))
    page, scores = evaluated(tmp_path)
    assert [one.text for one in page.all("h3")] == ["c", "b", "a"]
    assert len(page.sliders) == 3
    assert len(page.all("img")) == 6
    cells = [float(one.attributes["data-value"]) for one in page.all("td")]
    assert cells[:2] == [scores["mean"]["rgb8/psnr"], scores["mean"]["rgb8/ssim"]]


def test_no_page_is_written_if_none_is_wanted(tmp_path: Path) -> None:
    write_set(tmp_path, ["a"], ALL)
    with pytest.raises(FileNotFoundError, match=r"page\.html"):
        evaluated(tmp_path, "page=false")
    assert (tmp_path / "run" / "scores.json").is_file()


def test_how_it_was_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_set(tmp_path, ["a"], ALL)
    monkeypatch.setattr(sys, "orig_argv", ["python", "deblurkit-eval", "restored=two words"])
    page, _ = evaluated(tmp_path)
    labels = [one.text for one in page.all("dt")]
    values = [one.text for one in page.all("dd")]
    told = dict(zip(labels, values, strict=True))
    assert told["Restored pictures"] == str(tmp_path / "restored")
    assert told["Command"] == "deblurkit-eval 'restored=two words'"
    assert told["Version"].startswith("deblurkit ")


@pytest.mark.slow
def test_two_devices_choose_what_one_chooses(tmp_path: Path) -> None:
    write_set(tmp_path, [f"photo {number:02}" for number in range(13)], ALL)
    pictures = [f"{role}={tmp_path / role}" for role in ALL]
    command_line("eval", *pictures, "hydra.run.dir=one", folder=tmp_path)
    two = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    two = (*two, "trainer.precision=32-true")
    command_line("eval", *pictures, *two, "hydra.run.dir=two", folder=tmp_path)
    one, other = (Page(tmp_path / number / "page.html") for number in ("one", "two"))
    for tag in ("h3", "th", "td", "img", "rect"):
        assert one.all(tag) == other.all(tag)
    assert len(one.sliders) == 9


def test_a_page_of_a_very_large_set_stays_small(tmp_path: Path) -> None:
    """Pictures of noise, which take all the room they may, and more rows than a table shows."""
    noise = np.random.default_rng(0).integers(0, 256, (320, 400, 3), dtype=np.uint8)
    large = exhibit(dict.fromkeys(ALL, noise), {}, budget=BYTES // MOST)
    selection = Selection(count=MOST // 3, seed=0)
    rows: list[dict[str, Any]] = []
    for number in range(3 * ROWS):
        name, gain = f"{'a long name ' * 8}{number}", math.sin(number)
        if number % 100 == 0:
            selection.offer(name, gain, lambda: large)
        psnr = {"psnr_blurred": 20.0, "psnr_restored": 20 + gain, "psnr_gain": gain}
        rows.append({"name": name, "rgb8/psnr": 20 + gain, **psnr})
    means = {key: float(np.mean([row[key] for row in rows])) for key in psnr} | {"rgb8/psnr": 20.0}
    summary = {"pictures": len(rows), "mean": means, "exceptions": {}, "rows": rows}
    cfg = compose("restored=there", config="eval")
    write_evaluation(tmp_path / "page.html", cfg, summary, Shown(selection, [], {}, None))
    assert BYTES < (tmp_path / "page.html").stat().st_size < 8_000_000
    page = Page(tmp_path / "page.html")
    gains = [float(one.attributes["data-value"]) for one in page.all("td")][2::3]
    assert len(gains) == ROWS
    assert {max(gains), min(gains)} == {
        max(r["psnr_gain"] for r in rows),
        min(r["psnr_gain"] for r in rows),
    }
    assert f"{2 * ROWS} between them are in test.csv" in page.all("body")[0].text
