"""The method that a command restores with: stored weights, or a classical method's config."""

from omegaconf import DictConfig

from deblurkit.checkpoint import load
from deblurkit.config import build_recipe, plain
from deblurkit.errors import InputError
from deblurkit.methods.frame.base import RestorationMethod


def chosen_method(cfg: DictConfig) -> RestorationMethod:
    """Load ``weights``, or build ``model`` where it needs no training.

    Raises:
        InputError: If neither is given, both are, or the model would have random weights.
    """
    if (cfg.weights is None) == (cfg.get("model") is None):
        raise InputError(
            "give either weights=<checkpoint or safetensors> or a classical model=, not both: "
            "a file of weights knows its own model"
        )
    if cfg.weights is not None:
        return load(cfg.weights, trust=plain(cfg.trust))
    method = build_recipe(plain(cfg.model), trust=plain(cfg.trust))
    if not method.restores_untrained:
        raise InputError(
            f"{type(method).__name__} must be trained first; give its checkpoint with weights="
        )
    return method
