"""What came out of a search by gradient: the network that it derived, in words and figures."""

from collections.abc import Iterator, Mapping
from typing import Any

from segsmith.report.blocks import Fact
from segsmith.report.words import SPACE, is_number, three

GRADIENT = "gradient search"
Found = Mapping[str, Any]


def derived_words(found: Found) -> list[str]:
    """A sentence each; nothing of a search that is not over."""
    if not is_number(found.get("predicted")):
        return []
    words = [f"The network that came out is foretold to take {costs(found, 'predicted')} a frame"]
    if is_number(found.get("measured_ms")):
        words[0] += f", and took {milliseconds(found)} when it was timed"
    if is_number(found.get("budget")):
        kept = "which it keeps" if found.get("kept_budget") else "which it does not keep: nothing cheaper was found"
        words.append(f"It was allowed {costs(found, 'budget')}, {kept}{swapped_words(found)}")
    counts = found.get("counts")
    if counts:
        words.append(
            f"{counts['light']} of its {counts['edges']} operations are light, and {counts['large']} of "
            f"{counts['last_edges']} in its last cells see far"
        )
    return words


def swapped_words(found: Found) -> str:
    count = found.get("swapped")
    return f", with {count} next best choice{'s' * (count != 1)} in place of the best" if count else ""


def derived_facts(found: Found) -> Iterator[Fact]:
    if is_number(found.get("predicted")):
        yield Fact("predicted", costs(found, "predicted"), "of a frame")
    if is_number(found.get("measured_ms")):
        yield Fact("measured", milliseconds(found), "of a frame, on the clock")


def derived_pairs(found: Found) -> dict[str, Any]:
    """What is left to say: how far the search had made up its mind."""
    pairs: dict[str, Any] = {}
    if is_number(found.get("expected")):
        pairs["mean cost of what it still drew"] = costs(found, "expected")
    if is_number(found.get("entropy")):
        pairs["still undecided"] = f"{found['entropy']:.0%} (entropy of the choices)"
    return pairs


def costs(found: Found, name: str) -> str:
    return f"{three(found[name])}{SPACE}{found.get('unit', '')}".rstrip(SPACE)


def milliseconds(found: Found) -> str:
    return f"{three(found['measured_ms'])}{SPACE}ms"
