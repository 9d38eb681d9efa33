"""What a config may build; it may come out of a stranger's checkpoint or run folder.

Nothing heavy is imported here.
"""

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from deblurkit.errors import InputError, sentence

# What a recipe may name; it may come out of a stranger's checkpoint.
RECIPE_HOMES = ("deblurkit.networks", "deblurkit.methods", "deblurkit.losses", "torch.optim")
# What a run's own config may name besides.
RUN_HOMES = (
    "deblurkit.data",
    "deblurkit.metrics",
    "deblurkit.callbacks",
    "deblurkit.restoring.teacher",
    "lightning.pytorch.Trainer",
    "lightning.pytorch.trainer",
    "lightning.pytorch.callbacks",
    "lightning.pytorch.loggers",
    "lightning.pytorch.plugins",
    "lightning.pytorch.profilers",
    "lightning.pytorch.strategies",
)
# Where only classes may be named: functions there read and write files, or call what they are told.
CLASS_HOMES = ("deblurkit.metrics", "deblurkit.callbacks", "lightning", "torch")
TEACHER = "deblurkit.checkpoint.teacher"
DEPTH, VALUES = 64, 100_000  # of a recipe; those of conf/model have 9 and 200


def parts(node: Any) -> list[Mapping[str, Any]]:
    """Every node with a ``_target_``, the outer ones before the inner ones.

    Raises:
        InputError: If a value is an interpolation or no plain value: Hydra would look into it; or
            if there are more values, or deeper ones, than any method has.
    """
    constructed: list[Mapping[str, Any]] = []
    waiting, seen = [(node, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEPTH or seen > VALUES:
            raise InputError(
                f"a recipe has at most {VALUES} values, {DEPTH} deep; this one is no method's"
            )
        if isinstance(value, dict | list):
            constructed += [value] if isinstance(value, dict) and "_target_" in value else []
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(part, depth + 1) for part in inner]
        elif (isinstance(value, str) and "${" in value) or not _is_plain(value):
            raise InputError(f"a recipe holds plain values only, not {value!r:.200}")
    return constructed


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | None)


def trusted(target: Any, homes: Sequence[str]) -> Any:
    """The class or function of a name, which a trusted package must define itself.

    What such a package imports is refused, and so are methods, which can do more than a
    constructor: ``load_from_checkpoint`` runs what a file tells it to.

    Raises:
        InputError: If it is refused, or does not exist.
    """
    from hydra.utils import get_object

    refusal = InputError(
        f"{target!r} may not be built from a config: it could run foreign code; "
        "trust a package of your own with trust=[name]"
    )
    if not isinstance(target, str) or (target != TEACHER and not _inside(target, homes)):
        raise refusal
    if _inside(target, (*RECIPE_HOMES, *RUN_HOMES)) and "._" in target:
        raise refusal  # such functions trust those that call them
    try:
        named = get_object(target)
    except Exception as error:
        raise InputError(f"{target!r} does not exist: {sentence(error)}") from error
    module, name = (str(getattr(named, key, ".")) for key in ("__module__", "__qualname__"))
    own = target == TEACHER or (_inside(module, homes) and "." not in name)
    if not own or (_inside(module, CLASS_HOMES) and not isinstance(named, type)):
        raise refusal
    return named


def require_fitting(target: Any, node: Mapping[str, Any]) -> None:
    """Refuse a plain value whose type a constructor does not take.

    Raises:
        InputError: With the value and the type.
    """
    try:
        constructor = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]
        hints = get_type_hints(constructor)
    except (NameError, TypeError, AttributeError):  # hints that are for a type checker only
        return
    for name, value in node.items():
        if name in hints and not isinstance(value, dict | list):
            kinds, words = _kinds(hints[name])
            if value not in words and not _is_one_of(value, kinds):
                wanted = [getattr(kind, "__name__", str(kind)) for kind in kinds] + words
                raise InputError(
                    f"{name}={value!r} does not fit {node['_target_']}: "
                    f"it takes {' or '.join(map(str, wanted))}"
                )


def _kinds(hint: Any) -> tuple[list[Any], list[Any]]:
    """Types that a hint names, without what they hold, and single values that it names."""
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [
        get_origin(member) or member for member in members if get_origin(member) is not Literal
    ]
    literals = (member for member in members if get_origin(member) is Literal)
    words = [word for literal in literals for word in get_args(literal)]
    return kinds, words


def _is_one_of(value: Any, kinds: list[Any]) -> bool:
    if not all(isinstance(kind, type) for kind in kinds):
        return True  # a TypeVar: the constructor looks itself
    try:
        return isinstance(value, (*kinds, int) if float in kinds else tuple(kinds))
    except TypeError:  # Any, a protocol
        return True


def _inside(name: str, homes: Sequence[str]) -> bool:
    return any(name == home or name.startswith(f"{home}.") for home in homes)
