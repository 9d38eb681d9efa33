"""Methods that restore without any training."""

from deblurkit.methods.frame.base import RestorationMethod


class ClassicalMethod(RestorationMethod):
    """Restores as it is built: it writes ``restoration``, and there is nothing to train."""

    restores_untrained = True
