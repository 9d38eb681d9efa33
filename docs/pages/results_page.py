"""``docs/results/README.md``: what was run here, then what is published, by data set."""

from pathlib import Path

from measured import Measured, Study, studies
from publications import UNVERIFIED, Book, Row, Table
from tables import LEGEND, capital, caption, cells, columns, markdown, protocol, reporter, sentence

INTRODUCTION = """# Results

<!-- Made by `make pages` out of docs/published.yaml, docs/results/*/results.json and the code. -->

One and the same restored picture has an SSIM of 0.926 as MATLAB takes it and of 0.897 as
scikit-image does, so numbers of different protocols do not compare. A table here has one data set,
one kind of blur and one protocol. A protocol in `this type` is a config of
[conf/protocol](../../conf/protocol), which `deblurkit-eval protocol=[...]` repeats; of the others
only the numbers are known, and they are folded. Our numbers stand beside published ones only where
data, protocol and training are the same.

"""
MEASURED = """## Measured here

Short runs that a CPU can repeat, and what they cost. What was not run for want of data or devices
is in [open.md](open.md), detection after deblurring in [detection](detection/README.md).

"""


def page(root: Path, book: Book) -> str:
    """The whole page."""
    done = studies(root)
    measured = "\n".join(section(root, book, study) for study in done)
    published = "\n".join(
        data_section(root, book, data) for data in book.data if of_data(book, data)
    )
    contents = [("Measured here", [study.title for study in done])]
    contents.append(("Published", [book.title(data) for data in book.data if of_data(book, data)]))
    listed = "".join(
        f"- [{title}](#{anchor(title)}): "
        + " · ".join(f"[{part}](#{anchor(part)})" for part in parts)
        + "\n"
        for title, parts in contents
    )
    return f"{INTRODUCTION}{LEGEND}\n\n{listed}\n{MEASURED}{measured}\n## Published\n\n{published}"


def section(root: Path, book: Book, study: Study) -> str:
    """A study's rows, and where the rest of it is."""
    return (
        f"### {study.title}\n\nTest: {study.test}.{more(root, study, '')}\n\n"
        f"{study_table(book, study.rows)}\n```bash\n{study.command}\n```\n"
    )


def more(root: Path, study: Study, results: str) -> str:
    """A link to what a study's own page says, if it has one."""
    page = Path(study.folder, "README.md")
    there = (root / "docs" / "results" / page).is_file()
    return f" [How it was run, and what it says]({results}{page})." if there else ""


def study_table(book: Book, rows: tuple[Measured, ...]) -> str:
    """Our rows with their budget, which is said once if all have the same."""
    scores = list(dict.fromkeys(score for row in rows for score in row.scores))
    budgets = list(dict.fromkeys(row.budget for row in rows))
    several = len(budgets) > 1
    header = ["", *(["training"] if several else []), "runs"]
    lines = [
        [
            *([row.row, row.budget] if several else [row.row]),
            str(row.runs),
            *(cell(row, score) for score in scores),
        ]
        for row in rows
    ]
    table = markdown([[*header, *(title_of(book, score) for score in scores)], *lines])
    return table if several else f"Training of each: {budgets[0]}.\n\n{table}"


def title_of(book: Book, score: str) -> str:
    """Head of a column of ours."""
    protocol, _, name = score.rpartition("/")
    title = book.scores.get(name, name)
    return f"{title} (`{protocol}`)" if protocol else title


def cell(row: Measured, score: str) -> str:
    """One of our scores."""
    if score not in row.scores:
        return ""
    if score == "psnr_gain":
        return row.scores[score].text(3, sign="+")
    return row.scores[score].text(2 if "psnr" in score else 4)


def of_data(book: Book, data: str) -> list[Table]:
    """All tables on a data set, those under our protocols first."""
    found = [table for table in book.tables if table.data == data]
    return sorted(found, key=lambda table: not table.ours)


def data_section(root: Path, book: Book, data: str) -> str:
    """The tables on a data set; what cannot be repeated is folded away."""
    parts = [f"### {book.title(data)}\n\n{sentence(book.data[data].partition(': ')[2])}\n"]
    for table in of_data(book, data):
        numbers = markdown(cells(root, book, table, naming=lambda row: linked_name(book, row)))
        if table.ours:
            parts.append(f"{caption(book, table)}\n\n{numbers}")
        else:
            parts.append(
                f"<details>\n<summary>{summary(book, table)}</summary>\n\n"
                f"{caption(book, table)}\n\n{numbers}\n</details>\n"
            )
    return "\n".join(parts)


def summary(book: Book, table: Table) -> str:
    """The line that unfolds a table."""
    scores = ", ".join(book.scores[score].partition(", ")[0] for score in columns(book, table))
    blur = f" on {table.variant}" if table.variant not in {None, "unstated"} else ""
    doubt = ", not verified" if {row.provenance for row in table.rows} == {UNVERIFIED} else ""
    who = capital(reporter(book, table.by))
    return f"{who}: {scores}{blur} ({protocol(book, table)}{doubt})"


def linked_name(book: Book, row: Row) -> str:
    """A row's name with a link to its paper's card."""
    if row.paper is None:
        return row.label
    name = f"[{book.papers[row.paper]['name']}](../papers/{row.paper}.md)"
    return f"{name}, {row.label}" if row.label else name


def anchor(title: str) -> str:
    """Where GitHub puts a heading."""
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")
