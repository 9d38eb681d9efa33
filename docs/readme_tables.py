"""Writes the tables of methods, protocols, exports and former names into the pages that hold them.

A method's line is ``# <source>; <what else a user should know>``, a protocol's ``# <what>: <how>``.
"""

from pathlib import Path

import yaml

from deblurkit.former_names import MODULES, NAMES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def methods() -> str:
    """A line per method, in the order of their names."""
    return table(
        "| `model=` | source | |", [(key, *halves(said, "; ")) for key, said in of("model")]
    )


def protocols() -> str:
    """A line per protocol, in the order of their names."""
    return table("| `protocol=` | what is scored, and how |", list(of("protocol")))


def former_names() -> str:
    """A line per module, then one per class, that was called otherwise before."""
    pairs = [*sorted(MODULES.items()), *sorted(NAMES.items())]
    return table("| before | now |", [(old, f"`{new}`") for old, new in pairs])


def exports() -> str:
    """A line per network that was exported, in the order of their names."""
    kinds = ("torch", "onnx", "openvino")
    stored = yaml.safe_load((DOCS / "exports.yaml").read_text())
    rows = []
    for key, said in stored.items():
        if "not tried" in said:
            rows.append((key, "not tried", "", "", said["not tried"]))
        else:
            numbers = [said.get(kind) for kind in kinds]
            words = [f"{kind}: {said[kind]}" for kind in kinds if isinstance(said.get(kind), str)]
            cells = [
                f"{number:.0e}".replace("0e+00", "0") if isinstance(number, float) else "no"
                for number in numbers
            ]
            rows.append((key, *cells, "; ".join(words)))
    return table("| `model=` | `format=torch` | ONNX Runtime | OpenVINO | in the way |", rows)


def of(group: str) -> list[tuple[str, str]]:
    """Names of a group's configs, each with its first line."""
    files = sorted((ROOT / "conf" / group).glob("*.yaml"))
    return [(f.stem, f.read_text().splitlines()[0].removeprefix("#").strip()) for f in files]


def halves(line: str, border: str) -> tuple[str, str]:
    """What stands before and behind the first border that is in no parentheses."""
    pieces = line.split(border)
    for count in range(1, len(pieces) + 1):
        first = border.join(pieces[:count])
        if first.count("(") == first.count(")"):
            return first, border.join(pieces[count:])
    return line, ""


def table(head: str, rows: list[tuple[str, ...]]) -> str:
    """Markdown; the first column is what is typed."""
    lines = [head, "| " + "--- | " * (head.count("|") - 1)]
    for key, *columns in rows:
        lines.append(f"| `{key}` | {' | '.join(column.rstrip('.') for column in columns)} |")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def renewed(page: str, name: str, made: str) -> str:
    """The page with its table of now."""
    begin, end = f"<!-- {name}: made by `make tables` -->\n", f"<!-- end of {name} -->\n"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{made}\n{end}{after}"


def pages() -> dict[Path, str]:
    """Each page that holds a table, with its text of now."""
    tables = {
        DOCS / "methods.md": ("methods", methods()),
        DOCS / "protocols.md": ("protocols", protocols()),
        DOCS / "migrating.md": ("former names", former_names()),
        DOCS / "export.md": ("exports", exports()),
    }
    return {file: renewed(file.read_text(), *made) for file, made in tables.items()}


if __name__ == "__main__":
    for file, text in pages().items():
        file.write_text(text)
