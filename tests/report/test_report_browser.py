"""The page in a real browser: narrow and wide, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from report_browser import Browser, found
from report_made import evaluated, search_run, train_run

from segsmith.report.page import Reporter

pytestmark = pytest.mark.skipif(found() is None, reason="no Chromium here: apt-get install chromium")

LEGIBLE_PX = 8.5
"""The smallest letters that a chart may come to on a phone."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    hostile = ("<script>document.title='gone'</script>", '"><img src=x onerror="document.title=\'gone\'">', "é漢")
    run = train_run(folder / "<b>train")
    evaluated(run)
    train_run(folder / "hostile", classes=hostile, data="folder:/nowhere")
    search_run(folder / "search", 60)
    Reporter().write([folder], folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.mark.parametrize("width", [360, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows(page: Path, browser: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    browser.open(page, width, scheme)
    assert "segsmith report" in browser.value("document.title")
    assert browser.told("Log.entryAdded") == []
    assert browser.told("Runtime.exceptionThrown") == []
    assert browser.told("Runtime.consoleAPICalled") == []
    asked = [event["request"]["url"] for event in browser.told("Network.requestWillBeSent")]
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
    assert browser.value("document.images.length") >= 12
    assert browser.value("[...document.images].every(i => i.naturalWidth > 0 && i.clientWidth > 0)")
    assert browser.value("[...document.querySelectorAll('video')].every(v => v.poster.startsWith('data:image'))")
    charts = "[...document.querySelectorAll('svg.chart')]"
    assert browser.value(f"{charts}.length") > 10
    assert browser.value(f"{charts}.every(s => s.getBoundingClientRect().height > 40)")
    assert browser.value("document.documentElement.scrollWidth") == width, "only tables and drawings scroll sideways"
    drawn = "s.querySelector('text') ? s.getBoundingClientRect().width / s.viewBox.baseVal.width * 12 : 99"
    assert browser.value(f"Math.min(...{charts}.map(s => {drawn}))") >= LEGIBLE_PX
    dark = browser.value("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_pointing_at_a_node_shows_what_it_is(page: Path, browser: Browser) -> None:
    browser.open(page, 1920, "light")
    shown = "[...document.querySelectorAll('.sg-tip')].filter(t => getComputedStyle(t).visibility == 'visible')"
    assert browser.value(f"{shown}.length") == 0
    browser.value("document.querySelector('.sg-node').focus()")
    assert browser.value(f"{shown}.length") == 1
    assert "gives" in browser.value(f"{shown}[0].textContent")
