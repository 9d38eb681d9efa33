"""Templates: nothing is missing, nothing is taken for markup, no script but the page's own runs."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from page_reading import Page

from deblurkit.errors import InputError
from deblurkit.pages.page import write_page

EMPTY: dict[str, Any] = {
    "over": "over",
    "title": "title",
    "under": "under",
    "tiles": [],
    "entries": [],
    "failures": [],
    "failures_left_out": 0,
    "others": [],
    "others_left_out": 0,
    "facts": [],
}


def written(folder: Path, **facts: Any) -> Page:
    write_page(folder / "page.html", "restored.html", **{**EMPTY, **facts})
    return Page(folder / "page.html")


def test_only_the_script_of_the_page_may_run(tmp_path: Path) -> None:
    page = written(tmp_path)
    script = page.all("script")[0].words
    digest = base64.b64encode(hashlib.sha256("".join(script).encode()).digest()).decode()
    policies = [one.attributes.get("content", "") for one in page.all("meta")]
    policy = next(one for one in policies if "default-src" in one).split("; ")
    assert {"default-src 'none'", "img-src data:", f"script-src 'sha256-{digest}'"} <= {*policy}


@pytest.mark.parametrize(
    "name", ["</style><script>", "{{ 7 * 7 }}", "{% raw %}", "&lt;", "a\u202eb"]
)
def test_names_are_shown_letter_by_letter(name: str, tmp_path: Path) -> None:
    page = written(tmp_path, title=name, others=[name])
    assert page.all("h1")[0].words == [name]
    assert page.all("li")[0].words == [name]
    assert len(page.all("script")) == len(page.all("style")) == 1


def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path: Path) -> None:
    """File names of other encodings reach Python as halves of surrogate pairs."""
    page = written(tmp_path, others=[os.fsdecode(b"caf\xe9.png")])
    assert page.all("li")[0].text == r"caf\udce9.png"


def test_a_fact_that_is_missing_is_an_error_and_leaves_no_page(tmp_path: Path) -> None:
    facts = {key: value for key, value in EMPTY.items() if key != "under"}
    with pytest.raises(UndefinedError, match="under"):
        write_page(tmp_path / "page.html", "restored.html", **facts)
    assert not (tmp_path / "page.html").exists()


def test_a_folder_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(InputError, match=r"page\.html cannot be written"):
        written(tmp_path)
