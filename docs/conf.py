"""How Sphinx makes a site of these pages: ``make site`` writes it to ``build/site``."""

from typing import Any

from docutils.nodes import reference

project = "deblurkit"
extensions = ["myst_parser"]
root_doc = "index"
myst_heading_anchors = 3
suppress_warnings = [
    "toc.not_included",  # a table of numbers is reached from the page that explains it
    "misc.highlighting_failure",  # commands with a <place to fill in>
]
html_title = "deblurkit"
html_show_copyright = False

# Folders and files of the repository that are no page of the site: their links become text.
OUTSIDE = {
    "../../conf/protocol",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "notebooks/plain_trainer.ipynb",
    "papers",
}
nitpick_ignore = {("myst", target) for target in OUTSIDE}


def leave_text(_app: Any, page: Any, _name: str) -> None:
    """Put their text in place of links that lead out of the site."""
    for link in list(page.findall(reference)):
        if link.get("refid") in OUTSIDE:
            link.replace_self(link.children)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("doctree-resolved", leave_text)
