"""Tables of contents are complete, and whatever they name shows by an example how it is used.

The docstring of a folder's ``__init__.py`` is its table, "- ``module.Name``: what it is." per
line. It has to name what a config or another folder uses, and what other files derive from.
"""

import ast
import re
from doctest import DocTestParser, DocTestRunner
from functools import cache
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
import torch

import deblurkit
from deblurkit.config import conf_dir

SOURCE = Path(deblurkit.__file__).parent
FOLDERS = ("imaging", "losses", "methods", "metrics", "networks")
LINE = re.compile(r"^- ``([\w.]+)``: \S", re.MULTILINE)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def table_of(folder: str) -> list[str]:
    """What a folder's table names, in full."""
    text = ast.get_docstring(tree_of(SOURCE / folder / "__init__.py")) or ""
    return [f"deblurkit.{folder}.{name}" for name in LINE.findall(text)]


def shows(part: ast.AST) -> bool:
    """Whether a class or function has an example."""
    return isinstance(part, ast.ClassDef | ast.FunctionDef) and ">>>" in (
        ast.get_docstring(part) or ""
    )


def with_examples() -> list[str]:
    """All classes and functions of modules that have one, in full."""
    return [
        f"{'.'.join(['deblurkit', *file.relative_to(SOURCE).with_suffix('').parts])}.{part.name}"
        for file in sorted(SOURCE.rglob("*.py"))
        for part in tree_of(file).body
        if shows(part)
    ]


NAMED = [name for folder in FOLDERS for name in table_of(folder)]
PUBLIC = [f"deblurkit.{name}" for name in deblurkit.__all__]
OTHERS = [name for name in with_examples() if name not in NAMED]


@pytest.fixture(scope="module")  # of a module: all examples run in one process
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where examples write their files."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.parametrize("name", [*PUBLIC, *NAMED, *OTHERS])
def test_what_is_named_exists_and_its_example_runs(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _, last = name.rpartition(".")
    thing = getattr(import_module(home), last)
    module = import_module(thing.__module__)
    assert home in {"deblurkit", module.__name__}, f"{name} is only imported there"
    given = {"torch": torch, "deblurkit": deblurkit, **vars(module)}
    example = DocTestParser().get_doctest(thing.__doc__ or "", given, name, module.__file__, 0)
    assert example.examples, f"show in the docstring of {name} how it is used"
    monkeypatch.chdir(folder)
    said = StringIO()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        DocTestRunner().run(example, out=said.write)
    if said.getvalue():
        pytest.fail(said.getvalue())


@pytest.mark.parametrize("folder_name", FOLDERS)
def test_a_table_names_what_is_used_elsewhere(folder_name: str) -> None:
    named = table_of(folder_name)
    assert len(named) == len(set(named))
    defined = {
        f"{module_of(file)}.{part.name}"
        for file in (SOURCE / folder_name).rglob("*.py")
        for part in parts_of(file)
        if isinstance(part, ast.ClassDef | ast.FunctionDef) and not part.name.startswith("_")
    }
    assert (used_elsewhere(folder_name) & defined) <= set(named)


def test_no_example_is_left_out() -> None:
    """Those of methods of a class would not be run."""
    nested = {
        f"{module_of(file)}.{part.name}"
        for file in SOURCE.rglob("*.py")
        for part in ast.walk(tree_of(file))
        if shows(part) and part not in parts_of(file)
    }
    assert nested == set()


@pytest.mark.parametrize("folder_name", FOLDERS)
def test_a_table_imports_nothing(folder_name: str) -> None:
    (text,) = parts_of(SOURCE / folder_name / "__init__.py")
    assert isinstance(text, ast.Expr)


def used_elsewhere(folder_name: str) -> set[str]:
    """Names below a folder that configs and other folders use, and that other files derive from."""
    start = f"deblurkit.{folder_name}."
    used = {
        name
        for file in conf_dir().rglob("*.yaml")
        for name in re.findall(r"\bdeblurkit\.[\w.]+", file.read_text())
    }
    for file in SOURCE.rglob("*.py"):
        names = names_in(file)
        if file.relative_to(SOURCE).parts[0] != folder_name:
            used |= set(names.values())
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.ClassDef):
                used |= {names.get(ast.unparse(base), "") for base in node.bases}
    return {name for name in used if name.startswith(start)}


@cache
def names_in(file: Path) -> dict[str, str]:
    """What a file writes for things of ours, ``Name`` or ``module.Name``, and what they are."""
    nodes = list(ast.walk(tree_of(file)))
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deblurkit")
        for alias in node.names
    }
    dotted = {
        f"{node.value.id}.{node.attr}": f"{names[node.value.id]}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id in names
    }
    return names | dotted


def module_of(file: Path) -> str:
    return ".".join(["deblurkit", *file.relative_to(SOURCE).with_suffix("").parts])


def parts_of(file: Path) -> list[ast.stmt]:
    return tree_of(file).body
