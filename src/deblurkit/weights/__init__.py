"""Weights that come with the install, known by their name wherever ``weights=`` is read."""

from pathlib import Path

FOLDER = Path(__file__).parent
DEFAULT = "tiny"  # what deblurkit-deblur takes where nothing is chosen


def shipped() -> list[str]:
    """Their names."""
    return sorted(file.stem for file in FOLDER.glob("*.safetensors"))


def shipped_file(name: str) -> Path | None:
    """The file behind a name; a file or folder of one's own with that name is ``./name``."""
    return FOLDER / f"{name}.safetensors" if name in shipped() else None
