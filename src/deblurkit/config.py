"""Configs: where they lie, how they are composed, and what is built from them.

Nothing heavy is imported here, so that ``--help`` and ``--cfg job`` answer without torch.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from deblurkit.errors import ArgumentsError, InputError, sentence
from deblurkit.former_names import with_current_names
from deblurkit.late.imports import without_collection
from deblurkit.override_types import with_types
from deblurkit.paths import expanded
from deblurkit.trust import RECIPE_HOMES, RUN_HOMES, parts, require_fitting, trusted

if TYPE_CHECKING:
    from deblurkit.methods.frame.base import RestorationMethod

PATH_KEYS = frozenset({"weights", "path", "file", "folder", "root"})


def conf_dir() -> Path:
    """Folder of the configs: inside an installed wheel, or at the root of a checkout."""
    package = Path(__file__).resolve().parent
    candidates = (package / "conf", package.parents[1] / "conf")
    for folder in candidates:
        if (folder / "train.yaml").is_file():
            return folder
    raise InputError(f"the configs are missing: neither {candidates[0]} nor {candidates[1]} exists")


def run_folder() -> str:
    """Folder of the current run; ``runs/notebook`` outside the commands."""
    from hydra.core.hydra_config import HydraConfig

    if HydraConfig.initialized():
        return str(HydraConfig.get().runtime.output_dir)
    return str(Path("runs/notebook").resolve())


def choice(group: str) -> str | None:
    """What a group of configs was set to on the command line or by default."""
    from hydra.core.hydra_config import HydraConfig

    if not HydraConfig.initialized():
        return None
    chosen = HydraConfig.get().runtime.choices.get(group)
    return None if chosen is None else str(chosen)


def register_resolvers() -> None:
    """Make ``${run_folder:}`` and ``${absolute:path}`` known to the configs."""
    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)
    OmegaConf.register_new_resolver(
        "absolute", lambda path: str(expanded(path).resolve()), replace=True
    )


register_resolvers()


def compose(*overrides: str, config: str = "train") -> DictConfig:
    """Compose a config as the commands do.

    >>> compose("model=wiener", "model.steps=10").model.steps
    10

    Args:
        *overrides: As on the command line: ``"model=dclnet"``, ``"data.crop=128"``.
        config: Command whose config it is: ``train``, ``eval``, ``deblur``, ``blur``, ``data`` or
            ``convert``.

    Raises:
        InputError: If an override does not fit.
    """
    from hydra.errors import HydraException

    folder = conf_dir()
    try:
        changes = with_types(overrides, partial(_defaults, folder, config), [folder])
        return composed(folder, config, changes)
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(mistake(error)) from error


def composed(folder: Path, config: str, overrides: Sequence[str]) -> DictConfig:
    """A config of a folder as Hydra composes it.

    Raises:
        HydraException: If an override does not fit.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    around = GlobalHydra.instance().hydra  # of a program that is itself run by Hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            return hydra_compose(config, [*overrides])
    finally:
        GlobalHydra.instance().hydra = around


def _defaults(folder: Path, config: str, choices: Sequence[str]) -> DictConfig:
    """A config of these groups without any change of a value, which is not to be changed."""
    return _composed_once(folder, config, tuple(choices))


@cache
def _composed_once(folder: Path, config: str, choices: tuple[str, ...]) -> DictConfig:
    return composed(folder, config, choices)


def mistake(error: Exception) -> str:
    """What is wrong with an override or a config, out of Hydra's or OmegaConf's error."""
    from hydra.errors import MissingConfigException, OverrideParseException

    cause = error.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"there is no {group} {name!r}; {_choice(name, error.options or _options(group))}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override!r} cannot be read: a change is written key=value, "
            "and a value with special characters in quotes within quotes: \"key='a, b'\""
        )
    if isinstance(cause, OmegaConfBaseException) and isinstance(cause.parent_node, DictConfig):
        keys = [str(key) for key in cause.parent_node]
        return f"there is no {cause.full_key}; {_choice(str(cause.key), keys)}"
    if several := re.match(r"Ambiguous value for argument '(.*?)'\n1\.", str(error), re.DOTALL):
        return (
            f"{several[1]!r} has several values: a list is written in [ ], a text with commas in "
            "quotes within quotes, and -m runs one after the other"
        )
    if missing := re.search(r"Missing mandatory value: (\S+)", str(error)):
        return _without_value(missing[1])
    if "Could not override 'model/teacher@" in str(error):
        return "teacher= is for a model that has a teacher, such as model=weak_selfdeblur"
    if unknown := re.search(r"Could not override '([^']+)'\. No match in the defaults", str(error)):
        return f"this command takes no {unknown[1]}=; --help lists what it takes"
    return sentence(error).split(" full_key:")[0]


def _choice(wanted: str, options: Sequence[str]) -> str:
    close = get_close_matches(wanted, options, 1)
    listed = ", ".join(option for option in options if not option.startswith("_"))
    return f"did you mean {close[0]}? There are {listed}" if close else f"there are {listed}"


def _options(group: str) -> list[str]:
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml"))


def _without_value(key: str) -> str:
    """How to give a value that a config leaves open, with what its comment says."""
    from hydra.core.hydra_config import HydraConfig

    group, _, name = key.partition(".")
    choices = HydraConfig.get().runtime.choices if HydraConfig.initialized() else {}
    file = conf_dir() / group / f"{choices.get(group)}.yaml"
    line = rf"(?m)^{name}: \?\?\? *#? *(.*)$"
    comment = re.search(line, file.read_text("utf-8")) if file.is_file() else None
    said = f": {comment[1]}" if comment and comment[1] else ""
    return f"{key} has no value yet, give {key}=<value>{said}"


def available_methods() -> list[str]:
    """Keys that ``build`` and ``model=`` take.

    >>> "dclnet" in available_methods()
    True
    """
    return sorted(file.stem for file in (conf_dir() / "model").glob("*.yaml"))


def build(key: str, *overrides: str, trust: Sequence[str] = ()) -> "RestorationMethod":
    """Make a method with fresh weights.

    >>> method = build("dclnet_tiny", "backbone.channels=8")
    >>> method.restore(torch.rand(1, 3, 30, 50)).shape
    torch.Size([1, 3, 30, 50])

    Args:
        key: Name of its config, see ``available_methods``.
        *overrides: Changes below ``model``: ``"backbone.channels=16"``.
        trust: Further packages whose classes the config may name.

    Raises:
        InputError: If there is no such method or no such parameter.
    """
    if key not in available_methods():
        raise InputError(f"there is no method {key!r}; {_choice(str(key), available_methods())}")
    cfg = compose(f"model={key}", *(f"model.{override}" for override in overrides))
    return build_recipe(plain(cfg.model), trust=trust)


def build_recipe(recipe: dict[str, Any], *, trust: Sequence[str] = ()) -> "RestorationMethod":
    """Make a method from a plain, resolved ``model`` node, and hand it that node."""
    with without_collection():
        from deblurkit.methods.frame.base import RestorationMethod

    parts(recipe)  # before anything walks through it
    recipe = with_absolute_paths(with_current_names(recipe))
    method = instantiate(recipe, homes=(*RECIPE_HOMES, *trust))
    if not isinstance(method, RestorationMethod):
        raise InputError(f"{recipe.get('_target_')} is no method; a model config must name one")
    method.recipe = recipe
    return method


def plain(node: Any) -> Any:
    """Resolved dicts, lists, numbers and strings instead of a config node.

    Raises:
        InputError: If a value is missing or refers to one that does not exist.
    """
    try:
        return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    except OmegaConfBaseException as error:
        raise InputError(mistake(error)) from error


def with_absolute_paths(node: Any, key: str = "") -> Any:
    """The same node, with paths of files that exist made independent of the working folder."""
    if isinstance(node, Mapping):
        return {name: with_absolute_paths(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [with_absolute_paths(value, key) for value in node]
    if isinstance(node, str) and key in PATH_KEYS and expanded(node).exists():
        return str(expanded(node).resolve())
    return node


def instantiate(
    node: Any, homes: Sequence[str] = (*RECIPE_HOMES, *RUN_HOMES), **objects: Any
) -> Any:
    """Make the objects that a node names, if all of them live in trusted packages.

    Args:
        node: A node with ``_target_``.
        homes: Packages that are trusted.
        **objects: Further arguments that are objects already.

    Raises:
        InputError: If a target lies elsewhere or does not exist, or its arguments do not fit.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as hydra_instantiate

    node = plain(node)
    parts(node)  # before anything walks through it
    node = with_current_names(node)
    for part in parts(node):  # all of them, before anything is imported
        target = trusted(part["_target_"], homes)
        require_fitting(target, part)
    try:
        if objects:  # they go past Hydra, which would copy them
            return hydra_instantiate({**node, "_partial_": True}, _convert_="all")(**objects)
        return hydra_instantiate(node, _convert_="all")
    except Exception as error:
        cause = error.__cause__ if isinstance(error, InstantiationException) else error
        if isinstance(cause, ArgumentsError):  # its way out is the one that led here
            cause = cause.__cause__
        if isinstance(cause, InputError):
            raise cause from None
        cause = cause or error
        reason = f"{sentence(cause)} ({type(cause).__name__})"
        raise InputError(f"{node['_target_']} cannot be built so: {reason}") from error
