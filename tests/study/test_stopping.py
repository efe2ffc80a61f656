"""Which candidates are stopped half way."""

from segsmith.study.stopping import Stopper


def seen(count: int, reward: float = 0.5) -> Stopper:
    stopper = Stopper(seed=0)
    for _ in range(count):
        stopper.observe([reward, reward + 0.1])
    return stopper


def test_the_first_candidate_has_nothing_to_reach() -> None:
    assert Stopper(seed=0).halt_below(0, stages=2) == (0.0,)


def test_the_maximum_fades() -> None:
    stopper = seen(1, 0.8)
    for _ in range(10):
        stopper.observe([0.1])
    assert abs(stopper.maxima[0] - 0.8 * 0.99**10) < 1e-12
    assert stopper.maxima[1] == 0.9, "a candidate that was stopped says nothing about later stages"
    stopper.observe([0.9])
    assert stopper.maxima[0] == 0.9


def test_tolerances_shrink_with_the_number_of_candidates_seen() -> None:
    lowest = {count: min(seen(count).halt_below(n, 2)[0] for n in range(500)) for count in (50, 150, 250, 350, 450)}
    assert list(lowest.values()) == sorted(lowest.values())
    assert lowest[50] < 0.5 * 0.12
    assert 0.5 * 0.9 <= lowest[450] < 0.5 * 0.92


def test_luck_hangs_on_the_trial_alone() -> None:
    one, other = seen(120), seen(120)
    assert [one.halt_below(n, 3) for n in range(20)] == [other.halt_below(n, 3) for n in reversed(range(20))][::-1]
    assert len({one.halt_below(n, 2) for n in range(20)}) == 20
    assert len(one.halt_below(0, 3)) == 2
