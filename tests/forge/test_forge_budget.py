"""How a budget is shared out, and what is refused before anything is trained."""

from dataclasses import replace

import pytest
from forge_help import SPEEDS

from segsmith.errors import UserError
from segsmith.forge.budget import (
    JUDGE,
    LOOK,
    PACES,
    PICK,
    REPORT,
    RESERVE,
    SEARCH,
    SHARES,
    SHORTEST,
    STAGES,
    STATIC,
    TABLE,
    TABLE_FROM,
    TABLE_SHARE,
    TRAIN,
    Speeds,
    TooShort,
    check_enough,
    divide,
    finalists,
    needed,
    pace,
    share_of,
    wants_table,
)
from segsmith.forge.options import ForgeOptions, duration_words, parse_duration


@pytest.mark.parametrize("budget", [240.0, 600.0, 1800.0, 7200.0])
@pytest.mark.parametrize("table", [False, True])
def test_what_is_shared_out_and_the_reserve_are_the_budget(budget: float, table: bool) -> None:
    shares = divide(budget, 30, [LOOK], SPEEDS, () if table else (TABLE,))
    assert sum(share.seconds for share in shares) == pytest.approx((1 - RESERVE) * (budget - 30))
    assert [share.stage for share in shares] == [s for s in STAGES if s != LOOK and (table or s != TABLE)]
    table_s = TABLE_SHARE * budget if table else 0.0
    learning = sum(share.learning for share in shares) - table_s
    for stage, part in SHARES.items():
        assert share_of(stage, shares).learning == pytest.approx(part * learning)


def test_what_one_stage_overran_the_others_make_up_for() -> None:
    foreseen = share_of(STATIC, divide(600, 30, [LOOK], SPEEDS)).seconds
    done, spent = [LOOK], 30.0
    for stage in (STATIC, SEARCH, TRAIN, PICK, JUDGE, REPORT):
        share = share_of(stage, divide(600, spent, done, SPEEDS))
        spent += share.seconds + (40 if stage == STATIC else 0)
        done.append(stage)
    assert foreseen > 100
    assert 0.95 * 600 < spent <= 600


def test_more_time_trains_more_candidates_to_their_end_and_pays_for_a_table() -> None:
    assert [finalists(budget) for budget in (60, 1199, 1200, 7200)] == [1, 1, 2, 3]
    assert not wants_table(TABLE_FROM - 1, "")
    assert wants_table(TABLE_FROM, "")
    assert not wants_table(TABLE_FROM, "mine.json")


@pytest.mark.parametrize(
    "speeds", [SPEEDS, replace(SPEEDS, candidate_s=300), *(replace(SPEEDS, start_s=s) for s in (100, 262, 600, 3000))]
)
def test_a_budget_too_short_names_one_that_would_do(speeds: Speeds) -> None:
    short = 100.0
    with pytest.raises(TooShort, match="too short for one candidate") as refused:
        check_enough(short, 20, speeds, divide(short, 20, [LOOK], speeds))
    enough = parse_duration(refused.value.fix.removeprefix("--budget ").removesuffix(" would do"))
    assert enough >= refused.value.needed >= needed(20, speeds)
    check_enough(enough, 20, speeds, divide(enough, 20, [LOOK], speeds))


def test_the_nearest_budget_is_not_far_above_what_is_needed() -> None:
    least = needed(20, SPEEDS)
    assert share_of(TRAIN, divide(0.8 * least, 20, [LOOK], SPEEDS)).learning < SHORTEST


def test_without_an_image_network_the_others_have_its_time() -> None:
    shares = divide(600, 30, [LOOK], SPEEDS, (TABLE, STATIC))
    assert STATIC not in [share.stage for share in shares]
    assert sum(share.seconds for share in shares) == pytest.approx((1 - RESERVE) * 570)
    ratio = share_of(SEARCH, shares).learning / share_of(TRAIN, shares).learning
    assert ratio == pytest.approx(SHARES[SEARCH] / SHARES[TRAIN])


def test_a_machine_that_is_slower_than_it_was_is_planned_with() -> None:
    done = [{"seconds": 90.0, "learning": 60.0, "planned": 75.0}, {"seconds": 70.0, "learning": 40.0, "planned": 70.0}]
    assert pace(done, 1.0) == pytest.approx(2), "the second was planned with the first one's pace"
    assert pace([], 1.3) == 1.3
    assert pace([{"seconds": 60.0, "learning": 100.0, "planned": 110.0}], 1.3) == 1.3, "it ended before its time"
    assert pace([{"seconds": 900.0, "learning": 60.0, "planned": 75.0}], 1.0) == PACES[1]
    slow, usual = (share_of(TRAIN, divide(600, 300, [LOOK, STATIC], one)) for one in (SPEEDS.times(2), SPEEDS))
    assert slow.fixed == pytest.approx(2 * usual.fixed)
    assert slow.learning < usual.learning


@pytest.mark.parametrize(("text", "seconds"), [("2h", 7200), ("1h30m", 5400), ("10m", 600), ("90s", 90), ("1.5m", 90)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "h", "-2h", "2 h", "0m", "2hm", "1h 3m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UserError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize("seconds", [5, 59.2, 61, 200, 599.5, 601, 3600, 3601, 5400])
def test_durations_in_words_are_read_back_and_never_shorter(seconds: float) -> None:
    assert seconds <= parse_duration(duration_words(seconds)) <= seconds + 60


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": "cells"}, "no space 'cells'"),
        ({"latency": "soon"}, "no amount"),
        ({"floors": ("box",)}, "no class and IoU"),
        ({"static": "light"}, "no image network"),
        ({"key_every": -1}, "--key-every -1 is below one"),
        ({"seed": -1}, "--seed -1 is out of range"),
    ],
)
def test_what_cannot_be_asked(change: dict[str, object], words: str) -> None:
    asked = ForgeOptions("toy", "out", "40ms", 600)
    with pytest.raises(UserError, match=words):
        replace(asked, **change)
