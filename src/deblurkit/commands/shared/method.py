"""The method that a command restores with: stored weights, or a classical method's config."""

from omegaconf import DictConfig

from deblurkit.config import plain
from deblurkit.methods.frame.base import RestorationMethod
from deblurkit.restoring.choice import method_of


def chosen_method(cfg: DictConfig) -> RestorationMethod:
    """Load ``weights``, or build ``model`` where it needs no training.

    Raises:
        InputError: If neither is given, both are, or the model would have random weights.
    """
    return method_of(cfg.weights, plain(cfg.get("model")), trust=plain(cfg.trust))
