"""The sections of a search: what it found, how it learned, what it came to like."""

from collections.abc import Iterator, Sequence

from segsmith.report.baselines import Baseline, baselines
from segsmith.report.blocks import Block, Cell, Figure, Figures, Note, Section, table
from segsmith.report.charts import Axis, Point, Series, area_chart, front, xy_chart
from segsmith.report.read import Run
from segsmith.report.words import NOTHING, amount, duration, listed, percent
from segsmith.study.analysis import Shares, analyse
from segsmith.study.results import Results
from segsmith.study.trial import STOPPED, Record

MOST_AREAS = 8
BEST = 8


def search_sections(run: Run) -> list[Section]:
    found = run.results
    if found is None or not found.records:
        return [Section("What was found", (Note("No trial is finished yet."),))]
    if found.best is None:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
        return [Section("What was found", (Note(f"No trial has a score yet: {counts}."),))]
    learned = analyse(found.records)
    shares = [share_figure(one) for one in learned.shares if len(one.shares) > 1 and len(one.trials) > 1]
    sections = [
        Section("What was found", (Figures((front_figure(run, found), reward_figure(found))), best_table(found))),
    ]
    if shares:
        sections.append(Section("What it came to like", (Figures(tuple(shares)),)))
    return sections


def cost_of(records: Sequence[Record]) -> tuple[str, str, float]:
    """What accuracy is held against: latency where every network has one. Attribute, label, divisor."""
    if all(record.latency_ms is not None for record in records):
        return "latency_ms", "latency of a frame in ms", 1.0
    return "flops", "GFLOPs of a frame, all frames mixed", 1e9


def front_figure(run: Run, found: Results) -> Figure:
    """Every network once, those that none beats in both, and what they have to beat."""
    records = found.ranked()
    attribute, label, unit = cost_of(records)
    points = {record.number: _point(record, attribute, unit) for record in records}
    ended = [points[record.number] for record in records if record.state != STOPPED]
    cut = [points[record.number] for record in records if record.state == STOPPED]
    best = found.best
    assert best is not None
    beaten = baselines(run, best, attribute)
    series = [
        Series("trained", tuple(ended), 0, line=False, marks=True, faint=True),
        Series("stopped half way", tuple(cut), 6, line=False, marks=True, faint=True, hollow=True),
        Series("Pareto front", tuple(front(list(points.values()))), 1, marks=True),
        Series("best reward", (points[best.number],), 3, line=False, marks=True),
        *(_baseline(one, unit, style) for one, style in zip(beaten, (5, 7), strict=False) if one.reward is not None),
    ]
    lines = [(one.cost / unit, one.name) for one in beaten if one.reward is None]
    what = "latency" if attribute == "latency_ms" else "cost"
    svg = xy_chart(f"Reward against {what}", series, Axis(label), Axis("reward in %"), lines)
    return Figure(f"Accuracy against {what}", svg, " ".join(front_words(beaten, attribute, best)))


def front_words(beaten: Sequence[Baseline], attribute: str, best: Record) -> Iterator[str]:
    yield "Every dot is a network. The front: no other is better and cheaper."
    known = [one for one in beaten if one.reward is not None]
    if known:
        names = listed([one.name for one in known])
        how = f"trained to the end and judged on {known[0].split}; all others have the proxy's short training"
        yield f"{names[:1].upper()}{names[1:]}: {how}."
    elif not beaten and attribute == "latency_ms" and best.step_flops is not None:
        yield "What the image network takes on every frame was not written down."


def _baseline(one: Baseline, unit: float, style: int) -> Series:
    point = Point(one.cost / unit, 100 * (one.reward or 0.0), f"{one.name}: reward {percent(one.reward)}")
    return Series(one.name, (point,), style, line=False, marks=True, hollow=True)


def reward_figure(found: Results) -> Figure:
    rewards = analyse(found.records).rewards
    stopped = set(rewards.stopped)
    dots = [
        Point(number, 100 * reward, f"trial {number}: {100 * reward:.1f} %")
        for number, reward in zip(rewards.trials, rewards.rewards, strict=True)
    ]
    series = [
        Series("trial", tuple(p for p in dots if p.x not in stopped), 0, line=False, marks=True, faint=True),
        Series(
            "stopped half way",
            tuple(p for p in dots if p.x in stopped),
            6,
            line=False,
            marks=True,
            faint=True,
            hollow=True,
        ),
        Series("moving median", _line(rewards.trials, rewards.median), 0),
        Series("best so far", _line(rewards.trials, rewards.best), 1),
    ]
    svg = xy_chart("Reward over time", series, Axis("trial", whole=True), Axis("reward in %"))
    return Figure("Reward over time", svg)


def share_figure(one: Shares) -> Figure:
    """The rarest go together where there are more than can be told apart."""
    names = sorted(one.shares, key=lambda name: -sum(one.shares[name]))
    kept, rest = (names, []) if len(names) <= MOST_AREAS else (names[: MOST_AREAS - 1], names[MOST_AREAS - 1 :])
    rows = [list(one.shares[name]) for name in kept]
    if rest:
        kept, rows = (
            [*kept, "others"],
            [*rows, [sum(values) for values in zip(*(one.shares[n] for n in rest), strict=True)]],
        )
    if one.what == "downsampling":
        kept = [name if name == "others" else f"1/{name}" for name in kept]
    title = one.what.capitalize()
    return Figure(title, area_chart(title, kept, rows, Axis("trial", whole=True), one.trials))


def best_table(found: Results) -> Block:
    """The best networks; bars are rewards as shares of the best one's."""
    records = found.ranked()[:BEST]
    most = max(float(record.reward or 0.0) for record in records) or 1.0
    front_numbers = {record.number for record in found.pareto}
    timed = any(record.latency_ms is not None for record in records)
    columns = ["trial", "reward", "mIoU", "parameters", "FLOPs", *(["latency"] if timed else []), "took", "remarks"]
    rows: list[list[str | Cell]] = []
    for record in records:
        remarks = ["on the front"] if record.number in front_numbers else []
        remarks += [record.state] if record.state == STOPPED else []
        remarks += [f"misses {what}" for what in record.missed]
        latency = [f"{record.latency_ms:.1f} ms" if record.latency_ms is not None else NOTHING] if timed else []
        rows.append(
            [
                f"{record.number}",
                Cell(percent(record.reward), float(record.reward or 0.0) / most),
                percent(record.stages[-1]["miou"]),
                amount(record.parameters),
                amount(record.flops),
                *latency,
                duration(record.seconds),
                ", ".join(remarks),
            ]
        )
    return table("The best networks", columns, rows)


def _point(record: Record, attribute: str, unit: float) -> Point:
    reward = 100 * float(record.reward or 0.0)
    cost = float(getattr(record, attribute) or 0.0) / unit
    miou = percent(record.stages[-1]["miou"])
    about = f"trial {record.number}: reward {reward:.1f} %, mIoU {miou}, {amount(record.parameters)} parameters"
    return Point(cost, reward, about)


def _line(numbers: Sequence[int], values: Sequence[float]) -> tuple[Point, ...]:
    return tuple(Point(number, 100 * value) for number, value in zip(numbers, values, strict=True))
