"""Which way imports point, and what no file may do."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from hydra.utils import get_object
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from torch import nn
from torchmetrics import Metric

from deblurkit.config import available_methods, compose, conf_dir, plain

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "deblurkit").rglob("*.py"))
GROUND = {"contracts", "errors", "file_tree", "paths", "progress"}
PRIVATE = {"lightning_private", "late"}
FILES = {*GROUND, "storage", "imaging", "weight_files"}
PARTS = {*FILES, "data", "networks", "losses", "metrics"}
FRAME = {*PARTS, "processor", "methods", "trust", "config", "weights", "checkpoint"}
MAY_IMPORT = {
    "contracts": set(),
    "errors": set(),
    "file_tree": {"errors"},
    "paths": set(),
    "progress": set(),
    "storage": GROUND,
    "weight_files": GROUND,  # of strangers
    "imaging": {*GROUND, "storage"},
    "data": FILES,
    "networks": {*GROUND, "imaging", "weight_files"},
    "losses": {*FILES, "networks"},  # distances of features
    "metrics": FILES,
    "late": set(),
    "lightning_private": set(),
    "processor": set(),
    # A YAML hands it networks, a trainer hands it data.
    "methods": {*FILES, *PRIVATE, "losses", "processor"},
    "trust": GROUND,
    "former_names": set(),
    "override_types": GROUND,
    "config": {*GROUND, "late", "trust", "methods", "former_names", "override_types"},
    "weights": {*GROUND, "config"},  # files that come with the install
    "checkpoint": {*FILES, "trust", "methods", "config", "weights"},
    "published": {*GROUND, "weight_files"},  # names of other people's tensors
    "pages": FILES,
    "exporting": {*FILES, "methods", "trust", "__init__"},  # a file notes the version
    "restoring": {
        *{*FILES, "processor", "methods", "config", "weights", "checkpoint", "exporting"},
    },
    "callbacks": {*FRAME, *PRIVATE, "pages"},
    # a run notes the version
    "commands": {
        *(
            *FRAME,
            *PRIVATE,
            "former_names",
            "pages",
            "published",
            "callbacks",
            "restoring",
            "exporting",
            "__init__",
        ),
    },
    "cli": {*FRAME, *PRIVATE, "override_types", "callbacks", "commands", "__init__"},
    "__main__": {"cli"},
    "__init__": {"late"},
}
# A line of a folder's table of contents.
CONTENTS = re.compile(r"^- ``([\w.]+)``: ", re.MULTILINE)
# Each of them is a method of nn.Module that a submodule of this name would hide.
HIDDEN = {"half", "float", "double", "type", "cpu"}


# Private names of other packages that are used here, besides those of Lightning.
OF_OTHERS = {
    *("_foreach_lerp_", "_foreach_mul_", "_foreach_norm", "_cdata"),  # of torch
    "_is_avx512_bf16_supported",  # of torch
    "_plot",  # of torchmetrics, for classes that derive from its own
    *("_get_node", "_value"),  # of OmegaConf
    *("_asdict", "_replace"),  # of named tuples, public for all their underscore
}
THEIRS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Callback, LightningDataModule, LightningModule, Metric, Trainer, nn.Module)
} | {"MethodModule": LightningModule}
# What answers questions about names and files, and what reads pictures without a tensor.
LIGHT = (
    *("errors.py", "storage.py", "former_names.py", "trust.py", "config.py", "weights", "cli"),
    *("commands/shared/names.py", "commands/shared/inputs.py", "commands/shared/record.py"),
    *("weight_files/packages.py", "imaging/formats", "imaging/suffixes.py"),
    *("late/imports.py", "progress.py"),
    *(f"commands/restore/{name}.py" for name in ("restore_files", "destinations", "outcomes")),
)
WITH_TENSORS = {f"imaging/formats/{name}.py" for name in ("files", "picture", "stacks")}


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def part_of(file: Path) -> str:
    return file.relative_to(ROOT / "src" / "deblurkit").parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, at the top, in a function or for types only."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(file)}: write imports in full"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_at_once(file: Path) -> Iterator[str]:
    """What importing a file imports: no types, nothing inside a function."""
    todo: list[ast.AST] = [tree_of(file)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.expr):
            todo += ast.iter_child_nodes(node)


def homes_of(name: str) -> Iterator[Path]:
    """Files of ours that an import of this name runs."""
    package, *parts = name.split(".")
    if package == "deblurkit":
        for depth in range(len(parts) + 1):
            home = (ROOT / "src" / "deblurkit").joinpath(*parts[:depth])
            yield from (home / "__init__.py", home.with_suffix(".py"))


def looks_at_files(file: Path) -> bool:
    place = name_of(file).removeprefix("src/deblurkit/")
    light = any(place == start or place.startswith(f"{start}/") for start in LIGHT)
    return light and place not in WITH_TENSORS


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
    for node in ast.walk(tree_of(file)):
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


def test_what_is_known_to_mislead_is_not_used() -> None:
    """What stands in docs/surprises.md as not to be used: no code and no config names it."""
    misleading = re.compile(r"RandomMotionBlur|safetensors\.numpy|EMAWeightAveraging")
    folders = ("src", "conf", "benchmarks", "studies", "notebooks")
    files = {file for folder in folders for file in (ROOT / folder).rglob("*.*")}
    files -= {ROOT / "studies" / "surprises.py"}  # measures it
    texts = {file: file.read_text() for file in files if file.suffix in {".py", ".yaml", ".ipynb"}}
    assert len(texts) > 400
    assert not [name_of(file) for file, text in texts.items() if misleading.search(text)]


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
            for node in tree_of(file).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(name_of(file))
    assert not {name: files for name, files in homes.items() if len(files) > 1}


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_names_in_docstrings_exist(file: Path) -> None:
    """Those of ours in backticks: in full, of a file of src/deblurkit, or a class of a folder.

    What a folder's table of contents names is below that folder; tests/test_doctests.py looks.
    """
    tree = tree_of(file)
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef
    texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
    named = {name for text in texts for name in re.findall(r"`+([a-z_]+(?:\.\w+)+)`+", text)}
    tops = {source.stem if source.parent.name == "deblurkit" else "" for source in SOURCES}
    folders = {part_of(source) for source in SOURCES}
    table = set(CONTENTS.findall(texts[0])) if file.stem == "__init__" else set()
    for name in named - table:
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
    """What is added around a method is composed: ``restoring.chain``.

    Neither by an assignment nor by a name in a string: what is set by name are modules in a
    network, each in the place of another.
    """
    of_classes, functions, data = names_of_parts()
    replaceable = (of_classes | functions | methods_of(*THEIRS.values())) - data
    for file in SOURCES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                outside = ast.unparse(node.value) != "self" and node.attr in replaceable
                assert not outside, f"{name_of(file)} replaces {ast.unparse(node)}"
            if isinstance(node, ast.Name | ast.Attribute):
                word = node.id if isinstance(node, ast.Name) else node.attr
                assert word not in {"MethodType", "__get__"}, name_of(file)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr"):
                assert name_of(file).endswith("networks/parts/trunk.py"), ast.unparse(node)


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_no_object_replaces_a_method_of_its_own(file: Path) -> None:
    """As ``self.restoration = ...``: what a class does stands in its methods."""
    for part in ast.walk(tree_of(file)):
        if isinstance(part, ast.ClassDef):
            own = inherited(part)
            for node in ast.walk(part):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    assert ast.unparse(node.value) != "self" or node.attr not in own, node.attr


def inherited(part: ast.ClassDef) -> set[str]:
    """Methods of a class, and of the classes that it derives from."""
    methods = {method.name for method in part.body if is_method(method)}
    for base in part.bases:
        name = ast.unparse(base).removeprefix("nn.")
        methods |= methods_of(THEIRS[name]) if name in THEIRS else set()
        for parent in classes().get(name, []):
            methods |= inherited(parent)
    return methods


@cache
def classes() -> dict[str, list[ast.ClassDef]]:
    """Classes of ours by their names."""
    named: dict[str, list[ast.ClassDef]] = {}
    for file in SOURCES:
        for part in tree_of(file).body:
            if isinstance(part, ast.ClassDef):
                named.setdefault(part.name, []).append(part)
    return named


def names_of_parts() -> tuple[set[str], set[str], set[str]]:
    """Names of methods, of functions, and of what any object holds as data."""
    methods, functions = set(), set()
    data = {"weight", "bias"}  # of torch's layers
    for file in SOURCES:
        tree = tree_of(file)
        functions |= {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}
        for part in ast.walk(tree):
            if isinstance(part, ast.ClassDef):
                methods |= {method.name for method in part.body if is_method(method)}
                fields = [
                    line for line in part.body if isinstance(line, ast.AnnAssign | ast.Assign)
                ]
                data |= {name.id for field in fields for name in ast.walk(field) if is_stored(name)}
            if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                data |= {part.attr} if ast.unparse(part.value) == "self" else set()
    return methods, functions, data


def is_stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def is_method(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    """Whether it is called; properties are data, some of them to be set."""
    if not isinstance(node, ast.FunctionDef):
        return False
    return not any("property" in ast.unparse(mark) for mark in node.decorator_list)


def methods_of(*classes: type) -> set[str]:
    return {name for kind in classes for name in dir(kind) if callable(getattr(kind, name, None))}


def test_the_command_line_is_read_and_written_in_one_place() -> None:
    """``record.json`` notes it as it was typed."""
    homes = {
        name_of(file).removeprefix("src/deblurkit/")
        for file in SOURCES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute) and node.attr in {"argv", "orig_argv"}
    }
    assert homes == {"cli/command_line.py", "commands/shared/record.py"}


def test_private_parts_of_others_are_known() -> None:
    """Those of Lightning stand in ``lightning_private.py``, those of torch and others below."""
    own = {name for file in SOURCES for name in private_names(file, ast.Store)}
    for file in SOURCES:
        if file.stem != "lightning_private":
            foreign = set(private_names(file, ast.Load)) - own
            assert foreign <= OF_OTHERS, f"{name_of(file)} uses {sorted(foreign - OF_OTHERS)}"
            for name in imported(file):
                private = any(re.match(r"_[a-z]", part) for part in name.split("."))
                assert not private or name.startswith("torch."), f"{name_of(file)} imports {name}"


def private_names(file: Path, context: type[ast.expr_context]) -> Iterator[str]:
    """Names with an underscore in front: made in a file, or used in it, also in a string."""
    for node in ast.walk(tree_of(file)):
        name = ""
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, context):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and context is ast.Store:
            name = node.name
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "hasattr"}:
            name = node.args[1].value if isinstance(node.args[1], ast.Constant) else ""
        if re.match(r"_[a-z]", name):
            yield name


def test_private_parts_of_lightning_are_of_the_version_that_is_installed() -> None:
    """Whoever moves the version reads them again and says so."""
    text = (ROOT / "src" / "deblurkit" / "lightning_private.py").read_text()
    read = re.search(r"as read in (\d+\.\d+\.\d+)", text)
    assert read is not None
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    assert f"lightning=={read[1]}" in constraints


@pytest.mark.parametrize("file", [file for file in SOURCES if looks_at_files(file)], ids=name_of)
def test_what_looks_at_names_and_files_imports_no_torch(file: Path) -> None:
    """Nor Lightning, on the way to it either: questions are answered at once."""
    seen: set[Path] = set()
    todo = [file]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        for name in imported_at_once(current):
            heavy = name.split(".")[0] in {"torch", "lightning", "torchmetrics"}
            assert not heavy, f"{name_of(current)} imports {name}"
            todo += [home for home in homes_of(name) if home.is_file()]


RESTORING = ("restoring", "networks", "methods", "losses", "commands/restore/batch.py")


@pytest.mark.parametrize("start", RESTORING)
def test_what_restores_imports_nothing_that_only_a_training_needs(start: str) -> None:
    """On no way to it: Lightning alone takes twice the time of torch."""
    folder = ROOT / "src" / "deblurkit" / start
    seen: set[Path] = set()
    todo = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        for name in imported_at_once(current):
            heavy = {"lightning", "torchmetrics", "kornia", "albumentations", "wandb", "skimage"}
            assert name.split(".")[0] not in {*heavy, "scipy"}, f"{name_of(current)}: {name}"
            todo += [home for home in homes_of(name) if home.is_file()]


def test_base_classes_can_be_read_in_one_go() -> None:
    """At most 150 lines, docstrings apart."""
    lengths = {}
    for file in SOURCES:
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.ClassDef) and is_abstract(node):
                lengths[node.name] = lines_of_code(node)
    assert {"RestorationMethod", "TrainedMethod", "ManualMethod", "PerPictureMethod"} <= {*lengths}
    assert not {name: lines for name, lines in lengths.items() if lines > 150}


def is_abstract(node: ast.ClassDef) -> bool:
    """Whether a class leaves something to others; ``TrainedMethod`` leaves it to two more bases."""
    bases = {ast.unparse(base) for base in node.bases}
    decorators = {
        ast.unparse(decorator)
        for part in node.body
        if isinstance(part, ast.FunctionDef)
        for decorator in part.decorator_list
    }
    return "ABC" in bases or "abstractmethod" in decorators or node.name == "TrainedMethod"


def lines_of_code(node: ast.ClassDef) -> int:
    """Lines of a class, without those of docstrings."""
    documented = ast.ClassDef | ast.FunctionDef
    docstrings = [
        inner.body[0]
        for inner in ast.walk(node)
        if isinstance(inner, documented) and ast.get_docstring(inner) is not None
    ]
    said = sum(text.end_lineno - text.lineno + 1 for text in docstrings)
    return node.end_lineno - node.lineno + 1 - said
