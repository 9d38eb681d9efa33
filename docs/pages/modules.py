"""What the code says about itself: files, classes and docstrings, read without importing."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

Definition = ast.ClassDef | ast.FunctionDef
PACKAGE = Path("src") / "deblurkit"


class Difference(NamedTuple):
    """What a docstring says after ``Differs from``: where, from what, how."""

    name: str
    other: str
    text: str


@cache
def stems(root: Path, group: str) -> list[str]:
    """Names of a config group."""
    return sorted(file.stem for file in (root / "conf" / group).glob("*.yaml"))


def file_of(module: str) -> Path:
    """Path below the checkout of a dotted name such as ``deblurkit.losses.pixel``."""
    return Path("src", *module.split(".")).with_suffix(".py")


def definitions(file: Path) -> Iterator[Definition]:
    """Classes and functions at a file's top."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, Definition):
            yield node


def summary(file: Path) -> str:
    """First sentence of a file's docstring."""
    text = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").split("\n\n")[0].split())
    return plain(text.rstrip("."))


def targets(config: Path) -> list[tuple[str, str]]:
    """Modules and names of ours that a config makes objects of, by itself or by its groups."""
    text = config.read_text()
    groups = re.findall(r"^ *- (\w+)@[\w.]+: (\w+)$", text, re.MULTILINE)
    text += "".join(
        (config.parent / group / f"{choice}.yaml").read_text() for group, choice in groups
    )
    found = re.findall(r"_target_: *deblurkit\.([\w.]+)\.(\w+)", text)
    return list(dict.fromkeys((f"deblurkit.{module}", name) for module, name in found))


def imported(file: Path) -> list[tuple[str, str]]:
    """Modules and names of networks and losses that a file imports."""
    return [
        (node.module, alias.name)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if node.module.startswith(("deblurkit.networks.", "deblurkit.losses."))
    ]


def differences(file: Path, *, names: set[str] | None = None) -> list[Difference]:
    """Of the definitions of a file, or of some of them, and of the file itself."""
    tree = ast.parse(file.read_text())
    found = [] if names else [(file.stem, ast.get_docstring(tree))]
    found += [
        (node.name, ast.get_docstring(node))
        for node in definitions(file)
        if names is None or node.name in names
    ]
    return [difference for name, text in found for difference in differing(name, text or "")]


def differing(name: str, docstring: str) -> Iterator[Difference]:
    """``Differs from <other>: <text>``, up to the next section of the docstring."""
    for found in re.finditer(
        r"Differs from ([^:]+):(.*?)(?=\n *\n|\n *[A-Z]\w+:(?:\s|$)|\nDiffers from|\Z)",
        docstring,
        re.DOTALL,
    ):
        other, text = (" ".join(part.split()) for part in found.groups())
        yield Difference(name, plain(other), plain(text))


def plain(text: str) -> str:
    """A docstring's marks as Markdown has them."""
    return text.replace("``", "`")


def scores_of_protocol(root: Path, protocol: str) -> tuple[str, ...]:
    """Names of what a protocol's class measures."""
    config = root / "conf" / "protocol" / f"{protocol}.yaml"
    found = [
        line.value
        for module, name in targets(config)
        for node in definitions(root / file_of(module))
        if node.name == name
        for line in node.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "scores"
    ]
    return tuple(ast.literal_eval(found[0])) if found else ()
