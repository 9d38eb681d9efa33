"""``docs/papers/<key>.md``: source, code, differences, numbers and commands of one paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from measured import score_of, studies
from modules import PACKAGE, Difference, differences, file_of, imported, stems, summary, targets
from publications import UNVERIFIED, Book, Row, Table, first_comment
from results_page import more, study_table
from tables import LEGEND, MARK, OURS, caption, cells, markdown, protocol, reporter

LINKS = {
    "arxiv": ("arXiv:{}", "https://arxiv.org/abs/{}"),
    "doi": ("doi:{}", "https://doi.org/{}"),
    "code": ("authors' code", "https://github.com/{}"),
}
FOLDERS = ("methods", "methods.frame", "methods.priors", "networks", "networks.parts", "losses")
SHARED = tuple(f"deblurkit.{folder}" for folder in FOLDERS)


class Code(NamedTuple):
    """What of this repository belongs to a paper; paths below its root."""

    own: list[Path]  # files that are there for this paper
    shared: dict[Path, set[str]]  # files that serve several papers, and what is taken from them
    models: list[str]
    sources: list[str]  # of published weights
    experiments: list[str]
    tests: list[Path]
    parity: list[Path]


def card(root: Path, book: Book, key: str) -> str:
    """The whole page."""
    paper, code = book.papers[key], code_of(root, book, key)
    parts = [
        f"# {paper['name']}\n\n<!-- Made by `make pages`. -->\n",
        f"{source(book, key)}\n",
        f"{paper['about']}\n",
        f"## Where it is\n\n{places(root, code)}",
        f"## Differences\n\n{listed_differences(root, code)}",
        f"## Numbers\n\n{numbers(root, book, key)}",
        f"## Commands\n\n{commands(root, book, key, code)}",
        "## Notes\n\n" + "".join(f"- {note}\n" for note in paper["notes"]),
    ]
    return "\n".join(part for part in parts if part)


def source(book: Book, key: str) -> str:
    """Whose work it is, with links."""
    paper = book.papers[key]
    links = [
        f"[{title.format(paper[kind])}]({address.format(paper[kind])})"
        for kind, (title, address) in LINKS.items()
        if kind in paper
    ]
    named = [f"**{paper['title']}**", paper["authors"], *filter(None, [paper.get("venue")])]
    return f"{'. '.join(named)}.{' ' if links else ''}{' · '.join(links)}"


def code_of(root: Path, book: Book, key: str) -> Code:
    """Everything that bears one of the paper's names, and what that uses."""
    everyone = [name for paper in book.papers for name in names(book, paper)]
    models, sources, experiments = (
        [stem for stem in stems(root, group) if longest(stem, everyone) in names(book, key)]
        for group in ("model", "source", "experiment")
    )
    own = [
        PACKAGE / part / f"{name}.py"
        for part in ("methods", "networks", "published")
        for name in names(book, key)
    ]
    own += [PACKAGE / file for file in book.papers[key].get("also", [])]
    own = [file for file in own if (root / file).is_file()]
    shared = used_by(root, own, models)
    tests, parity = (
        [
            file.relative_to(root)
            for file in sorted((root / "tests").glob(f"{pattern}*.py"))
            if longest(file.stem.partition("_")[2], everyone) in names(book, key)
        ]
        for pattern in ("[mn]et*/test_", "parity/reference_")
    )
    parity += [
        file
        for file in (Path("tests", "parity", f"reference_{path.stem}.py") for path in shared)
        if (root / file).is_file() and file not in parity
    ]
    return Code(own, shared, models, sources, experiments, tests, parity)


def used_by(root: Path, own: list[Path], models: list[str]) -> dict[Path, set[str]]:
    """Other files that configs and own files take something from, and what; theirs as well."""
    waiting = [
        pair
        for model in models
        for pair in targets(root / "conf" / "model" / f"{model}.yaml")
        if pair[0].rpartition(".")[0] in SHARED
    ]
    waiting += [pair for file in own for pair in imported(root / file)]
    shared: dict[Path, set[str]] = {}
    while waiting:
        module, name = waiting.pop()
        file = file_of(module)
        if file in own:
            continue
        if file not in shared:
            waiting += imported(root / file)
        shared.setdefault(file, set()).add(name)
    return shared


def names(book: Book, key: str) -> list[str]:
    """Names under which a paper's code is filed."""
    return list(book.papers[key].get("names", [key]))


def longest(stem: str, everyone: list[str]) -> str | None:
    """The longest name that a file's begins with."""
    fitting = [name for name in everyone if stem == name or stem.startswith(f"{name}_")]
    return max(fitting, key=len, default=None)


def places(root: Path, code: Code) -> str:
    """Files with what they say they are, then configs and tests."""
    lines = ["| file | what |", "| --- | --- |"]
    for file in [*code.own, *sorted(code.shared)]:
        name = file.relative_to(PACKAGE)
        lines.append(f"| [{name}](../../{file}) | {summary(root / file)} |")
    rest = [
        ("Configs", [f"[`model={m}`](../../conf/model/{m}.yaml)" for m in code.models]),
        (
            "Weights of others",
            [f"[`source={s}`](../../conf/source/{s}.yaml)" for s in code.sources],
        ),
        ("Tests", [f"[{t.relative_to('tests')}](../../{t})" for t in code.tests]),
        ("Compared with the authors' code by", [f"[{t.name}](../../{t})" for t in code.parity]),
    ]
    sentences = [f"{title}: {', '.join(links)}.\n" for title, links in rest if links]
    return "\n".join(lines) + "\n\n" + "\n".join(sentences)


def listed_differences(root: Path, code: Code) -> str:
    """What the docstrings name as departures from the paper or from its authors' code."""
    found: list[Difference] = []
    for file in code.own:
        found += differences(root / file)
    for file, used in sorted(code.shared.items()):
        found += differences(root / file, names=used)
    if not found:
        return "The code names none.\n"
    return "".join(
        f"- `{difference.name}`, from {difference.other}: {difference.text}\n"
        for difference in dict.fromkeys(found)
    )


def numbers(root: Path, book: Book, key: str) -> str:
    """What the authors report, what others report, what was measured here."""
    parts = []
    for data in book.data:
        tables = [table for table in book.tables if table.data == data and at_home(table, key)]
        if tables:
            parts.append(f"### {book.title(data)}\n")
        for table in tables:
            shown = table._replace(rows=rows_of(table, key))
            parts.append(f"{caption(book, shown)}\n\n{own_rows(root, book, shown)}")
    others = list(quotations(book, key))
    if others:
        parts.append("### Reported by others\n\n" + "".join(f"- {line}\n" for line in others))
    if any(MARK in part for part in parts):
        parts.append(f"{LEGEND}\n")
    if not parts:
        parts.append("None is published for deblurring.\n")
    for study in studies(root):
        rows = tuple(row for row in study.rows if row.paper == key)
        if rows:
            where = more(root, study, "../results/")
            parts.append(
                f"### Measured here\n\nTest: {study.test}.{where}\n\n{study_table(book, rows)}"
            )
    told = [
        f"{study['about']}. [How it was run, and what it says]"
        f"(../results/{study['page']}/README.md).\n"
        for study in book.papers[key].get("studies", [])
    ]
    if told:
        parts += ["### Measured here\n", *told]
    return "\n".join(parts)


def rows_of(table: Table, key: str) -> tuple[Row, ...]:
    """The rows of one paper."""
    return tuple(row for row in table.rows if row.paper == key)


def at_home(table: Table, key: str) -> bool:
    """Whether the authors report it themselves, or a row of theirs is trained here."""
    rows = rows_of(table, key)
    return bool(rows) and (table.by == key or any(row.experiments for row in rows))


def own_rows(root: Path, book: Book, table: Table) -> str:
    """The numbers of a table by the names of its networks, ours, and what trains them here."""
    header, *lines = cells(root, book, table, naming=lambda row: label(book, row))
    if table.experiments():
        if OURS not in header:
            header.append(f"ours (`{under(table)}`)")
            for line, row in zip(lines, table.rows, strict=True):
                line.append(ours(root, table, row))
        header.append("experiment")
        for line, row in zip(lines, table.rows, strict=True):
            line.append(", ".join(f"`{experiment}`" for experiment in row.experiments))
    return markdown([header, *lines])


def label(book: Book, row: Row) -> str:
    """A row's name where its paper is known."""
    return row.label or (book.papers[row.paper]["name"] if row.paper else "")


def under(table: Table) -> str:
    """The protocol that our runs of a table's rows are scored by."""
    return table.protocol if table.ours else "gopro"


def ours(root: Path, table: Table, row: Row) -> str:
    """PSNR of the row's experiments under a protocol of ours, if they were run."""
    found = (score_of(root, place, f"{under(table)}/psnr") for place in row.experiments)
    measured = [spread.text(2) for spread in found if spread]
    return ", ".join(measured) or ("not run" if row.experiments else "")


def quotations(book: Book, key: str) -> Iterator[str]:
    """One line per row of the paper in tables that others report."""
    for table in book.tables:
        if at_home(table, key):
            continue
        for row in rows_of(table, key):
            scores = ", ".join(quantity(book.scores[name], row.scores[name]) for name in row.scores)
            network = f", {row.label}" if row.label else ""
            doubt = f" {MARK}" if row.provenance == UNVERIFIED else ""
            yield (
                f"{book.title(table.data)}{network}: {scores}{doubt} "
                f"({reporter(book, table.by)}; {protocol(book, table)})"
            )


def quantity(title: str, value: str) -> str:
    """A number with its name and unit: "PSNR, dB" and "30.1" are "PSNR 30.1 dB"."""
    name, _, unit = title.partition(", ")
    return f"{name} {value} {unit}".rstrip()


def commands(root: Path, book: Book, key: str, code: Code) -> str:
    """What trains each published row and scores it under its protocol, and the studies."""
    lines = []
    for experiment in code.experiments:
        comment = first_comment(root / "conf" / "experiment" / f"{experiment}.yaml")
        tables = [table for table in book.tables if experiment in table.experiments()]
        protocols = sorted({under(table) for table in tables if table.ours}) or ["gopro"]
        scored = f" protocol=[{','.join(['rgb8', *protocols])}]" if tables else ""
        lines.append(f"# {comment.partition('; ')[0]}")
        lines.append(f"deblurkit-train experiment={experiment} paths.data=/data{scored}")
    if "evaluate" in book.papers[key]:
        untrained = [model for model in code.models if model in names(book, key)]
        asked = book.papers[key]["evaluate"]
        lines += [f"deblurkit-eval model={model} {asked}" for model in untrained]
    for name in code.sources:
        lines.append(f"deblurkit-convert source={name} path=checkpoints output={name}.safetensors")
    for study in studies(root):
        if any(row.paper == key for row in study.rows):
            lines += [f"# {study.title}", study.command]
    if not lines:
        return "None yet.\n"
    where = "`/data` holds the data sets, each in a folder of its usual name.\n\n"
    return where + "```bash\n" + "\n".join(lines) + "\n```\n"
