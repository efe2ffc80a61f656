"""Axes and charts: round ticks that enclose, text that stays text, series that are told apart without colour."""

import math
import re
from xml.etree import ElementTree as XML

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsmith.report.charts import Axis, Point, Series, area_chart, bar_chart, front, xy_chart
from segsmith.report.scales import Scale, ticks
from segsmith.report.words import amount, data_words, duration, percent

HOSTILE = '</svg><script>alert("x")</script>\'&é漢'
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.booleans(), st.booleans())
def test_ticks_enclose_the_values_and_are_few(values: list[float], from_zero: bool, whole: bool) -> None:
    found = ticks(values, 5, from_zero, whole)
    spread = max(map(abs, (*values, 1.0)))
    assert found == sorted(set(found))
    assert 2 <= len(found) <= 9
    assert found[0] <= min(values) + 1e-6 * spread
    assert found[-1] >= max(values) - 1e-6 * spread
    if from_zero:
        assert found[0] <= 0 <= found[-1]


def test_ticks_are_round() -> None:
    assert ticks([0.13, 0.87]) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks([0, 3], whole=True) == [0, 1, 2, 3]
    assert ticks([math.nan, 1.0, 2.0])[-1] == 2.0


def test_a_scale_puts_its_ends_at_the_ends() -> None:
    up = Scale(10.0, 20.0, 200.0, 0.0)
    assert (up(10.0), up(15.0), up(20.0)) == (200.0, 100.0, 0.0)


def series(count: int) -> list[Series]:
    points = tuple(Point(float(i), float(i * i), f"{HOSTILE} {i}") for i in range(4))
    return [Series(f"{HOSTILE} {style}", points, style, marks=True) for style in range(count)]


@pytest.mark.parametrize(
    "svg",
    [
        xy_chart(HOSTILE, series(3), Axis(HOSTILE), Axis(HOSTILE), [(1.0, HOSTILE)]),
        area_chart(HOSTILE, [HOSTILE, "b"], [[0.3, 0.4], [0.7, 0.6]], Axis(HOSTILE), [1, 2]),
        bar_chart(HOSTILE, [(HOSTILE, 2.0, HOSTILE), ("none", 0.0, "")]),
        xy_chart("empty", [], Axis("x"), Axis("y")),
        bar_chart("empty", []),
    ],
)
def test_a_chart_is_whole_says_what_it_shows_and_keeps_names_as_text(svg: str) -> None:
    root = XML.fromstring(svg)
    assert root.find("title") is not None
    assert root.find("desc") is not None
    assert not root.findall(".//script")
    assert "<script" not in svg
    if HOSTILE in (root.findtext("title") or ""):
        assert any(HOSTILE[:20] in "".join(text.itertext()) for text in root.iter("text"))


def test_lines_differ_in_more_than_colour() -> None:
    root = XML.fromstring(xy_chart("t", series(8), Axis("x"), Axis("y")))
    lines = [path for path in root.iter("path") if "line" in path.get("class", "") and "L" in path.get("d", "")]
    assert len({path.get("stroke-dasharray", "") for path in lines}) == 8


def test_points_lie_where_their_values_are() -> None:
    one = Series("", (Point(0.0, 0.0), Point(10.0, 100.0)), line=False, marks=True)
    spots = re.findall(r'translate\(([\d.]+) ([\d.]+)\)" d', xy_chart("t", [one], Axis("x"), Axis("y")))
    (x0, y0), (x1, y1) = [(float(x), float(y)) for x, y in spots]
    assert x0 < x1
    assert y0 > y1, "more is higher up"


def test_areas_fill_the_whole() -> None:
    svg = area_chart("t", ["a", "b"], [[0.25, 0.5], [0.75, 0.5]], Axis("x"), [1, 2])
    paths = [path.get("d", "") for path in XML.fromstring(svg).iter("path") if "area" in path.get("class", "")]
    heights = [[float(y) for y in re.findall(r" ([\d.]+)(?=L|z)", path)] for path in paths]
    bottom, top = max(map(max, heights)), min(map(min, heights))
    assert heights[0][0] == bottom
    assert heights[1][-1] == top
    middle = heights[0][2:]
    assert middle[0] == pytest.approx((bottom + top) / 2, abs=0.2), "half of the whole at the last point"


def test_the_front_is_what_nothing_beats() -> None:
    points = [Point(1, 5), Point(2, 4), Point(2, 7), Point(3, 7), Point(4, 9), Point(1, 3)]
    assert front(points) == [Point(1, 5), Point(2, 7), Point(4, 9)]


def test_numbers_in_words() -> None:
    assert percent(0.4321) == "43.2\u00a0%"
    assert percent(None) == percent(math.nan) == "–"
    assert amount(2_514_000_000, "FLOPs") == "2.51\u00a0GFLOPs"
    assert amount(301_055) == "301\u00a0k"
    assert data_words("camvid:/home/me/CamVid?holdout=0006R0") == "camvid:CamVid?holdout=0006R0"
    assert data_words("toy") == "toy"
    assert [duration(s) for s in (4.23, 59, 60, 3723)] == ["4.2 s", "59 s", "1 min", "1 h 2 min"]
