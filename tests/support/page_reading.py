"""Pages as a reader without a browser sees them."""

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

WITHOUT_END = frozenset({"img", "input", "meta", "link", "br", "hr"})


class Element(NamedTuple):
    """A tag with its attributes and all text inside it."""

    tag: str
    attributes: dict[str, str]
    words: list[str]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def has(self, name: str) -> bool:
        """Whether it is of a class."""
        return name in self.attributes.get("class", "").split()


class Page(HTMLParser):
    """All elements of a page in their order; every one that begins must end."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.source = path.read_text()
        self.feed(self.source)
        self.close()
        assert not self._open, f"{self._open[-1].tag} never ends"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, [])
        self.elements.append(element)
        if tag not in WITHOUT_END:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {key: value or "" for key, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)

    def all(self, tag: str, kind: str = "") -> list[Element]:
        """Elements by tag, and by class where one is given."""
        return [one for one in self.elements if one.tag == tag and (not kind or one.has(kind))]

    @property
    def sliders(self) -> list[Element]:
        return [one for one in self.all("input") if one.attributes["type"] == "range"]


def needs_nothing_else(page: Page) -> bool:
    """Whether a page is whole: nothing in it makes a browser ask for something."""
    places = ("src", "href", "action", "data", "srcset", "poster", "formaction", "background")
    asked = [
        one.attributes[key] for one in page.elements for key in places if key in one.attributes
    ]
    styles = " ".join(one.text for one in page.all("style"))
    styles += " ".join(one.attributes.get("style", "") for one in page.elements)
    inside = all(one.startswith(("#", "data:image/webp;base64,")) for one in asked)
    return inside and "url(" not in styles and "@import" not in styles and not page.all("iframe")
