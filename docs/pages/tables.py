"""Tables and captions in Markdown, for both kinds of pages."""

from collections.abc import Callable, Sequence
from pathlib import Path

from measured import Spread, score_of
from publications import UNVERIFIED, Book, Row, Table

MARK = "†"  # of numbers that nobody has verified
LEGEND = f"{MARK} not verified: not yet compared with the paper itself."
OURS = "ours (gap)"
VARIANTS = {
    "blur": "frames averaged as they are encoded (`blur`)",
    "blur_gamma": "frames averaged in linear light (`blur_gamma`)",
    "unstated": "kind of blur not stated",
}
Naming = Callable[[Row], str]


def markdown(cells: Sequence[Sequence[str]]) -> str:
    """A table of a header and lines."""
    header, *rows = cells
    lines = [header, ["---" for _ in header], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def caption(book: Book, table: Table) -> str:
    """What the numbers of a table are, and where they were read."""
    kind = f"`{table.protocol}`" if table.ours else book.protocols[table.protocol]
    kinds = [kind, *([VARIANTS[table.variant]] if table.variant else [])]
    where = dict.fromkeys(book.provenance[row.provenance] for row in table.rows)
    read = f"Source: {reporter(book, table.by)}, {' or '.join(where)}."
    return " ".join(filter(None, [sentence("; ".join(kinds)), read, table.note]))


def sentence(text: str) -> str:
    """A phrase with a capital and a full stop."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """A phrase with a capital; the rest of it stays."""
    return f"{text[0].upper()}{text[1:]}"


def protocol(book: Book, table: Table) -> str:
    """One of ours by its name, others in a few words."""
    if table.ours:
        return f"`{table.protocol}`"
    return book.protocols[table.protocol].partition(": ")[0]


def reporter(book: Book, key: str) -> str:
    """Who reports numbers, in short."""
    return book.papers[key]["name"] if key in book.papers else book.sources[key]


def cells(root: Path, book: Book, table: Table, *, naming: Naming) -> list[list[str]]:
    """Header and lines; ours beside the numbers where both are the same quantity."""
    header = [""]
    lines = [[named(row, naming)] for row in table.rows]
    for score in columns(book, table):
        header.append(book.scores[score])
        compared = [
            beside(own(root, table, row, score), row.scores.get(score)) for row in table.rows
        ]
        if any(compared):
            header.append(OURS)
        for line, row, cell in zip(lines, table.rows, compared, strict=True):
            line.append(row.scores.get(score, ""))
            if any(compared):
                line.append(cell)
    return [header, *lines]


def columns(book: Book, table: Table) -> list[str]:
    """Scores that any row has, in the order of the file that names them."""
    return [score for score in book.scores if any(score in row.scores for row in table.rows)]


def named(row: Row, naming: Naming) -> str:
    """A row's name, marked if nobody has verified it."""
    return f"{naming(row)} {MARK}" if row.provenance == UNVERIFIED else naming(row)


def own(root: Path, table: Table, row: Row, score: str) -> Spread | None:
    """Our score of the row, if it was measured under the same protocol."""
    if not table.ours:
        return None
    places = [*([row.measured] if row.measured else []), *row.experiments]
    found = (score_of(root, place, f"{table.protocol}/{score}") for place in places)
    return next((spread for spread in found if spread), None)


def beside(ours: Spread | None, printed: str | None) -> str:
    """Our score and its distance to the printed one, with as many digits; else nothing."""
    if ours is None or printed is None:
        return ""
    digits = max(2, len(printed.partition(".")[2]))
    gap = round(ours.mean - float(printed), digits) + 0.0  # no minus zero
    return f"{ours.text(digits)} ({gap:+.{digits}f})"
