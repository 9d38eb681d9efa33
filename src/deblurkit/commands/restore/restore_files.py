"""Picture files in, restored picture files out.

What was asked for is looked at before torch is imported.
"""

import logging

from omegaconf import DictConfig

from deblurkit.commands.restore.destinations import placed
from deblurkit.commands.shared.results import results_folder
from deblurkit.weights import DEFAULT
from deblurkit.weights.files import existing

log = logging.getLogger(__name__)


def restore_files(cfg: DictConfig) -> int:
    """Restore every picture that can be read; report the others at the end.

    Returns:
        How many could not be restored, by all devices; the first one knows, the others answer 0.
    """
    folder = results_folder(str(cfg.output))
    destinations = placed(cfg, folder)
    if cfg.weights is None and cfg.get("model") is None:
        cfg.weights = DEFAULT
    if cfg.weights is not None:
        existing(cfg.weights)
    from deblurkit.commands.restore.batch import restore_batch

    return restore_batch(cfg, folder, destinations)
