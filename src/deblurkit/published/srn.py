"""SRN's published weights: the variables of a TensorFlow checkpoint, written out by TensorFlow."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from deblurkit.published.importer import placed, tensors_of

SCOPE = "g_net/"
LEAVES = {"weights": "weight", "biases": "bias"}


class SRN:
    """One archive of all variables by full name, such as ``g_net/enc1_2/conv1/weights``.

    They are in TensorFlow's layout: (height, width, in, out), transposed convolutions (height,
    width, out, in). Those of the optimiser and the step are left out.

    Args:
        blocks: Residual blocks per resolution; 3 in the published models.

    Source: the authors' code of Tao et al. (SRN), CVPR 2018, models/model.py.
    """

    needs = ("srn.npz",)
    takes = ()

    def __init__(self, *, blocks: int) -> None:
        self.blocks = blocks

    def parts(self, files: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
        """State of the network.

        Raises:
            InputError: If the file holds another one.
        """
        ((file, content),) = files.items()
        tensors = {}
        for name, values in tensors_of(content, file=file).items():
            if name.startswith(SCOPE) and "Adam" not in name:
                layer, _, kind = name.removeprefix(SCOPE).rpartition("/")
                turned = values.permute(3, 2, 0, 1) if values.ndim == 4 else values
                tensors[f"{layer}.{LEAVES.get(kind, kind)}"] = turned
        return {"deblurrer": placed(tensors, dict(self._names()), file=file)}

    def _names(self) -> Iterator[tuple[str, str]]:
        """Our name of every layer of theirs."""
        yield "convLSTM/LSTM_conv", "recurrence.gates"
        yield "enc1_1", "encoder.at_full.0"
        yield "dec1_0", f"decoder.at_full.{self.blocks}"
        for level, size in ((2, "at_half"), (3, "at_quarter")):
            yield f"enc{level}_1", f"encoder.{size}.0.1"  # behind its border
            yield f"dec{level - 1}_{self.blocks + 1}", f"decoder.{size}.{self.blocks}"
        for level, size in ((1, "at_full"), (2, "at_half"), (3, "at_quarter")):
            for block in range(self.blocks):
                for theirs, ours in (("conv1", "correction.0"), ("conv2", "correction.2")):
                    number = block + 2  # behind the first convolution and its ReLU
                    yield f"enc{level}_{number}/{theirs}", f"encoder.{size}.{number}.{ours}"
                    number = self.blocks - block  # they count down
                    yield f"dec{level}_{number}/{theirs}", f"decoder.{size}.{block}.{ours}"
