"""The picture of README: a simulated exposure, and what published weights make of it.

A part of Kodak's picture 5 is blurred by the views of a moving camera, added up in linear light.
Columns are the blurred picture, what each file of weights makes of it, and the sharp one.

    python studies/readme_picture.py --kodak kodak --output docs/images/maxim.jpg \
        DMPHN=dmphn.safetensors MAXIM=weights/maxim.safetensors
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

import deblurkit
from deblurkit.commands.blur.blur_files import blur_files
from deblurkit.config import compose
from deblurkit.imaging.drawing.grid import named_row
from deblurkit.imaging.formats.files import as_tensor, read_image, write_image
from deblurkit.imaging.psnr import psnr

PART = (slice(110, 390), slice(170, 522))  # of Kodak's picture 5
MARGIN = 12  # pixels whose blur depends on what lies beyond the part; not shown, not measured
EXPOSURE = (
    *("blur=exposure", "seed=3", "gamma=2.2", "blur.exposure.shift=[9,12]"),
    *("blur.exposure.poses=[15,15]", "blur.exposure.objects=[0,0]"),
)


def main() -> None:
    options = arguments()
    with TemporaryDirectory() as folder:
        part = Path(folder) / "sharp" / "kodim05.png"  # the name chooses the exposure
        write_image(part, read_image(options.kodak / "kodim05.png")[PART])
        pairs = Path(folder) / "pairs"
        blur_files(compose(f"inputs=[{part}]", f"output={pairs}", *EXPOSURE, config="blur"))
        blurred, sharp = (read_image(pairs / role / part.name) for role in ("blurred", "sharp"))
    columns = {"blurred": blurred}
    for label, weights in (column.split("=", 1) for column in options.columns):
        columns[label] = deblurkit.deblur(blurred, weights=weights, guard=False)
    inside = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    for label, pixels in columns.items():
        score = psnr(as_tensor(pixels[inside])[None], as_tensor(sharp[inside])[None])
        print(f"{label}: {float(score):.2f} dB")
    row = named_row({label: p[inside] for label, p in (columns | {"sharp": sharp}).items()})
    written, content = cv2.imencode(".jpg", row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert written
    options.output.write_bytes(np.asarray(content).tobytes())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kodak", type=Path, required=True, help="folder with kodim05.png")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("columns", nargs="+", help="LABEL=file of weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
