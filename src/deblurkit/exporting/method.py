"""An exported network as a method: it restores pictures as the weights did that it is made of."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

from deblurkit.contracts import Images
from deblurkit.errors import InputError, sentence
from deblurkit.exporting.reading import ExportedFile, read_exported
from deblurkit.exporting.runtimes import ONNXRuntime, OpenVINO, Runtime
from deblurkit.methods.frame.network import NetworkMethod

MEMORY = ("alloc", "memory")  # words of runtimes that have been refused memory


class ExportedNetwork(nn.Module):
    """Runs a graph on the CPU; it pads and crops for itself.

    Args:
        runtime: That runs it.
        multiple: What the places of tiles are to be divisible by, pixels.
        reach: How far a pixel of the result looks, pixels; None where nobody knows.
        memory: That restoring takes per pixel, bytes.
    """

    def __init__(self, runtime: Runtime, *, multiple: int, reach: int | None, memory: int) -> None:
        super().__init__()
        self.runtime, self.memory = runtime, memory
        self.multiple, self.reach = multiple, reach

    def forward(self, blurred: Images) -> Images:
        """Restore a batch in [0, 1], picture by picture; not clamped.

        Raises:
            MemoryError: If there is not enough of it.
            InputError: If the graph does not take pictures of this size.
        """
        if torch.compiler.is_dynamo_compiling():  # there is nothing to compile
            restored: Images = torch.compiler.disable(self._restored)(blurred)
            return restored
        return self._restored(blurred)

    def _restored(self, blurred: Images) -> Images:
        height, width = blurred.shape[-2:]
        # What a runtime takes is none of torch's: as much is asked for here, and not touched, so
        # that whoever counts counts it.
        room = torch.empty(self.memory * height * width, dtype=torch.uint8)
        pixels = blurred.detach().float().cpu().contiguous().numpy()
        try:
            answers = [torch.from_numpy(self.runtime(picture[None])) for picture in pixels]
        except Exception as error:  # runtimes' own classes are not public
            if any(word in str(error).lower() for word in MEMORY):
                raise MemoryError from error
            raise InputError(
                f"{self.runtime.title} cannot restore {height} x {width} pixels with this file: "
                f"{sentence(error):.200}"
            ) from error
        del room
        return torch.cat(answers).to(blurred)


class Exported(NetworkMethod):
    """A network out of an ONNX file of ``deblurkit-export``.

    Args:
        file: As it was read.
        runtime: That runs its graph.

    Attributes:
        title: The method, and what runs it, as it is told.
        guarded: Whether pictures that it would harm stay as they were.
    """

    restorer = "exported"

    def __init__(self, *, file: ExportedFile, runtime: Runtime) -> None:
        super().__init__()
        described = file.described
        numbers = {key: described[key] for key in ("multiple", "reach", "memory")}
        self.exported = ExportedNetwork(runtime, **numbers)
        self.recipe, self.origin = described["recipe"], described.get("origin")
        self.guarded: bool = described["guarded"]
        self.title = f"{described['method']} by {runtime.title}"

    def forward(self, blurred: Images) -> Images:
        """Restore a batch."""
        restored: Images = self.exported(blurred)
        return restored


def exported_method(path: Path, runtime: type[Runtime] | None = None) -> Exported:
    """The method of an ONNX file.

    Args:
        path: An existing file.
        runtime: What runs it; OpenVINO where that is installed and was seen to restore as the
            library does when the file was made, else ONNX Runtime.

    Raises:
        InputError: As in ``read_exported``, or if the runtime is missing or refuses the file.
    """
    file = read_exported(path)
    proven = OpenVINO.title in file.described["runtimes"]
    fast = proven and find_spec("openvino") is not None
    chosen = runtime or (OpenVINO if fast else ONNXRuntime)
    try:
        opened = chosen(file.content)
    except InputError:
        raise
    except Exception as error:  # runtimes' own classes are not public
        raise InputError(
            f"{path} is damaged or no network that {chosen.title} can run: {sentence(error):.300}"
        ) from error
    return Exported(file=file, runtime=opened).eval()
