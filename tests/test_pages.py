"""The results page and the paper cards: made of what is committed, strict, and true."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_class

from deblurkit.config import compose, plain

ROOT = Path(__file__).parents[1]
DOCS = runpy.run_path(str(ROOT / "docs" / "pages"))
differing = sys.modules["modules"].differing
PAPERS = Path("docs", "papers")
RESULTS = Path("docs", "results", "README.md")
COMMITTED = {
    file.relative_to(ROOT): file.read_text()
    for file in (*sorted((ROOT / PAPERS).glob("*.md")), ROOT / RESULTS)
}
LINES = sorted({line for page in COMMITTED.values() for line in page.splitlines()})
TRAINING = [line for line in LINES if line.startswith("deblurkit-train")]
# tests/test_experiments.py composes the experiments; one of each kind of scores is enough here.
COMMANDS = list({line.partition("protocol=")[2]: line for line in TRAINING}.values())
COMMANDS += [line for line in LINES if line.startswith("deblurkit-eval")]


@pytest.fixture(scope="module")
def book() -> Any:
    """All that is published."""
    return DOCS["read"](ROOT)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy whose documents may be changed."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for folder in ("conf", "src", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return tmp_path


def write_runs(checkout: Path, folder: str, *runs: dict[str, Any]) -> None:
    place = checkout / "docs" / "results" / folder
    place.mkdir(exist_ok=True)
    (place / "results.json").write_text(json.dumps(runs))


def test_the_pages_are_what_the_numbers_and_the_code_say() -> None:
    made = DOCS["pages"](ROOT)
    stale = {str(path) for path in made.keys() | COMMITTED if made.get(path) != COMMITTED.get(path)}
    assert not stale, "run: make pages"


@pytest.mark.parametrize("path", COMMITTED, ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    page = COMMITTED[path]
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert links
    for link in links:
        if link.startswith("#"):
            headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
            assert link[1:] in {anchor(heading) for heading in headings}
        elif "://" not in link:
            assert (ROOT / path.parent / link).exists(), link


def anchor(heading: str) -> str:
    """As GitHub makes it: small letters, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_composes(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, *overrides = line.split()
    assert compose(*overrides, config=command.removeprefix("deblurkit-"))


def test_all_that_is_published_is_on_the_page_and_doubt_is_marked(book: Any) -> None:
    lines = [line for line in COMMITTED[RESULTS].splitlines() if line.startswith("| ")]
    rows = [row for table in book.tables for row in table.rows]
    for row in rows:
        name = book.papers[row.paper]["name"] if row.paper else row.label
        assert any(
            name in line
            and row.label in line
            and set(row.scores.values()) <= set(line.split(" | "))
            for line in (line.removesuffix(" |") for line in lines)
        ), row
    doubted = [row.provenance == "recalled" for row in rows]
    assert sum(doubted) == sum(" † |" in line for line in lines) > 0


def test_protocols_of_ours_have_the_scores_that_tables_name(book: Any) -> None:
    columns: dict[str, set[str]] = {}
    for table in book.tables:
        if table.ours:
            for row in table.rows:
                columns.setdefault(table.protocol, set()).update(row.scores)
    for protocol, names in columns.items():
        (node,) = plain(compose(f"protocol=[{protocol}]", config="eval").protocol).values()
        assert names <= set(get_class(node["_target_"]).scores)


def test_cards_have_all_departures_that_their_own_code_names(book: Any) -> None:
    for key, paper in book.papers.items():
        card = " ".join(COMMITTED[PAPERS / f"{key}.md"].split())
        for name in paper.get("names", [key]):
            for file in (ROOT / "src" / "deblurkit").glob(f"[mn]et*/{name}.py"):
                text = " ".join(file.read_text().replace("``", "`").split())
                for other, beginning in re.findall(r"Differs from ([^:]+): (.{30})", text):
                    assert f", from {other}: {beginning}" in card


def test_a_difference_ends_where_the_docstring_goes_on() -> None:
    docstring = """Draw.

    Source: A, 2018.
    Differs from the authors' code: ``a`` is
    b: c.
    Raises:
        ValueError: If so.
    Differs from the paper: d.

    More.
    """
    found = differing("draw", docstring)
    assert [tuple(one) for one in found] == [
        ("draw", "the authors' code", "`a` is b: c."),
        ("draw", "the paper", "d."),
    ]


def test_a_full_run_stands_beside_the_number_that_it_repeats(checkout: Path) -> None:
    write_runs(
        checkout,
        "nafnet_gopro",
        {"row": "nafnet_gopro", "seed": 0, "gopro/psnr": 32.5, "gopro_float/psnr": 40.0},
        {"row": "nafnet_gopro", "seed": 1, "gopro/psnr": 32.7, "gopro_float/psnr": 40.0},
    )
    pages = DOCS["pages"](checkout)
    beside = "| 32.87 | 32.60 ± 0.14 (-0.27) | 0.9606 |"
    assert beside in pages[RESULTS]
    assert beside in pages[PAPERS / "nafnet.md"]
    assert "40.0" not in pages[RESULTS]


def test_a_run_has_no_gap_to_a_number_of_an_unknown_protocol(checkout: Path) -> None:
    write_runs(checkout, "dclnet_gopro", {"row": "dclnet", "seed": 0, "gopro/psnr": 31.25})
    pages = DOCS["pages"](checkout)
    line = "| both loops | 32.70 | 0.944 | 31.25 | `dclnet_gopro`, `dclnet_poster` |"
    assert line in pages[PAPERS / "dclnet.md"]
    assert pages[RESULTS] == COMMITTED[RESULTS]


def test_published_weights_are_compared_with_the_published_picture(checkout: Path) -> None:
    write_runs(
        checkout,
        "published_weights",
        {
            "row": "dmphn",
            "psnr_blurred": 24,
            "gopro_truncated/psnr": 30.7451,
            "gopro/psnr": 30.7738,
        },
    )
    card = DOCS["pages"](checkout)[PAPERS / "dmphn.md"]
    assert "| 1-2-4 | 30.7462 | 30.7451 (-0.0011) | 0.92623 | 0.89717 |" in card
    assert "| dmphn | 1 | 24.00 | 30.77 | 30.75 |" in card


def test_a_study_appears_when_it_has_run(checkout: Path) -> None:
    shutil.rmtree(checkout / "docs" / "results" / "dclnet")
    scores = {"rgb8/psnr": 24.5, "rgb8/ssim": 0.61, "psnr_gain": 0.46, "parameters": 3}
    write_runs(checkout, "mtwnet", {"row": "two ways", "seed": 0, **scores})
    page = DOCS["pages"](checkout)[RESULTS]
    assert "| two ways | 1 | 24.50 | 0.6100 | +0.460 |" in page
    assert "python studies/mtwnet_study.py" in page
    assert "python studies/dclnet_study.py" not in page


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("protocol: gopro_truncated", "protocol: gopro_trunc", "gopro_trunc is not one of"),
        ("experiments: [nafnet_gopro]", "experiments: [nafnet]", "nafnet is not one of"),
        ("{paper: nafnet, row: width 32", "{paper: nafnett, row: width 32", "nafnett is not one"),
        ("row: width 32, psnr: 32.87", "row: width 32, psrn: 32.87", "psrn is not one of"),
        ("ssim_matlab_rgb: 0.9606", "ssim: 0.9606", "ssim is not one of"),
        ("psnr: 32.87", "psnr: about 32.87", "could not convert"),
        ("    provenance: readme\n", "", "missing .'provenance'"),
        ("    data: hide\n", "    data: hide\n    variant: blur\n", "only for it"),
        ("    data: hide\n", "    data: hied\n", "hied is not one of"),
        ("  hide: ", "  hied: ", "hied is not one of"),
        ("  - by: nafnet", "  - by: nafnet2", "nafnet2 is not one of"),
        ("  - by: nafnet", "  - seen: here\n    by: nafnet", "unknown .'seen'"),
    ],
)
def test_a_mistake_is_refused(checkout: Path, old: str, new: str, complaint: str) -> None:
    file = checkout / "docs" / "published.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=complaint):
        DOCS["read"](checkout)
