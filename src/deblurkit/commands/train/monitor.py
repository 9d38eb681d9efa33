"""What the best state of a training is chosen by, checked before the first step.

Lightning looks for it after the first validation only, and takes the highest value for the best
one whatever it is a value of.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from deblurkit.callbacks.scores import COLUMNS, Scores
from deblurkit.commands.shared.trainer import homes
from deblurkit.config import instantiate, plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.methods.frame.network import NetworkMethod
from deblurkit.metrics.parts.protocol import Direction

KNOWN_HOMES = ("deblurkit.", "lightning.", "torch.")  # what they log is known
CHOOSERS = frozenset(
    f"lightning.pytorch.callbacks.{name}" for name in ("ModelCheckpoint", "EarlyStopping")
)  # whose mode is min where a config says nothing
WORDS = {"max": "high", "min": "low"}
SEARCHES = {"max": "maximize", "min": "minimize"}  # as Optuna calls them


class Watcher(NamedTuple):
    """A callback that follows a number.

    Attributes:
        key: Its key below ``callbacks``.
        monitor: Name of the number.
        mode: ``max`` or ``min`` where its own config says so.
    """

    key: str
    monitor: str
    mode: Direction | None


def with_directions(
    cfg: DictConfig, method: RestorationMethod, *, validates: bool
) -> tuple[DictConfig, Direction]:
    """The config with ``mode`` of every callback that follows a number.

    Args:
        cfg: Of the run.
        method: What is trained.
        validates: Whether there are validation pictures.

    Returns:
        The config, and the direction of ``monitor``.

    Raises:
        InputError: If a number is not there to be followed, if nobody knows whether it is to rise,
            or if the worst one would be kept.
    """
    directions = logged(cfg, method) if validates else {}
    settled = OmegaConf.merge(cfg)
    assert isinstance(settled, DictConfig)
    for watcher in watchers(cfg):
        if watcher.monitor.startswith("val/"):
            require_measured(cfg, watcher, directions, validates=validates)
        with open_dict(settled):
            settled.callbacks[watcher.key].mode = direction_of(cfg, watcher, directions)
    monitored = directions.get(str(cfg.monitor)) or cfg.get("monitor_mode") or "max"
    for watcher in watchers(settled):
        if watcher.monitor == cfg.monitor:
            monitored = watcher.mode
    require_search(str(cfg.monitor), monitored)
    return settled, monitored


def watchers(cfg: DictConfig) -> Iterator[Watcher]:
    """The callbacks of a run that follow a number."""
    for key, node in cfg.callbacks.items():
        if not isinstance(node, DictConfig) or node.get("monitor") is None:
            continue
        if "mode" in node or str(node.get("_target_")) in CHOOSERS:
            own = None if OmegaConf.is_interpolation(node, "mode") else node.get("mode")
            yield Watcher(str(key), str(node.monitor), own)


def logged(cfg: DictConfig, method: RestorationMethod) -> Mapping[str, Direction | None]:
    """What a validation measures, by name, and which value of it is best."""
    if cfg.callbacks.get("scores") is None:
        return {}
    scores: Scores = instantiate(cfg.callbacks.scores, homes(cfg))
    directions = scores.directions("val")
    if isinstance(method, NetworkMethod) and type(method).__module__.startswith(KNOWN_HOMES):
        for column in COLUMNS:
            if column.startswith("kernel"):  # which no network of ours estimates
                del directions[f"val/{column}"]
    return directions


def require_measured(
    cfg: DictConfig,
    watcher: Watcher,
    directions: Mapping[str, Direction | None],
    *,
    validates: bool,
) -> None:
    """Refuse a score that no validation of this run measures.

    Raises:
        InputError: With those that it measures.
    """
    if not validates:
        raise InputError(
            f"callbacks.{watcher.key} follows {watcher.monitor}, but this run has no validation "
            f"pictures: set data.val, or leave it out with callbacks.{watcher.key}=null"
        )
    targets = [str(node["_target_"]) for node in nodes(plain(cfg.callbacks), plain(cfg.model))]
    if watcher.monitor in directions or not all(t.startswith(KNOWN_HOMES) for t in targets):
        return  # a stranger's class may log what it likes
    names = list(directions)
    near = get_close_matches(watcher.monitor, names, 1, cutoff=0.0)
    listed = f"monitor={near[0]}; there are {', '.join(names)}" if near else "callbacks.scores"
    raise InputError(
        f"callbacks.{watcher.key} follows {watcher.monitor}, which is not measured with protocol="
        f"[{','.join(map(str, cfg.protocol))}]: choose what is measured, such as {listed}"
    )


def nodes(*configs: Any) -> Iterator[Mapping[str, Any]]:
    """All nodes with a target, however deep."""
    for config in configs:
        if isinstance(config, Mapping):
            if "_target_" in config:
                yield config
            yield from nodes(*config.values())
        elif isinstance(config, list):
            yield from nodes(*config)


def direction_of(
    cfg: DictConfig, watcher: Watcher, directions: Mapping[str, Direction | None]
) -> Direction:
    """Whether the highest or the lowest value of what a callback follows is best.

    Raises:
        InputError: If nobody has said so, or the config says the opposite.
    """
    known, chosen = directions.get(watcher.monitor), watcher.mode or cfg.get("monitor_mode")
    if chosen is not None and chosen not in WORDS:
        raise InputError(f"monitor_mode={chosen}: give max (best if high) or min (best if low)")
    direction: Direction | None = chosen or known
    if direction is None:
        raise InputError(
            f"is {watcher.monitor} best if it is high or if it is low? Add monitor_mode=max or "
            "monitor_mode=min"
        )
    if known is not None and chosen is not None and known != chosen:
        key = "monitor_mode" if watcher.mode is None else f"callbacks.{watcher.key}.mode"
        raise InputError(
            f"{watcher.monitor} is best if it is {WORDS[known]}, so that {key}={chosen} would take "
            f"the worst for the best: set {key}={known}"
        )
    return direction


def require_search(monitor: str, direction: Direction) -> None:
    """Refuse a search that looks for the worst.

    Raises:
        InputError: With what to add.
    """
    sweeper = getattr(HydraConfig.get(), "sweeper", {}) if HydraConfig.initialized() else {}
    search, wanted = sweeper.get("direction"), SEARCHES[direction]
    if isinstance(search, str) and search in SEARCHES.values() and search != wanted:
        raise InputError(
            f"{monitor} is best if it is {WORDS[direction]}, so that this search would look for "
            f"the worst: add hydra.sweeper.direction={wanted}"
        )
