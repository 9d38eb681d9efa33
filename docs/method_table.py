"""Writes the README's table of methods out of the first line of every ``conf/model/*.yaml``.

Such a line is ``# <source>; <what else a user should know>``.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- methods: made by `make readme` -->\n", "<!-- end of methods -->\n"


def table() -> str:
    """A line per config, in the order of their names."""
    lines = ["| `model=` | source | |", "| --- | --- | --- |"]
    for file in sorted((ROOT / "conf" / "model").glob("*.yaml")):
        comment = file.read_text().splitlines()[0].removeprefix("#").strip()
        source, _, remark = comment.partition("; ")
        lines.append(f"| `{file.stem}` | {source.rstrip('.')} | {remark.rstrip('.')} |")
    return "\n".join(lines) + "\n"


def renewed(readme: str) -> str:
    """The README with the table of now."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
