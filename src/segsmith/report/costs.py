"""Accuracy against FLOPs of trained networks, with what they have to beat."""

from collections.abc import Iterator, Sequence

from segsmith.report.blocks import Figure
from segsmith.report.charts import Axis, Point, Series, front, xy_chart
from segsmith.report.inside import Inside
from segsmith.report.read import Judged
from segsmith.report.words import percent

Costed = tuple[str, Judged, Inside]


def cost_figure(networks: Sequence[Costed]) -> Figure | None:
    """Nothing where there is but one point: it says no more than a figure in a table."""
    points = [point for one in networks for point in cost_points(*one)]
    if len(points) < 2:
        return None
    best = tuple(front([point for _, point in points]))
    series = [
        *(Series(name, (point,), style, line=False, marks=True) for style, (name, point) in enumerate(points)),
        *([Series("Pareto front", best, 6, faint=True)] if len(best) > 1 else []),
    ]
    svg = xy_chart("mIoU against FLOPs", series, Axis("GFLOPs of a frame, all frames mixed", True), Axis("mIoU in %"))
    return Figure("Accuracy against cost", svg, "Optical flow is not counted." if _warps(points) else "")


def cost_points(name: str, judged: Judged, inside: Inside) -> Iterator[tuple[str, Point]]:
    """The network, and its controls: each with what a frame costs in the mean over key frames and others."""
    every = int(judged.record.get("key_every", 1))
    key, step = inside.description.key_flops, inside.description.step_flops
    mix = key if step is None else (key + (every - 1) * step) / every
    costs = {name: mix, "static on every frame": key, "copy the key frame": key / every}
    costs["warp by optical flow"] = costs["copy the key frame"]
    for who, record in {name: judged.record, **judged.record.get("controls", {})}.items():
        if who in costs:
            about = f"{who}: {percent(record['miou'])}, {costs[who] / 1e9:.3g} GFLOPs"
            yield who, Point(costs[who] / 1e9, 100 * record["miou"], about)


def _warps(points: Sequence[tuple[str, Point]]) -> bool:
    return any(name.startswith("warp") for name, _ in points)
