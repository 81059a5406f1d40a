"""A drawing as SVG text, whose bytes depend on the data alone."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from PIL import Image

from tumint.charts.still.letters import of_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

DPI = 150  # of pixels


class Pen(RendererSVG):
    """matplotlib's, but pixels (cell maps, colour bars) are packed once, with a palette.

    matplotlib's own packs them in four channels, which takes longer than all the rest of a map.
    """

    shades: Sequence[tuple[int, int, int]] = ()  # of the dots of a map: its pixels have these colours and no other

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """As matplotlib has it, which measures a text anew in every drawing."""
        assert not ismath, "the style of the house has no formulas"
        return of_points(s, prop.get_size_in_points(), prop.get_weight())

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Write the pixels `im`, (height, width, 4) uint8 from below, with their lower left corner at (`x`, `y`) px."""
        assert transform is None, "only what was drawn as pixels comes here"
        high, wide = (72 * length / self.image_dpi for length in im.shape[:2])
        place = {"x": x, "y": self.height - y - high, "width": wide, "height": high}
        address = f"data:image/png;base64,{base64.b64encode(_png(im[::-1], self.shades)).decode('ascii')}"
        self.writer.element("image", attrib={"xlink:href": address}, **{n: f"{v:.6g}" for n, v in place.items()})


def _png(pixels: np.ndarray[Any, Any], shades: Sequence[tuple[int, int, int]]) -> bytes:
    """A PNG with a palette: of `shades` and nothing, two fifths smaller than with blends; else of 255 colours."""
    packed = io.BytesIO()
    if 0 < len(shades) < 255:
        few = Image.fromarray(_nearest(pixels, shades))
        few.putpalette([255, 255, 255, *(channel for shade in shades for channel in shade)])
        few.save(packed, format="png", compress_level=6, transparency=0, bits=4 if len(shades) < 16 else 8)
        return packed.getvalue()
    # a third of the size of four channels, and no difference to the eye
    few = Image.fromarray(pixels).quantize(255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(packed, format="png", compress_level=5)  # 6, the usual, takes twice as long for 6 % less
    return packed.getvalue()


def _nearest(pixels: np.ndarray[Any, Any], shades: Sequence[tuple[int, int, int]]) -> np.ndarray[Any, Any]:
    """1 + the nearest shade of each pixel, by the five upper bits of its channels; 0 where it is mostly clear."""
    levels = np.arange(32) * 8 + 4
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    known = np.asarray(shades, dtype=np.int64)
    nearest = np.square(cube[:, None, :] - known[None]).sum(axis=2).argmin(axis=1)
    nearest[_bin(known.T)] = np.arange(len(known))
    found = nearest[_bin(np.moveaxis(pixels[..., :3].astype(np.int64), -1, 0))] + 1
    return np.where(pixels[..., 3] < 128, 0, found).astype(np.uint8)


def _bin(channels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray((channels[0] >> 3 << 10) + (channels[1] >> 3 << 5) + (channels[2] >> 3))


def _shades(drawing: MplFigure) -> list[tuple[int, int, int]]:
    """Colours of the dots that are drawn as pixels, in the order in which they first lie there."""
    from matplotlib.colors import to_rgb

    dots = (line for ax in drawing.axes for line in ax.get_lines() if line.get_rasterized())
    rgb = (to_rgb(line.get_markerfacecolor()) for line in dots)
    return list(dict.fromkeys((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in rgb))


def written(drawing: MplFigure) -> str:
    """The SVG text: no date, fixed ids."""
    buffer = io.StringIO()
    drawing.dpi = 72
    width, height = drawing.get_size_inches()
    pen = Pen(72 * width, 72 * height, buffer, image_dpi=DPI, metadata={"Date": None, "Creator": "tumint"})
    pen.shades = _shades(drawing)
    renderer = MixedModeRenderer(drawing, width, height, DPI, pen)
    drawing.draw(renderer)  # type: ignore[arg-type]
    renderer.finalize()  # type: ignore[no-untyped-call]
    return buffer.getvalue()
