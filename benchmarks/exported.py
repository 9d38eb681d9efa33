"""Exported networks against the library: processor seconds and difference, by runtime, and int8.

``python benchmarks/exported.py weights=tiny`` exports to a temporary folder; a second word, such as
``pictures=folder``, calibrates int8 with crops of photographs there, and compares on others. One
thread; the library in float32, channels first, and each runtime restore the same crop in turns.
``weights=model.onnx`` takes a file that is there, with ``library=`` the weights that it is made of.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from timing import seconds

import deblurkit
from deblurkit.commands.export.export import export
from deblurkit.config import compose
from deblurkit.errors import sentence
from deblurkit.exporting.proof import restored
from deblurkit.exporting.reading import read_exported
from deblurkit.exporting.runtimes import ONNXRuntime, OpenVINO, OpenVINOBfloat16
from deblurkit.imaging.formats.files import as_tensor, read_image

HEIGHT, WIDTH = 384, 512  # pixels
ROUNDS = 3
PATCH, PATCHES = 256, 24  # pixels, and crops, of the calibration

Restore = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    weights = options.get("weights", "tiny")
    pictures = photographs(options.get("pictures"))
    method: Any = deblurkit.load(options.get("library", weights))
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        file = Path(weights)
        if file.suffix != ".onnx":
            file = Path(folder) / "model.onnx"
            export(compose(f"weights={weights}", f"output={file}", config="export"))
        content = read_exported(file).content
        ways: dict[str, Restore] = {
            "library": lambda blurred: restored(method, torch.from_numpy(blurred)).numpy()
        }
        for kind in (ONNXRuntime, OpenVINO, OpenVINOBfloat16):
            ways[kind.title] = kind(content)
        try:
            quantised = int8(file, Path(folder) / "int8.onnx", pictures[1:])
            ways["ONNX Runtime, int8"] = ONNXRuntime(quantised)
            ways["OpenVINO, int8"] = OpenVINO(quantised)
        except Exception as error:  # of the quantiser, of any kind
            print(f"int8: {type(error).__name__}, {sentence(error):.200}")
        report(ways, crop(pictures[0], HEIGHT, WIDTH))


def report(ways: dict[str, Restore], blurred: NDArray[np.float32]) -> None:
    """Each way's time, ratio and difference, interleaved."""
    answers: dict[str, NDArray[np.float32]] = {}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, restore in ways.items():

            def work(name: str = name, restore: Restore = restore) -> None:
                answers[name] = restore(blurred)

            spent = seconds(work, "cpu")
            times[name] += [spent] if turn else []  # the first only warms up
    print("| way | CPU-s | library / way | PSNR to the library, dB |\n| --- | --- | --- | --- |")
    own = answers["library"].clip(0, 1)
    for name, spent in times.items():
        ratio = statistics.median(np.divide(times["library"], spent))
        error = float(np.square(answers[name].clip(0, 1) - own).mean())
        psnr = "-" if name == "library" else f"{-10 * np.log10(max(error, 1e-14)):.1f}"
        print(f"| {name} | {statistics.median(spent):.3f} | {ratio:.2f} | {psnr} |")


def photographs(folder: str | None) -> list[torch.Tensor]:
    """Of a folder, the first one to compare with; else those that scikit-image has."""
    if folder is None:
        named = (skimage.data.astronaut, skimage.data.coffee, skimage.data.chelsea)
        return [as_tensor(picture()) for picture in named]
    files = sorted(Path(folder).glob("**/*.png"))
    return [as_tensor(read_image(file)) for file in files[:: max(len(files) // PATCHES, 1)]]


def crop(picture: torch.Tensor, height: int, width: int) -> NDArray[np.float32]:
    top, left = max(picture.shape[-2] - height, 0) // 2, max(picture.shape[-1] - width, 0) // 2
    cut = picture[..., top : top + height, left : left + width]
    return cut.reshape(1, *cut.shape[-3:]).contiguous().numpy()


def int8(file: Path, target: Path, pictures: list[torch.Tensor]) -> bytes:
    """The same graph with 8-bit numbers, whose ranges are those of crops of photographs."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    crops = iter([crop(pictures[i % len(pictures)], PATCH, PATCH) for i in range(PATCHES)])

    class Crops(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            blurred = next(crops, None)
            return None if blurred is None else {"blurred": blurred}

    kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    operators = ["Conv", "ConvTranspose", "MatMul", "Gemm"]
    quantize_static(
        *(str(file), str(target), Crops()),
        **{"per_channel": True, "op_types_to_quantize": operators, **kinds},
    )
    return target.read_bytes()


if __name__ == "__main__":
    main()
