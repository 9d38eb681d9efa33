"""Methods that restore without any training."""

from deblurkit.methods.frame.base import RestorationMethod


class ClassicalMethod(RestorationMethod):
    """Restores as it is built: it writes ``restoration``, and there is nothing to train.

    >>> class Darker(ClassicalMethod):
    ...     def restoration(self, batch): return {"restored": batch["blurred"] / 2}
    >>> Darker.restores_untrained, Darker().restore(torch.ones(1, 3, 4, 4)).unique()
    (True, tensor([0.5000]))
    """

    restores_untrained = True
