"""Templates to pages: one file, nothing is ever fetched, every name is shown as it is."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deblurkit.pages.histogram import HEIGHT, WIDTH
from deblurkit.storage import replacing

BYTES = 5_000_000  # of the pictures of a page; as text they take a third more
ROWS = 2000  # of a table; a browser sorts so many at once


@cache
def templates() -> Environment:
    """The templates of this folder; values are escaped, a missing one is an error."""
    environment = Environment(
        loader=PackageLoader("deblurkit.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = source(environment, "page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "style": source(environment, "page.css"),
        "script": script,
        "script_hash": f"sha256-{digest}",  # no other script may run, wherever it came from
        "drawing": {"width": WIDTH, "height": HEIGHT},
    }
    return environment


def source(environment: Environment, name: str) -> Markup:
    """A file that goes into every page as it is."""
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])


def write_page(path: Path, template: str, **facts: Any) -> None:
    """Fill a template and write it, all or nothing.

    Args:
        path: Of the page.
        template: Name of one of the templates.
        **facts: What it asks for.

    Raises:
        InputError: If the disk refuses.
    """
    text = templates().get_template(template).render(facts)
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))  # names need not be UTF-8


class KeyFigure(NamedTuple):
    """A figure above all others; its tone says whether it is good news."""

    label: str
    value: str
    unit: str = ""
    tone: str = ""
