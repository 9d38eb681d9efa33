"""Configs: where they lie, how they are composed, and what they may build.

Nothing heavy is imported here, so that ``--help`` and ``--cfg job`` answer without torch.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from deblurkit.errors import InputError

if TYPE_CHECKING:
    from deblurkit.methods.base import RestorationMethod

# What a recipe may name; it may come out of a stranger's checkpoint.
RECIPE_HOMES = ("deblurkit.networks", "deblurkit.methods", "deblurkit.losses", "torch.optim")
# What a run's own config may name besides.
RUN_HOMES = (
    "deblurkit.data",
    "deblurkit.imaging",
    "deblurkit.metrics",
    "deblurkit.callbacks",
    "lightning.pytorch",
    "torch.utils.data",
)
TEACHER = "deblurkit.checkpoint.teacher"
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


def register_resolvers() -> None:
    """Make ``${run_folder:}`` and ``${absolute:path}`` known to the configs."""
    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)
    OmegaConf.register_new_resolver(
        "absolute", lambda path: str(Path(path).expanduser().resolve()), replace=True
    )


register_resolvers()


def compose(*overrides: str, config: str = "train") -> DictConfig:
    """Compose a config as the commands do.

    Args:
        *overrides: As on the command line: ``"model=dclnet"``, ``"data.crop=128"``.
        config: Command whose config it is: ``train``, ``eval``, ``deblur`` or ``blur``.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return hydra_compose(config, list(overrides))


def available_methods() -> list[str]:
    """Keys that ``build`` and ``model=`` take."""
    return sorted(file.stem for file in (conf_dir() / "model").glob("*.yaml"))


def build(key: str, *overrides: str, trust: Sequence[str] = ()) -> "RestorationMethod":
    """Make a method with fresh weights.

    Args:
        key: Name of its config, see ``available_methods``.
        *overrides: Changes below ``model``: ``"backbone.channels=16"``.
        trust: Further packages whose classes the config may name.

    Raises:
        InputError: If there is no such method or no such parameter.
    """
    from hydra.errors import HydraException

    if key not in available_methods():
        raise InputError(f"there is no method {key!r}; there are {', '.join(available_methods())}")
    try:
        cfg = compose(f"model={key}", *(f"model.{override}" for override in overrides))
    except HydraException as error:
        raise InputError(f"{key} cannot be built so: {_first_line(error)}") from error
    return build_recipe(plain(cfg.model), trust=trust)


def build_recipe(recipe: dict[str, Any], *, trust: Sequence[str] = ()) -> "RestorationMethod":
    """Make a method from a plain, resolved ``model`` node, and hand it that node."""
    from deblurkit.methods.base import RestorationMethod

    recipe = with_absolute_paths(recipe)
    method = instantiate(recipe, homes=(*RECIPE_HOMES, *trust))
    if not isinstance(method, RestorationMethod):
        raise InputError(f"{recipe.get('_target_')} is no method; a model config must name one")
    method.recipe = recipe
    return method


def plain(node: Any) -> Any:
    """Resolved dicts, lists, numbers and strings instead of a config node."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def with_absolute_paths(node: Any, key: str = "") -> Any:
    """The same node, with paths of files that exist made independent of the working folder."""
    if isinstance(node, Mapping):
        return {name: with_absolute_paths(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [with_absolute_paths(value, key) for value in node]
    if isinstance(node, str) and key in PATH_KEYS and Path(node).expanduser().exists():
        return str(Path(node).expanduser().resolve())
    return node


def instantiate(node: Any, homes: Sequence[str] = (*RECIPE_HOMES, *RUN_HOMES), **given: Any) -> Any:
    """Make the objects that a node names, if all of them live in trusted packages.

    Args:
        node: A node with ``_target_``.
        homes: Packages that are trusted.
        **given: Further arguments that are objects already.

    Raises:
        InputError: If a target lies elsewhere or does not exist, or its arguments do not fit.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as hydra_instantiate

    node = plain(node)
    for target in targets(node):
        require_trusted(target, homes)
    try:
        if given:  # objects go past Hydra, which would copy them
            return hydra_instantiate({**node, "_partial_": True}, _convert_="all")(**given)
        return hydra_instantiate(node, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InputError):
            raise cause from None
        raise InputError(_first_line(error)) from error


def targets(node: Any) -> Iterator[str]:
    """Every ``_target_`` below a node.

    Raises:
        InputError: If a value is an interpolation: a plain recipe holds none.
    """
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from targets(value)
    elif isinstance(node, str) and "${" in node:
        raise InputError(f"a recipe holds plain values only, not {node!r}")


def require_trusted(target: str, homes: Sequence[str]) -> None:
    """Refuse a target outside the trusted packages, also one reached through their imports.

    Raises:
        InputError: With the packages that are trusted.
    """
    from hydra.utils import get_object

    refusal = InputError(
        f"{target!r} may not be built from a config: only {', '.join(homes)} are trusted; "
        "add a package of your own with trust=[name]"
    )
    if target != TEACHER and not _inside(target, homes):
        raise refusal
    try:
        found = get_object(target)
    except Exception as error:
        raise InputError(f"{target!r} does not exist: {_first_line(error)}") from error
    if target != TEACHER and not _inside(str(getattr(found, "__module__", "")), homes):
        raise refusal
    if target.startswith("torch.optim") and not isinstance(found, type):
        raise refusal


def _inside(name: str, homes: Sequence[str]) -> bool:
    return any(name == home or name.startswith(f"{home}.") for home in homes)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split("\n\n")[0].split())
