"""JSON and text are read back as they were, every genotype by lot is valid, and damage is always a user's fault."""

from contextlib import suppress
from random import Random

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from segsmith.errors import UserError
from segsmith.genotype import PRESETS, Genotype, from_json, from_text, preset, to_json, to_text, validate


@given(strategies.genotypes())
@settings(max_examples=150, deadline=None)
def test_json_and_text_are_read_back_equal(genotype: Genotype) -> None:
    validate(genotype)
    assert from_json(to_json(genotype)) == genotype
    assert from_text(to_text(genotype)) == genotype


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_read_back_equal(name: str) -> None:
    genotype = validate(preset(name))
    assert from_json(to_json(genotype)) == genotype
    assert from_text(to_text(genotype)) == genotype


@given(strategies.genotypes(), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_damaged_text_is_read_or_refused(genotype: Genotype, seed: int) -> None:
    random = Random(seed)
    for write, read in ((to_json, from_json), (to_text, from_text)):
        text = write(genotype)
        start = random.randrange(len(text))
        piece = random.choice(["", "0", '"', "(", ")", "-", ",", "=", "{", "static ", "\n", "#", "/", "~", "é", "\0"])
        damaged = text[:start] + piece + text[start + random.randrange(6) :]
        with suppress(UserError):
            assert isinstance(read(damaged), Genotype)
