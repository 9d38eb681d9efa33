"""Labelled tiles in rows and columns, for the figures that compare methods."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

Pixels = NDArray[np.uint8]  # (height, width, 3), RGB

MARGIN, GAP, FRAME = 20, 10, 3  # pixels; a frame marks the best tile
TITLE, HEADING, CAPTION = 15, 18, 14  # sizes of letters, pixels
NAME, BESIDE = 28, 6  # pixels: height of the line of names, gap between two pictures, in one row
INK, FAINT, BEST = (28, 28, 30), (110, 110, 116), (10, 122, 70)  # RGB


class Panel(NamedTuple):
    """A picture and what is written below it.

    >>> Panel(np.zeros((8, 8, 3), np.uint8), "24.1 dB", best=True).caption
    '24.1 dB'
    """

    pixels: Pixels
    caption: str
    best: bool  # of its row


class Row(NamedTuple):
    """Tiles of one size, and what is written above them.

    >>> Row("astronaut", [Panel(np.zeros((8, 8, 3), np.uint8), "24.1 dB", best=True)]).title
    'astronaut'
    """

    title: str
    tiles: Sequence[Panel]


def grid(columns: Sequence[str], rows: Sequence[Row], *, footer: Pixels | None = None) -> Pixels:
    """Draw rows of tiles under the columns' names, on white.

    >>> panel = Panel(np.zeros((64, 96, 3), np.uint8), "24.1 dB", best=True)
    >>> drawing = grid(["blurred", "restored"], [Row("astronaut", [panel, panel])])
    >>> drawing.shape[1]  # two panels, a gap and two margins wide
    242

    Args:
        columns: Names, as many as each row has tiles.
        rows: From the top.
        footer: Drawn below all, at the left margin.
    """
    widths = [max(row.tiles[n].pixels.shape[1] for row in rows) for n in range(len(columns))]
    lefts = [MARGIN + sum(widths[:n]) + n * GAP for n in range(len(columns))]
    head, above, below = HEADING + 16, TITLE + 16, CAPTION + 14
    heights = [above + row.tiles[0].pixels.shape[0] + below for row in rows]
    width, height = lefts[-1] + widths[-1] + MARGIN, MARGIN + head + sum(heights) + MARGIN
    if footer is not None:
        width = max(width, 2 * MARGIN + footer.shape[1])
        height += footer.shape[0]
    canvas = PillowImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    for name, left, wide in zip(columns, lefts, widths, strict=True):
        write(draw, name, (left, MARGIN), wide, HEADING, INK)
    top = MARGIN + head
    for row, tall in zip(rows, heights, strict=True):
        draw.line([(MARGIN, top), (width - MARGIN, top)], (222, 222, 226))
        write(draw, row.title, (MARGIN, top + 7), width - 2 * MARGIN, TITLE, FAINT)
        for tile, left in zip(row.tiles, lefts, strict=True):
            paste(canvas, tile, (left, top + above))
        top += tall
    if footer is not None:
        canvas.paste(PillowImage.fromarray(footer), (MARGIN, top))
    return np.asarray(canvas).copy()


def named_row(pictures: Mapping[str, Pixels]) -> Pixels:
    """Pictures of one height side by side, without a margin, each under its name.

    >>> named_row({"sharp": np.zeros((64, 64, 3), np.uint8)}).shape
    (92, 64, 3)
    """
    widths = [pixels.shape[1] for pixels in pictures.values()]
    height = max(pixels.shape[0] for pixels in pictures.values())
    size = (sum(widths) + BESIDE * (len(widths) - 1), NAME + height)
    canvas = PillowImage.new("RGB", size, "white")
    draw = ImageDraw.Draw(canvas)
    left = 0
    for name, pixels in pictures.items():
        width = pixels.shape[1]
        write(draw, name, (left + 2, 3), max(width - 4, 0), HEADING, INK)
        canvas.paste(PillowImage.fromarray(pixels), (left, NAME))
        left += width + BESIDE
    return np.asarray(canvas).copy()


def paste(canvas: PillowImage.Image, tile: Panel, corner: tuple[int, int]) -> None:
    """Paste a tile and write its caption below."""
    (left, top), (height, width) = corner, tile.pixels.shape[:2]
    draw = ImageDraw.Draw(canvas)
    if tile.best:  # around the picture, which loses nothing
        frame = (left - FRAME, top - FRAME, left + width + FRAME - 1, top + height + FRAME - 1)
        draw.rectangle(frame, BEST)
    canvas.paste(PillowImage.fromarray(tile.pixels), corner)
    colour = BEST if tile.best else INK
    write(draw, tile.caption, (left, top + height + 5), width, CAPTION, colour)


def write(
    draw: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[int, int],
    width: int,
    size: int,
    colour: tuple[int, int, int],
) -> None:
    """Write one line, smaller or cut where the width asks for it."""
    font = ImageFont.load_default(size)
    while size > 9 and draw.textlength(text, font) > width:
        size -= 1
        font = ImageFont.load_default(size)
    while len(text) > 1 and draw.textlength(text, font) > width:
        text = f"{text[:-2]}…"
    draw.text(corner, text, colour, font)


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """Each pixel as a square: nothing is smoothed.

    >>> enlarged(np.zeros((2, 3, 3), np.uint8), 4).shape
    (8, 12, 3)
    """
    return np.ascontiguousarray(pixels.repeat(factor, axis=0).repeat(factor, axis=1))


def heat(values: NDArray[np.floating], *, top: float) -> Pixels:
    """Values from 0 to ``top`` as colours, black to white through violet and orange.

    >>> heat(np.array([[0.0, 0.5, 1.0]]), top=1.0).shape
    (1, 3, 3)
    """
    levels = np.rint(255 * np.clip(values / top, 0, 1)).astype(np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(colours[..., ::-1], dtype=np.uint8)


def scale(title: str, *, top: float, width: int = 320) -> Pixels:
    """The colours of ``heat`` with numbers: a bar, five ticks, a title.

    >>> scale("error", top=1.0).shape
    (74, 420, 3)
    """
    canvas = PillowImage.new("RGB", (width + 100, 74), "white")
    draw = ImageDraw.Draw(canvas)
    write(draw, title, (0, 4), width + 100, CAPTION, INK)
    bar = heat(np.tile(np.linspace(0, top, width), (14, 1)), top=top)
    canvas.paste(PillowImage.fromarray(bar), (0, 28))
    font = ImageFont.load_default(12)
    for quarter in range(5):
        column, last = round((width - 1) * quarter / 4), quarter == 4
        draw.line([(column, 42), (column, 46)], INK)
        text = f"{top * quarter / 4:g}" + " and more" * last
        shift = 0 if quarter == 0 else draw.textlength(f"{top * quarter / 4:g}", font) / 2
        draw.text((column - shift, 49), text, FAINT, font)
    return np.asarray(canvas).copy()
