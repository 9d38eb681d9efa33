"""README and docs/*.md are true: their tables, their commands, their links."""

import re
import runpy
import shlex
from pathlib import Path

import pytest
import skimage.data
import torch
from PIL import Image

from deblurkit.cli.data import with_action
from deblurkit.cli.paths import with_quoted_paths
from deblurkit.config import compose

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = {
    file.relative_to(ROOT).as_posix(): file.read_text() for file in (ROOT / "README.md", *DOCS)
}
README = PAGES["README.md"]
# Pages that others lead to.
OTHERS = {
    file.relative_to(ROOT).as_posix(): file.read_text()
    for file in (
        *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md")),
        *(ROOT / folder / "README.md" for folder in ("studies", "benchmarks")),
        *sorted((ROOT / "docs" / "results").rglob("*.md")),
    )
}
COMMANDS = sorted(
    {
        line
        for page in PAGES.values()
        for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
        if "deblurkit" in line and "resume=" not in line  # a resumed run has its own config
        if not line.startswith("npm ")  # a package of others
    }
)
# What is still to be run, and what the pages of results were made with; no line of a shell's loop.
LEFT_TO_RUN = sorted(
    {
        line
        for name, page in OTHERS.items()
        if name.startswith("docs/results/")
        for line in re.findall(r"(?:^|`)(deblurkit-[a-z]+ [^`\n]*?)(?:`|$)", page, re.MULTILINE)
        if "=" in line and not re.search(r"[$<]|\.\.\.|resume=", line)
        if line not in COMMANDS
    }
)


def test_the_tables_are_those_of_the_configs() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "readme_tables.py"))
    stale = [file.name for file, page in script["pages"]().items() if page != file.read_text()]
    assert not stale, "run: make tables"


def test_no_cell_of_the_methods_ends_within_parentheses() -> None:
    rows = [line for line in PAGES["docs/methods.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    for row in rows:
        assert all(cell.count("(") == cell.count(")") for cell in row.split("|")), row


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_readme_leads_to_every_page() -> None:
    others = PAGES.keys() - {"README.md", "docs/index.md"}  # the site begins with README
    assert not [page for page in others if f"]({page})" not in README]


PYTHON = re.findall(r"## ([^\n]*)\n[^#]*?```python\n(.*?)```", PAGES["docs/python.md"], re.DOTALL)


@pytest.mark.parametrize(("heading", "example"), PYTHON, ids=[heading for heading, _ in PYTHON])
def test_the_python_of_its_page_runs(
    heading: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photograph = skimage.data.chelsea()[100:164, 100:196]
    Image.fromarray(photograph).save("photo.jpg")
    names = {"pictures": [photograph, Image.fromarray(photograph)]}
    exec(example, names)
    written = {file.name for file in tmp_path.iterdir()} - {"photo.jpg"}
    assert written == ({"sharper.png"} if "save(" in example else set())


def test_all_python_of_its_page_is_run() -> None:
    assert len(PYTHON) == PAGES["docs/python.md"].count("```python") == 5


def test_the_build_for_cpus_is_the_one_of_the_constraints() -> None:
    (named,) = set(re.findall(r"torch==[\d.]+", README))
    assert named in (ROOT / "constraints.txt").read_text().splitlines()


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(skimage.data.chelsea()[100:164, 100:196]).save("photo.jpg")
    names = {"blurred": torch.rand(1, 3, 20, 24)}
    exec(example, names)
    assert names["restored"].shape == names["blurred"].shape
    assert Image.open("sharper.png").size == (96, 64)


@pytest.mark.parametrize("line", [*COMMANDS, *LEFT_TO_RUN])
def test_a_command_composes(line: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # where none of its paths exist
    words = shlex.split(line, comments=True)
    place = next(i for i, word in enumerate(words) if word.startswith("deblurkit"))
    command = re.split(r"[-.]", words[place])[-1]
    overrides = [word for word in words[place + 1 :] if word != "-m"]
    if command in ("deblur", "blur"):
        overrides = with_quoted_paths(overrides)
    if command == "data":
        overrides = with_action(overrides)
    if "-m" in words[:2]:
        overrides = [re.split(r",(?![^\[]*\])", word)[0] for word in overrides]  # lists stay
    assert compose(*overrides, config=command)


@pytest.mark.parametrize("name", PAGES | OTHERS)
def test_links_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", (PAGES | OTHERS)[name]):
        path, _, heading = link.partition("#")
        if "://" in link:
            continue
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), link
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE) if heading else []
        assert not heading or heading in {anchor(text) for text in headings}, link


def anchor(heading: str) -> str:
    """As GitHub makes it: small letters, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_no_table_is_broken_by_an_empty_line() -> None:
    for name, page in (PAGES | OTHERS).items():
        for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            head, rule, *_ = [*table.splitlines(), "", ""]
            assert rule.startswith("| ---"), f"{name}: {head}"


def test_every_surprise_is_held_by_tests_that_exist() -> None:
    rows = [line for line in PAGES["docs/surprises.md"].splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 10
    for row in rows:
        *_, holders = row.strip("| ").split(" | ")
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", holders)
        assert tests, row
        assert len(tests) == holders.count("`") / 2
        for file, name in tests:
            assert name.startswith("test_")
            assert f"\ndef {name}(" in (ROOT / file).read_text(), f"{file}::{name}"


def test_one_list_of_python_versions() -> None:
    """What the metadata promise, README and Makefile say."""
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    words = f"Python {', '.join(promised[:-1])} or {promised[-1]}"
    for name in ("README.md", "Makefile", "docs/runs.md"):
        assert words in (ROOT / name).read_text(), name


@pytest.mark.parametrize("folder", ["studies", "benchmarks"])
def test_every_script_is_explained(folder: str) -> None:
    page = (ROOT / folder / "README.md").read_text()
    scripts = {file.name for file in (ROOT / folder).glob("*.py")}
    parts = {"__main__.py", "timing.py", "bare_step.py"}  # of others
    parts |= {name for name in scripts if name.startswith("published_") and folder == "benchmarks"}
    assert not {name for name in scripts - parts if f"{name}`" not in page}


def test_every_folder_of_results_says_what_makes_it() -> None:
    page = (ROOT / "studies" / "README.md").read_text()
    folders = [folder for folder in (ROOT / "docs" / "results").iterdir() if folder.is_dir()]
    assert not [folder.name for folder in folders if f"[results/{folder.name}](" not in page]
