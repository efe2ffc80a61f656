"""Accuracy against latency of trained networks, or against FLOPs, with what they have to beat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segsmith.report.baselines import COPY, STATIC
from segsmith.report.blocks import Figure
from segsmith.report.charts import Axis, Point, Series, front, xy_chart
from segsmith.report.inside import Inside
from segsmith.report.latencies import Times
from segsmith.report.read import Judged
from segsmith.report.words import percent, three

WARP = "warp by optical flow"


@dataclass(frozen=True)
class Costed:
    """A network that was judged; ``times`` where it was timed."""

    name: str
    judged: Judged
    inside: Inside
    times: Times | None


def cost_figure(networks: Sequence[Costed], joined: bool = True) -> Figure | None:
    """In milliseconds where all networks were timed. Nothing where there is but one point: it says no more than a
    figure in a table. ``joined``: whether they were judged by the same frames, so that there is a front."""
    timed = all(one.times is not None for one in networks)
    points = [point for one in networks for point in cost_points(one, timed)]
    if len(points) < 2:
        return None
    best = tuple(front([point for _, point in points]))
    series = [
        *(Series(name, (point,), style, line=False, marks=True) for style, (name, point) in enumerate(points)),
        *([Series("Pareto front", best, 6, faint=True)] if joined and len(best) > 1 else []),
    ]
    what, label = ("latency", "ms of the mean frame") if timed else ("FLOPs", "GFLOPs of a frame, all frames mixed")
    svg = xy_chart(f"mIoU against {what}", series, Axis(label, True), Axis("mIoU in %"))
    caption = "Optical flow itself is not counted." if any(name == WARP for name, _ in points) else ""
    return Figure(f"Accuracy against {'latency' if timed else 'cost'}", svg, caption)


def cost_points(one: Costed, timed: bool) -> Iterator[tuple[str, Point]]:
    """The network, and its controls: each with what a frame costs in the mean over key frames and others."""
    every = int(one.judged.record.get("key_every", 1))
    key, mix = in_ms(one, every) if timed else in_gflops(one, every)
    costs = {one.name: mix, STATIC: key, COPY: key / every, WARP: key / every}
    for who, record in {one.name: one.judged.record, **one.judged.record.get("controls", {})}.items():
        if who in costs:
            about = f"{who}: {percent(record['miou'])}, {three(costs[who])} {'ms' if timed else 'GFLOPs'}"
            yield who, Point(costs[who], 100 * record["miou"], about)


def in_ms(one: Costed, every: int) -> tuple[float, float]:
    """Of a key frame, and of the mean frame."""
    assert one.times is not None
    return one.times.key, one.times.mean(every)


def in_gflops(one: Costed, every: int) -> tuple[float, float]:
    key, step = one.inside.description.key_flops, one.inside.description.step_flops
    mix = key if step is None else (key + (every - 1) * step) / every
    return key / 1e9, mix / 1e9
