"""Makes the results page and the paper cards; ``make pages`` runs it."""

from pathlib import Path

from cards import card
from publications import read
from results_page import page

ROOT = Path(__file__).parents[2]


def pages(root: Path) -> dict[Path, str]:
    """Text of every page by its path below the checkout."""
    book = read(root)
    found = {Path("docs", "papers", f"{key}.md"): card(root, book, key) for key in book.papers}
    return found | {Path("docs", "results", "README.md"): page(root, book)}


if __name__ == "__main__":
    for path, text in pages(ROOT).items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
