"""Kinds of pictures and videos that are known and not read, and what helps."""

from pathlib import Path
from typing import NamedTuple


class Foreign(NamedTuple):
    """A kind of file.

    >>> JPEG_LS.sentence
    'it is a JPEG-LS picture, which is not read here: save it as PNG, TIFF or JPEG and take that'

    Args:
        name: In a sentence, singular.
        plural: Likewise.
        advice: What makes a picture of it that is read.
        suffixes: Of its files, lower case.
    """

    name: str
    plural: str
    advice: str
    suffixes: frozenset[str]

    @property
    def sentence(self) -> str:
        """Why a file of this kind is not read."""
        return f"it is a {self.name}, which is not read here: {self.advice}"


_SAVE = "save it as PNG, TIFF or JPEG and take that"

HEIC = Foreign(
    "HEIC picture",
    "HEIC pictures",
    "save it as JPEG or PNG and take that, for example with heif-convert photo.heic photo.png",
    frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"}),
)
RAW = Foreign(
    "RAW file of a camera",
    "RAW files of cameras",
    "develop it to a 16-bit TIFF and take that, for example with darktable, RawTherapee or "
    "dcraw -T -6",
    frozenset(
        {
            *(".3fr", ".arw", ".bay", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff"),
            *(".gpr", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf"),
            *(".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
        }
    ),
)
VIDEO = Foreign(
    "video",
    "videos",
    "take its frames out, for example with ffmpeg -i video.mp4 frames/%05d.png",
    frozenset(
        {
            *(".3g2", ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
            *(".mpg", ".mts", ".mxf", ".ogv", ".webm", ".wmv"),
        }
    ),
)
JPEG_2000 = Foreign(
    "JPEG 2000 picture",
    "JPEG 2000 pictures",
    _SAVE,
    frozenset({".j2c", ".j2k", ".jp2", ".jpc", ".jpf", ".jpx"}),
)
JPEG_XL = Foreign("JPEG XL picture", "JPEG XL pictures", _SAVE, frozenset({".jxl"}))
JPEG_XR = Foreign("JPEG XR picture", "JPEG XR pictures", _SAVE, frozenset({".hdp", ".jxr", ".wdp"}))
JPEG_LS = Foreign("JPEG-LS picture", "JPEG-LS pictures", _SAVE, frozenset({".jls"}))
PHOTOSHOP = Foreign("Photoshop file", "Photoshop files", _SAVE, frozenset({".psb", ".psd"}))
FLOATING = Foreign(
    "picture of floating-point numbers",
    "pictures of floating-point numbers",
    "nothing in it says what is white; save it with 8 or 16 bits as PNG or TIFF and take that",
    frozenset({".exr", ".fit", ".fits", ".hdr", ".pfm"}),
)
MEDICAL = Foreign("DICOM file", "DICOM files", _SAVE, frozenset({".dcm"}))
MICROSCOPE = Foreign(
    "file of a microscope",
    "files of microscopes",
    "save its pictures as TIFF and take those, for example with Fiji",
    frozenset({".czi", ".lif", ".lsm", ".nd2", ".oib", ".oif", ".vsi"}),
)
OTHER = Foreign(
    "picture of a rare kind",
    "pictures of rare kinds",
    _SAVE,
    frozenset(
        {
            *(".bpg", ".cur", ".dds", ".eps", ".ico", ".iff", ".jng", ".pam", ".pcx"),
            *(".pict", ".qoi", ".ras", ".sgi", ".svg", ".tga", ".wbmp", ".wmf", ".xbm", ".xcf"),
            ".xpm",
        }
    ),
)
KINDS = (
    *(HEIC, RAW, VIDEO, JPEG_2000, JPEG_XL, JPEG_XR, JPEG_LS, PHOTOSHOP, FLOATING, MEDICAL),
    *(MICROSCOPE, OTHER),
)
_BY_SUFFIX = {suffix: kind for kind in KINDS for suffix in kind.suffixes}

_SIGNATURES = (
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG_2000),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"\0\0\0\x0cJXL \r\n\x87\n", JPEG_XL),
    (b"\xff\x0a", JPEG_XL),
    (b"II\xbc\x01", JPEG_XR),
    (b"8BPS", PHOTOSHOP),
    (b"PF\n", FLOATING),
    (b"Pf\n", FLOATING),
    (b"\x76\x2f\x31\x01", FLOATING),
    (b"#?RADIANCE", FLOATING),
    (b"#?RGBE", FLOATING),
    (b"SIMPLE  =", FLOATING),
    (b"IIRO", RAW),  # Olympus
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),  # Panasonic
    (b"FUJIFILMCCD-RAW", RAW),
    (b"II\x1a\0\0\0HEAPCCDR", RAW),  # Canon
    (b"FOVb", RAW),  # Sigma
    (b"\0MRM", RAW),  # Minolta
    (b"P7", OTHER),
    (b"\0\0\1\0", OTHER),
    (b"qoif", OTHER),
    (b"gimp xcf", OTHER),
    (b"BPG\xfb", OTHER),
    (b"\x1a\x45\xdf\xa3", VIDEO),  # Matroska and WebM
    (b"FLV\1", VIDEO),
    (b"\0\0\1\xba", VIDEO),
    (b"\0\0\1\xb3", VIDEO),
)
_BRANDS = {  # of files of ISO's boxes, which begin with length, "ftyp" and a brand
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIC),
    b"crx ": RAW,
    b"jxl ": JPEG_XL,
}
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def foreign_kind(head: bytes) -> Foreign | None:
    """What a file is by its first bytes, if it is known and not read.

    Args:
        head: At least the first 132 bytes, or all there are.
    """
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], VIDEO)
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return VIDEO
    if head[128:132] == b"DICM":
        return MEDICAL
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return None


def kind_of_name(path: Path) -> Foreign | None:
    """What a file is by its name, if it is known and not read.

    >>> kind_of_name(Path("IMG_1234.CR2")).name, kind_of_name(Path("photo.jpg"))
    ('RAW file of a camera', None)
    """
    return _BY_SUFFIX.get(path.suffix.lower())


def is_avif(head: bytes) -> bool:
    """Whether the first bytes are those of an AVIF file, by its brand or a further one."""
    if head[4:8] != b"ftyp":
        return False
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}
    return bool(brands & AVIF_BRANDS) and head[8:12] not in (b"heic", b"heix")
