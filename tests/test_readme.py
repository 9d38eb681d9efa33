"""The README is true: its table, its commands, its links."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from deblurkit.cli.data import with_action
from deblurkit.cli.paths import with_quoted_paths
from deblurkit.config import compose

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if "deblurkit" in line and "resume=" not in line  # a resumed run has its own config
]


def test_the_tables_are_those_of_the_configs() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "readme_tables.py"))
    assert script["renewed"](README) == README, "run: make readme"


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_composes(line: str, tmp_path: Path, monkeypatch) -> None:
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
        overrides = [word.split(",")[0] for word in overrides]
    assert compose(*overrides, config=command)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)\)", README)
    assert links
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]
