"""Which way imports point, and what no file may do."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_object

from deblurkit.config import available_methods, compose, conf_dir, plain

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "deblurkit").rglob("*.py"))
GROUND = {"contracts", "errors"}
PRIVATE = {"lightning_private"}
FILES = {*GROUND, "storage", "imaging", "weight_files"}
PARTS = {*FILES, "data", "networks", "losses", "metrics"}
FRAME = {*PARTS, "methods", "trust", "config", "weights", "checkpoint"}
MAY_IMPORT = {
    "contracts": set(),
    "errors": set(),
    "storage": GROUND,
    "weight_files": GROUND,  # of strangers
    "imaging": {*GROUND, "storage"},
    "data": FILES,
    "networks": {*GROUND, "imaging", "weight_files"},
    "losses": {*FILES, "networks"},  # distances of features
    "metrics": FILES,
    "lightning_private": set(),
    "methods": {*FILES, *PRIVATE, "losses"},  # a YAML hands it networks, a trainer hands it data
    "trust": GROUND,
    "former_names": set(),
    "config": {*GROUND, "trust", "methods", "former_names"},
    "weights": set(),  # files that come with the install
    "checkpoint": {*FILES, "trust", "methods", "config", "weights"},
    "published": {*GROUND, "weight_files"},  # names of other people's tensors
    "pages": FILES,
    "restoring": {*FILES, "methods", "config", "weights", "checkpoint"},
    "callbacks": {*FRAME, *PRIVATE, "pages"},
    # a run notes the version
    "commands": {*FRAME, "pages", "published", "callbacks", "restoring", "__init__"},
    "cli": {*FRAME, "callbacks", "commands", "__init__"},
    "__init__": set(),
}
# Each of them is a method of nn.Module that a submodule of this name would hide.
HIDDEN = {"half", "float", "double", "type", "cpu"}


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def part_of(file: Path) -> str:
    return file.relative_to(ROOT / "src" / "deblurkit").parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, at the top, in a function or for types only."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(file)}: write imports in full"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_imports_point_one_way(file: Path) -> None:
    part = part_of(file)
    assert part in MAY_IMPORT, f"say in this test what {part} may import"
    ours = [name.split(".") for name in imported(file) if name.split(".")[0] == "deblurkit"]
    parts = {names[1] if len(names) > 1 else "__init__" for names in ours}
    assert parts <= {part, *MAY_IMPORT[part]}


@pytest.mark.parametrize(
    "file", [file for file in SOURCES if part_of(file) == "networks"], ids=name_of
)
def test_networks_need_torch_only(file: Path) -> None:
    allowed = {"torch", "jaxtyping", "deblurkit", "collections", "typing", "math", "functools"}
    allowed |= {"abc", "dataclasses", "itertools"}
    allowed |= {"safetensors", "timm"}  # published weights, and trunks of others; at first use
    assert {name.split(".")[0] for name in imported(file)} <= allowed


def test_files_stay_short_and_say_what_they_are_for() -> None:
    long = [name_of(file) for file in SOURCES if len(file.read_text().splitlines()) > 300]
    assert not long, "at most 300 lines each"
    assert not [name_of(file) for file in SOURCES if file.stem == "utils"]


def test_annotations_are_evaluated() -> None:
    """Shapes are checked through annotations; strings would escape the check."""
    assert not [name_of(file) for file in SOURCES if "__future__.annotations" in imported(file)]


@pytest.mark.parametrize(
    "file",
    [file for file in SOURCES if part_of(file) in {"networks", "losses", "methods"}],
    ids=name_of,
)
def test_no_attribute_hides_a_method_of_modules(file: Path) -> None:
    hidden = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                hidden.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = node.func.attr in {"register_buffer", "register_parameter", "add_module"}
            if named and node.args and isinstance(node.args[0], ast.Constant):
                hidden.add(node.args[0].value)
    assert not hidden & HIDDEN


def test_nothing_imports_torchvision() -> None:
    """Its wheel does not import beside a CPU-only torch, and takes torchmetrics down with it."""
    folders = ("src", "tests", "benchmarks", "studies", "docs")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    guilty = [name_of(file) for file in files if any("torchvision" in n for n in imported(file))]
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        if "torchvision" in notebook.read_text():
            guilty.append(name_of(notebook))
    for config in (ROOT / "conf").rglob("*.yaml"):
        if re.search(r"_target_:\s*torchvision", config.read_text()):
            guilty.append(name_of(config))
    assert not guilty


@pytest.mark.parametrize(
    "file",
    [file for group in ("model", "data") for file in sorted((conf_dir() / group).rglob("*.yaml"))],
    ids=name_of,
)
def test_configs_begin_with_what_they_are(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    assert re.match(r"# \S", first)


@pytest.mark.parametrize("key", available_methods())
def test_every_number_of_a_method_is_in_its_config(key: str) -> None:
    for target, node in targets(plain(compose(f"model={key}").model)):
        parameters = inspect.signature(get_object(target)).parameters.values()
        needed = {
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        }
        assert needed <= node.keys(), f"{target} leaves arguments out"


def targets(node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Nodes that make an object at once; factories get more arguments later."""
    if isinstance(node, Mapping):
        if "_target_" in node and not node.get("_partial_"):
            yield node["_target_"], node
        for value in node.values():
            yield from targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from targets(value)


def test_folders_hold_no_more_than_a_reader_takes_in() -> None:
    """Of methods and networks a file is a paper."""
    for folder in {file.parent for file in SOURCES}:
        files = [file for file in folder.glob("*.py") if file.stem != "__init__"]
        assert len(files) <= 15 or folder.name in {"methods", "networks"}, name_of(folder)


def test_no_two_classes_have_one_name() -> None:
    """But for papers' networks and importers, where the file says whose it is."""
    homes: dict[str, list[str]] = {}
    for file in SOURCES:
        if part_of(file) not in {"networks", "published"}:
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(name_of(file))
    assert not {name: files for name, files in homes.items() if len(files) > 1}


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_names_in_docstrings_exist(file: Path) -> None:
    """Those of ours in backticks: in full, of a file of src/deblurkit, or a class of a folder."""
    tree = ast.parse(file.read_text())
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    named = {name for text in texts for name in re.findall(r"`+([a-z_]+(?:\.\w+)+)`+", text)}
    tops = {source.stem if source.parent.name == "deblurkit" else "" for source in SOURCES}
    folders = {part_of(source) for source in SOURCES}
    for name in named:
        first, _, rest = name.partition(".")
        of_file = first in tops and rest not in {"yaml", "csv", "json", "py"}
        if of_file or (first in folders and name.rpartition(".")[2][0].isupper()):
            assert is_ours(f"deblurkit.{name}"), name
        assert first != "deblurkit" or is_ours(name), name


def is_ours(name: str) -> bool:
    """Whether there is such a module, or such a thing in one."""
    home, _, last = name.rpartition(".")
    if find_spec(home) is not None and hasattr(import_module(home), last):
        return True
    return find_spec(home) is not None and find_spec(name) is not None


def test_tests_import_no_other_test() -> None:
    for file in sorted((ROOT / "tests").rglob("*.py")):
        modules = {part for name in imported(file) for part in name.split(".")[:-1]}
        assert not {part for part in modules if part.startswith("test_")}, name_of(file)


def test_no_method_is_replaced_from_outside() -> None:
    """What is added around a method is composed: ``restoring.chain``."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    replaced = isinstance(target, ast.Attribute) and target.attr == "restoration"
                    assert not replaced, name_of(file)


def test_the_command_line_is_read_and_written_in_one_place() -> None:
    """``record.json`` notes it as Hydra read it."""
    homes = {
        name_of(file).removeprefix("src/deblurkit/")
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "argv"
    }
    assert homes == {"cli/command_line.py", "commands/shared/record.py"}


def test_private_parts_of_lightning_stand_in_one_file() -> None:
    """``lightning_private.py`` says of which version they are."""
    for file in SOURCES:
        if file.stem == "lightning_private":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                assert "trainer" not in ast.unparse(node.value), name_of(file)
                assert "loop" not in ast.unparse(node.value), name_of(file)
