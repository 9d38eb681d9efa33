"""How the pixels of a TIFF page are stored, and which of that is not read here.

Source: "TIFF Revision 6.0", Aldus, 1992; technical notes 1 to 3 of its supplements; the list of
compressions of libtiff 4.7.
"""

from typing import NamedTuple

from deblurkit.imaging.formats.containers import DecodingError
from deblurkit.imaging.formats.tiff.directories import Directory

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
TURN, SAMPLES, PLANES, PREDICTOR, EXTRA, SAMPLE_FORMAT = 274, 277, 284, 317, 338, 339
SUBSAMPLING = 530
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, _INKS, YCBCR = 0, 1, 2, 5, 6
RAW, LZW, DEFLATE, DIFFERENCES = 1, 5, 8, 2
PREMULTIPLIED, OPACITY = 1, 2
SEPARATE = 2
_WITHOUT_LOSS = frozenset({RAW, LZW, DEFLATE, 32773, 32946, 34925, 50000})
_PILLOW = _WITHOUT_LOSS | {2, 3, 4, 6, 7}  # fax, and JPEG of 8 bits
_COMPRESSIONS = {
    9: "JBIG",
    10: "JBIG",
    32766: "the run lengths of NeXT",
    32809: "ThunderScan",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    33007: "JPEG of another number",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "JPEG",
    34933: "PNG",
    34934: "JPEG XR",
    22610: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_PHOTOMETRICS = {3: "a palette", 6: "YCbCr", 8: "L*a*b*", 9: "L*a*b*", 10: "L*a*b*"}


class TiffLayout(NamedTuple):
    """How a page is stored.

    Args:
        rows: Height of the stored pixels, not turned.
        columns: Width of the stored pixels.
        turn: Orientation as in EXIF, 1 to 8; 0 where the page says none.
        bits: Of each channel.
        samples: Channels, opacity and others included.
        photometric: What the channels mean.
        planes: 2 where each channel is stored on its own.
        opacity: 1 (premultiplied) or 2 where the channel after the colours is opacity, else 0.
        compression: By its number.
        predictor: 2 where each pixel is stored less the one before it.
    """

    rows: int
    columns: int
    turn: int
    bits: int
    samples: int
    photometric: int
    planes: int
    opacity: int
    compression: int
    predictor: int

    @property
    def gray(self) -> bool:
        """Whether there is one channel, opacity aside."""
        return self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)

    @property
    def inks(self) -> bool:
        """Whether the channels are inks of a printer."""
        return self.photometric == _INKS

    @property
    def colors(self) -> int:
        """Channels that are seen."""
        return 1 if self.gray else 3

    @property
    def plain(self) -> bool:
        """Gray, RGB or YCbCr of 8 or 16 bits, packed without loss."""
        known = self.gray or self.photometric in (RGB, YCBCR)
        return known and self.bits in (8, 16) and self.compression in _WITHOUT_LOSS


def layout(directory: Directory) -> TiffLayout:
    """Read how a page is stored and refuse what no reader here understands or survives.

    Raises:
        DecodingError: With the reason; nothing large has been read.
    """
    depths = directory.numbers(BITS, (1,))
    stored = TiffLayout(
        rows=directory.number(HEIGHT, 0),
        columns=directory.number(WIDTH, 0),
        turn=turn if (turn := directory.number(TURN, 0)) in range(1, 9) else 0,
        bits=max(depths),
        samples=directory.number(SAMPLES, 1),
        photometric=directory.number(PHOTOMETRIC, BLACK_IS_ZERO),
        planes=directory.number(PLANES, 1),
        opacity=extra if (extra := directory.number(EXTRA, 0)) in (PREMULTIPLIED, OPACITY) else 0,
        compression=directory.number(COMPRESSION, RAW),
        predictor=directory.number(PREDICTOR, 1),
    )
    _refuse_values(stored, depths, max(directory.numbers(SAMPLE_FORMAT, (1,))))
    _refuse_channels(stored)
    _refuse_compression(stored, directory)
    return stored


def _refuse_values(stored: TiffLayout, depths: tuple[int, ...], form: int) -> None:
    if form not in (1, 4) or not (stored.bits <= 8 or stored.bits == 16):
        kind = {2: "signed integers", 3: "floating-point numbers"}.get(form, "values")
        raise DecodingError(f"it holds {kind} of {stored.bits} bits; save it with 8 or 16 bits")
    if len(set(depths)) > 1:
        raise DecodingError("its channels differ in depth; save it with 8 or 16 bits")


def _refuse_channels(stored: TiffLayout) -> None:
    count = stored.samples
    if count > 8:
        raise DecodingError(f"it has {count} channels; save it as gray or RGB")
    if stored.gray and count > 1 and (not stored.opacity or count > 2):
        raise DecodingError(
            f"it has {count} channels that are neither colours nor opacity; save each of them as a "
            "gray picture of its own"
        )
    if stored.photometric in (RGB, YCBCR) and count < 3:
        raise DecodingError(
            f"it has {count} channels and claims to be in colour; save it as gray or RGB"
        )
    if stored.bits == 16 and not (stored.gray or stored.photometric == RGB or stored.inks):
        kind = _PHOTOMETRICS.get(stored.photometric, "of another kind")
        raise DecodingError(
            f"its 16 bits are neither gray nor RGB but {kind}; save it as one of them"
        )


def _refuse_compression(stored: TiffLayout, directory: Directory) -> None:
    number = stored.compression
    if number not in _PILLOW or (stored.bits == 16 and number not in _WITHOUT_LOSS):
        name = _COMPRESSIONS.get(number, f"method {number}" if number not in (6, 7) else "JPEG")
        raise DecodingError(
            f"its pixels are packed by {name}, which is not read in TIFF; save it with LZW or "
            "deflate, or as PNG"
        )
    sparse = stored.photometric == YCBCR and directory.numbers(SUBSAMPLING, (2, 2)) != (1, 1)
    if sparse and number in _WITHOUT_LOSS:
        raise DecodingError(
            "it is YCbCr with fewer colours than pixels and no JPEG, which is not read here; save "
            "it as RGB"
        )
    if stored.plain and stored.predictor not in (1, DIFFERENCES):
        raise DecodingError(f"its predictor is number {stored.predictor}; save it without one")
