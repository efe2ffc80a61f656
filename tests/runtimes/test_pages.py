"""Only new memory is asked for, and only where the system waits to be asked."""

import sys

import numpy as np
import pytest

from segsmith.runtimes.pages import HUGE, LEAST, Pages, regions

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says where memory lies")


@pytest.fixture
def asking(tmp_path):
    policy = tmp_path / "enabled"
    policy.write_text("always [madvise] never\n")
    return policy


@linux
def test_new_memory_is_asked_for_once(asking):
    pages = Pages(asking)
    taken = np.ones(16 * HUGE, np.uint8)
    assert pages.settle() >= 14 * HUGE
    assert pages.settle() == 0
    assert taken.sum() == 16 * HUGE


@linux
def test_regions_are_whole_huge_pages():
    taken = np.ones(16 * HUGE, np.uint8)
    address = taken.__array_interface__["data"][0]
    found = list(regions())
    assert all(start % HUGE == 0 and end % HUGE == 0 and end - start >= LEAST for start, end in found)
    assert any(start - HUGE <= address < end for start, end in found)


@pytest.mark.parametrize("policy", ["[always] madvise never", "always madvise [never]"])
def test_nothing_happens_elsewhere(tmp_path, policy):
    (tmp_path / "enabled").write_text(policy)
    pages = Pages(tmp_path / "enabled")
    taken = np.ones(16 * HUGE, np.uint8)
    assert pages.settle() == 0
    assert taken.any()


def test_a_system_without_them(tmp_path):
    assert Pages(tmp_path / "missing").settle() == 0
