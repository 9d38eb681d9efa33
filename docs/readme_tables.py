"""Writes the README's tables out of the first lines of ``conf/model/*.yaml`` and of protocols.

A method's line is ``# <source>; <what else a user should know>``, a protocol's ``# <what>: <how>``.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def methods() -> str:
    """A line per method, in the order of their names."""
    return table(
        "| `model=` | source | |", [(key, *halves(said, "; ")) for key, said in of("model")]
    )


def protocols() -> str:
    """A line per protocol, in the order of their names."""
    return table("| `protocol=` | what is scored, and how |", list(of("protocol")))


def of(group: str) -> list[tuple[str, str]]:
    """Names of a group's configs, each with its first line."""
    files = sorted((ROOT / "conf" / group).glob("*.yaml"))
    return [(f.stem, f.read_text().splitlines()[0].removeprefix("#").strip()) for f in files]


def halves(line: str, border: str) -> tuple[str, str]:
    """What stands before and behind the first border."""
    first, _, second = line.partition(border)
    return first, second


def table(head: str, rows: list[tuple[str, ...]]) -> str:
    """Markdown; the first column is what is typed."""
    lines = [head, "| " + "--- | " * (head.count("|") - 1)]
    for key, *columns in rows:
        lines.append(f"| `{key}` | {' | '.join(column.rstrip('.') for column in columns)} |")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def renewed(readme: str) -> str:
    """The README with the tables of now."""
    for name, made in (("methods", methods()), ("protocols", protocols())):
        begin, end = f"<!-- {name}: made by `make readme` -->\n", f"<!-- end of {name} -->\n"
        before, rest = readme.split(begin)
        _, after = rest.split(end)
        readme = f"{before}{begin}\n{made}\n{end}{after}"
    return readme


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
