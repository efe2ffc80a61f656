"""Words beside the points of a chart: inside it, and over no other word or point."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from segsmith.report.charts import Point

SPOTS = (
    (6, 4, "left"), (6, -10, "left"), (-6, 4, "right"), (-6, -10, "right"), (0, 8, "center"), (0, -14, "center"),
)  # fmt: skip
"""Where a word may begin, middle or end, in points from its own; the best first."""

RADIUS = 3.5
"""Of a point's mark, in points."""


def write_labels(axes: Axes, points: Sequence[Point]) -> None:
    """Those of the first points are placed first; a word that finds no room is left out. Everything else has to stand
    in the chart before."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # it lays out
    size = RADIUS * figure.dpi / 72
    marks = [axes.transData.transform((point.x, point.y)) for point in points]
    taken = [Bbox.from_extents(x - size, y - size, x + size, y + size) for x, y in marks]
    legend = axes.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent())
    for point in points:
        if point.about:
            taken += _written(axes, point, taken)


def _written(axes: Axes, point: Point, taken: Sequence[Bbox]) -> list[Bbox]:
    room = axes.get_window_extent()
    for right, up, side in SPOTS:
        word = axes.annotate(
            point.about, (point.x, point.y), (right, up), textcoords="offset points", fontsize=7, ha=side
        )
        word.set_in_layout(False)
        box = word.get_window_extent()
        inside = all(room.contains(x, y) for x, y in box.corners())
        if inside and not any(box.overlaps(other) for other in taken):
            return [box]
        word.remove()
    return []
