"""DeepDeblur's published weights: one file of the authors' PyTorch code."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from deblurkit.errors import InputError
from deblurkit.published.importer import placed, tensors_of

GREY_LEVELS = 255.0


class DeepDeblur:
    """A file such as ``model-1000.pt``: generator ``G``, and critic ``D`` if it had one.

    Args:
        blocks: Residual pairs at each scale.
        scales: Full, half, quarter, ... size.
        span: Width of the range of values that our network works in.

    Raises:
        InputError: If it is not that of the authors' PyTorch code.

    Source: the authors' PyTorch code of Nah et al. (DeepDeblur), CVPR 2017, src/model/.
    """

    needs = ("model-1000.pt",)
    takes = ()

    def __init__(self, *, blocks: int, scales: int, span: float) -> None:
        if span != GREY_LEVELS:
            raise InputError(
                f"these weights work on 255 grey levels, but this model= on a range of {span:g}"
            )
        self.blocks, self.scales = blocks, scales

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of the generator, and of the critic where there is one.

        Raises:
            InputError: If the file holds another network.
        """
        ((file, content),) = files.items()
        if not isinstance(content, Mapping) or "G" not in content:
            raise InputError(f"{file} holds no generator under the name G")
        tensors = tensors_of(content["G"], file=file)
        parts = {"generator": placed(tensors, dict(self._names()), file=file)}
        if "D" in content:
            tensors = tensors_of(content["D"], file=file)
            names = {f"conv_layers.{n}": f"layers.{2 * n}" for n in range(len(tensors))}
            names["dense"] = f"layers.{2 * len(tensors) - 2}"  # the last one
            parts["critic"] = placed(tensors, names, file=file)
        return parts

    def _names(self) -> Iterator[tuple[str, str]]:
        """Our name of every layer of the generator."""
        for scale in range(self.scales):
            for layer in range(self.blocks + 2):
                theirs, ours = f"body_models.{scale}.body.{layer}", f"bodies.{scale}.{layer}"
                yield theirs, ours
                for inner in (0, 2):
                    yield f"{theirs}.body.{inner}", f"{ours}.body.{inner}"
            yield f"conv_end_models.{scale}.uppath.0", f"doublings.{scale - 1}.0"
