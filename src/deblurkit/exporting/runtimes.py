"""What runs an ONNX graph on the CPU: ONNX Runtime, or OpenVINO."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from deblurkit.exporting.needed import needed

USE = "an exported network"
Pixels = NDArray[np.float32]


class Runtime(ABC):
    """Runs one graph: from pixels (1, 3, H, W) in [0, 1] to restored ones.

    Args:
        content: The bytes of the ONNX file.

    Raises:
        InputError: If the package is not installed.
    """

    title: ClassVar[str]  # as it is told

    @abstractmethod
    def __init__(self, content: bytes) -> None: ...

    @abstractmethod
    def __call__(self, blurred: Pixels) -> Pixels:
        """Restore one picture."""


class ONNXRuntime(Runtime):
    """ONNX Runtime, in float32."""

    title = "ONNX Runtime"

    def __init__(self, content: bytes) -> None:
        runtime = needed("onnxruntime", extra="onnx", use=USE)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # what is wrong comes as an exception, too
        self.session: Any = runtime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self.name = self.session.get_inputs()[0].name

    def __call__(self, blurred: Pixels) -> Pixels:
        """Restore one picture."""
        answer: Pixels = self.session.run(None, {self.name: blurred})[0]
        return answer


class OpenVINO(Runtime):
    """OpenVINO, in float32."""

    title = "OpenVINO"

    def __init__(self, content: bytes) -> None:
        self.compiled = by_openvino(content, INFERENCE_PRECISION_HINT="f32")

    def __call__(self, blurred: Pixels) -> Pixels:
        """Restore one picture."""
        answer: Pixels = self.compiled([blurred])[0]
        return answer.copy()  # the memory is used again for the next picture


class OpenVINOBfloat16(Runtime):
    """OpenVINO, in bfloat16 where the processor has its instructions."""

    title = "OpenVINO in bfloat16"

    def __init__(self, content: bytes) -> None:
        self.compiled = by_openvino(content, INFERENCE_PRECISION_HINT="bf16")

    def __call__(self, blurred: Pixels) -> Pixels:
        """Restore one picture."""
        answer: Pixels = self.compiled([blurred])[0]
        return answer.copy()


def by_openvino(content: bytes, **settings: Any) -> Any:
    """A graph that OpenVINO has compiled; its own choice of precision differs by processor."""
    openvino = needed("openvino", extra="openvino", use=USE)
    core = openvino.Core()
    threads = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
    return core.compile_model(core.read_model(model=content), "CPU", {**threads, **settings})
