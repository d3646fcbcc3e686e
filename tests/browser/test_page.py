"""The page of ``--hygiene-report=FILE.html`` in a browser: filters, folds, keys, colours, screens, speed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from many_findings import many_findings

from pytest_flask_hygiene.report.as_html import Run, drawing
from pytest_flask_hygiene.report.as_html import page as write_page
from pytest_flask_hygiene.report.places import Places

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOP = Path(__file__).resolve().parents[2] / "docs" / "examples" / "shop"

#: Something of everything, and names that would do harm if they were a part of the page.
SUITE = """
import socket

import pytest

kept = []
open("imported.txt", "w")


@pytest.fixture
def box():
    open("box.txt", "w")


@pytest.mark.parametrize("number", range(8))
def test_files(number):
    open(f"left-{number}.txt", "w")


def test_box(box):
    pass


def test_socket():
    socket.socket()  # </script><script>alert(1)</script><img src=x onerror=alert(1)>


@pytest.mark.parametrize("text", [0], ids=["</details><img src=x onerror=alert(1)><script>alert(1)</script>"])
def test_hostile(text):
    open("</style><img src=x onerror=alert(1)>".replace("/", "|"), "w")


def test_kept():
    kept.append(open("kept.txt", "w"))


@pytest.mark.allow_leak("file", reason="the printer's")
def test_allowed():
    open("allowed.txt", "w")
"""


def report(folder: Path, *args: str) -> Path:
    """Run the suite there in a Python of its own."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "-p",
        "no:flask",
    ]
    subprocess.run(
        [*command, "-p", "no:asyncio", "--hygiene-report=page.html", *args],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return folder / "page.html"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    folder.joinpath("test_suite.py").write_text(SUITE, "utf-8")
    return report(folder)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("copy") / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return report(folder)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    folder.joinpath("test_suite.py").write_text("def test_clean():\n    pass\n", "utf-8")
    return report(folder)


def shown(page: Page) -> list[str]:
    """The places in sight."""
    return page.locator(".group:visible h3 .at").all_inner_texts()


def findings_shown(page: Page) -> int:
    script = "document.querySelectorAll('.group:not([hidden]) .row:not([hidden])').length"
    found: int = page.evaluate(script)
    return found


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


def choice(page: Page, words: str) -> Any:
    return page.locator(".choice").filter(has_text=words)


# -- filters


def test_all_is_shown_at_first(mixed, open_page):
    page = open_page(mixed)
    assert count(page) == "14 findings at 7 places"
    assert findings_shown(page) == 14


def test_a_kind_can_be_chosen(mixed, open_page):
    page = open_page(mixed)
    choice(page, "socket").click()
    assert count(page) == "1 of 14 findings, at 1 place"
    assert findings_shown(page) == len(shown(page)) == 1
    assert choice(page, "socket").get_attribute("aria-pressed") == "true"


def test_two_kinds_can_be_chosen(mixed, open_page):
    page = open_page(mixed)
    choice(page, "socket").click()
    choice(page, "file").click()
    assert count(page) == "14 of 14 findings, at 7 places"


def test_an_owner_can_be_chosen(mixed, open_page):
    page = open_page(mixed)
    choice(page, "a fixture").click()
    assert count(page) == "1 of 14 findings, at 1 place"
    assert shown(page) == ["test_suite.py:12"]


def test_an_outcome_can_be_chosen(mixed, open_page):
    page = open_page(mixed)
    choice(page, "allowed").click()
    assert count(page) == "1 of 14 findings, at 1 place"


def test_filters_are_combined(mixed, open_page):
    page = open_page(mixed)
    choice(page, "file").click()
    choice(page, "fails").click()
    choice(page, "a test").click()
    page.locator("#text").fill("left-3")
    assert count(page) == "1 of 14 findings, at 1 place"
    assert page.locator(".row:visible .test").inner_text() == "test_suite.py::test_files[3]"


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("socket.socket()", 1),  # a source line
        ("SUITE.PY:17", 8),  # a place, in capitals
        ("test_files left-2", 1),  # words of the group and of one of its findings
        ("reason printer", 1),
        ("left-7", 1),  # folded
        ("yield inside", 1),  # advice
        ("nothing like it", 0),
    ],
)
def test_text_is_searched_wherever_it_is_shown(mixed, open_page, text, findings):
    page = open_page(mixed)
    page.locator("#text").fill(text)
    assert findings_shown(page) == findings
    assert count(page).startswith(f"{findings} of 14 findings")


def test_what_is_found_in_a_fold_is_unfolded(mixed, open_page):
    page = open_page(mixed)
    page.locator("#text").fill("left-7")
    assert page.locator(".row:visible").count() == 1


def test_the_fold_counts_what_is_left_in_it(mixed, open_page):
    page = open_page(mixed)
    assert page.locator("details.more summary").inner_text() == "and 3 more"
    page.locator("#text").fill("test_files")
    assert page.locator("details.more summary").inner_text() == "and 3 more"
    page.locator("#text").fill("left-6")
    page.locator("#text").fill("")
    assert page.locator("details.more summary").inner_text() == "and 3 more"
    assert findings_shown(page) == 14


def test_where_nothing_matches_the_page_says_so(mixed, open_page):
    page = open_page(mixed)
    page.locator("#text").fill("nothing like it")
    assert page.locator("#none").is_visible()
    page.locator("#none button").click()
    assert count(page) == "14 findings at 7 places"
    assert not page.locator("#none").is_visible()


def test_the_count_is_read_out(mixed, open_page):
    page = open_page(mixed)
    assert page.get_by_role("status").inner_text() == "14 findings at 7 places"


# -- the address


def test_the_filter_is_in_the_address(mixed, open_page):
    page = open_page(mixed)
    choice(page, "socket").click()
    choice(page, "a test").click()
    page.locator("#text").fill("a b&c")
    assert page.evaluate("location.hash") == "#kind=socket&owner=test&text=a+b%26c"
    page.locator("#clear").click()
    assert page.evaluate("location.hash") == ""


def test_an_address_brings_the_filter_back(mixed, open_page):
    page = open_page(mixed, "kind=file&owner=fixture&text=box")
    assert count(page) == "1 of 14 findings, at 1 place"
    assert page.locator("#text").input_value() == "box"
    assert choice(page, "file").get_attribute("aria-pressed") == "true"


def test_another_address_is_followed(mixed, open_page):
    page = open_page(mixed)
    page.evaluate("location.hash = 'kind=socket'")
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('1 of')")
    page.go_back()
    page.wait_for_function("document.querySelector('#count').textContent.startsWith('14 findings')")


@pytest.mark.parametrize("hash", ["findings", "kind=%3Cscript%3E", "kind", "=&&=", "%", "text=%E0%A4%A"])
def test_an_address_that_means_nothing_does_no_harm(mixed, open_page, hash):  # noqa: A002
    page = open_page(mixed, hash)
    assert count(page)


# -- folds


def test_all_can_be_folded_and_unfolded(mixed, open_page):
    page = open_page(mixed)
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert page.locator(".group > details[open]").count() == 0
    assert not page.locator(".fix").first.is_visible()
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator(".group > details:not([open])").count() == 0
    assert page.locator(".fix").first.is_visible()


def test_one_can_be_folded(mixed, open_page):
    page = open_page(mixed)
    first = page.locator(".group").first
    first.locator("h3").click()
    assert not first.locator(".fix").is_visible()
    assert page.locator(".group").nth(1).locator(".fix").is_visible()


# -- the keyboard


def test_a_slash_goes_to_the_text(mixed, open_page):
    page = open_page(mixed)
    page.keyboard.press("/")
    page.keyboard.type("box/")
    assert page.locator("#text").input_value() == "box/"


def test_escape_clears_the_filter(mixed, open_page):
    page = open_page(mixed, "kind=socket&text=x")
    page.locator("#text").focus()
    page.keyboard.press("Escape")
    assert count(page) == "14 findings at 7 places"
    assert page.locator("#text").input_value() == ""
    assert page.evaluate("location.hash") == ""


def test_everything_is_reached_by_tab_with_a_visible_focus(mixed, open_page):
    page = open_page(mixed)
    wanted = page.evaluate(
        """[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
        .filter(e => e.checkVisibility({contentVisibilityAuto: false})).length"""
    )
    assert wanted > 20
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """(() => {
                    const e = document.activeElement;
                    e.dataset.seen = '1';
                    const style = getComputedStyle(e);
                    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                })()"""
            )
        )
    assert page.evaluate("document.querySelectorAll('[data-seen]').length") == wanted
    assert all(seen)


def test_a_finding_is_folded_by_key(mixed, open_page):
    page = open_page(mixed)
    page.locator(".group > details > summary").first.focus()
    page.keyboard.press("Enter")
    assert not page.locator(".group .fix").first.is_visible()
    page.keyboard.press("Space")
    assert page.locator(".group .fix").first.is_visible()


def test_a_choice_is_made_by_key(mixed, open_page):
    page = open_page(mixed)
    choice(page, "socket").focus()
    page.keyboard.press("Space")
    assert count(page) == "1 of 14 findings, at 1 place"


def test_the_first_link_skips_to_the_findings(mixed, open_page):
    page = open_page(mixed, "kind=socket")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "findings"
    assert count(page) == "1 of 14 findings, at 1 place"
    assert page.evaluate("location.hash") == "#kind=socket"


# -- screen readers


def test_it_has_landmarks_and_headings_in_order(mixed, open_page):
    page = open_page(mixed)
    for role in ("banner", "main", "search", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_control_has_a_name(mixed, open_page):
    page = open_page(mixed)
    assert page.get_by_role("searchbox", name="Text").count() == 1
    for name in ("Kind", "Opened by", "Outcome"):
        assert page.get_by_role("group", name=name).count() == 1
    assert page.get_by_role("region", name="Findings").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


# -- light and dark


def paper(page: Page) -> str:
    found: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return found


LIGHT, DARK = "rgb(251, 250, 247)", "rgb(21, 23, 26)"


@pytest.mark.parametrize(("scheme", "colour"), [("light", LIGHT), ("dark", DARK)])
def test_the_readers_scheme_is_followed(mixed, open_page, scheme, colour):
    page = open_page(mixed, color_scheme=scheme)
    assert paper(page) == colour
    assert page.locator("#theme").get_attribute("aria-pressed") == str(scheme == "dark").lower()


@pytest.mark.parametrize(("scheme", "first", "second"), [("light", LIGHT, DARK), ("dark", DARK, LIGHT)])
def test_the_scheme_can_be_changed(mixed, open_page, scheme, first, second):
    page = open_page(mixed, color_scheme=scheme)
    page.locator("#theme").click()
    assert paper(page) == second
    page.locator("#theme").click()
    assert paper(page) == first


def test_the_change_is_remembered(mixed, open_page):
    page = open_page(mixed, color_scheme="light")
    page.locator("#theme").click()
    page.reload()
    assert paper(page) == DARK


def test_where_nothing_can_be_remembered_it_works_all_the_same(mixed, browser):
    context = browser.new_context(color_scheme="light")
    context.add_init_script(
        "const get = () => { throw new DOMException('no', 'SecurityError'); };"
        "Object.defineProperty(window, 'localStorage', {get});"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(mixed.as_uri())
    page.locator("#theme").click()
    assert paper(page) == DARK
    page.locator("#text").fill("box")
    assert count(page).startswith("1 of 14")
    context.close()
    assert errors == []


# -- nothing of a test's becomes a part of the page


def test_names_and_source_lines_are_text(mixed, open_page):
    page = open_page(mixed)
    page.on("dialog", lambda dialog: pytest.fail("a script of a test's ran"))
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    page.locator("#text").fill("<script>alert(1)")
    assert findings_shown(page) == 2
    assert (
        "<script>alert(1)</script>"
        in page.locator(".row:visible .test").first.inner_text()
        + page.locator(".group:visible .source").last.inner_text()
    )


def test_a_script_that_gets_into_the_page_does_not_run(mixed, browser, tmp_path):
    copy = tmp_path / "page.html"
    evil = "<script>document.title = 'evil'</script><img src=x onerror=\"document.title = 'evil'\"><h1>"
    text = mixed.read_text("utf-8")
    copy.write_text(text.replace("<h1", evil + "</h1><h1", 1), "utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(copy.as_uri())
    assert page.title() != "evil"
    assert count(page) == "14 findings at 7 places"
    context.close()


# -- screens, paper, no script


@pytest.mark.parametrize("width", [320, 360, 768])
def test_a_narrow_screen_needs_no_sideways_scrolling(shop, mixed, clean, open_page, width):
    for path in (shop, mixed, clean):
        page = open_page(path, viewport={"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_long_lines_scroll_by_themselves(shop, open_page):
    page = open_page(shop, viewport={"width": 360, "height": 700})
    scrolls = "[...document.querySelectorAll('.source')].some(e => e.scrollWidth > e.clientWidth)"
    assert page.evaluate(scrolls)


def test_on_paper_all_is_unfolded_and_controls_are_gone(mixed, open_page):
    page = open_page(mixed, color_scheme="dark")
    page.get_by_role("button", name="Fold all", exact=True).click()
    page.emulate_media(media="print")
    assert paper(page) == "rgb(255, 255, 255)"
    assert not page.locator("#filter").is_visible()
    heights = page.evaluate(
        "[...document.querySelectorAll('.fix')].map(e => e.getBoundingClientRect().height)"
    )
    assert len(heights) == 7
    assert all(heights)


def test_without_javascript_all_is_shown(mixed, open_page):
    page = open_page(mixed, java_script_enabled=False)
    assert page.locator(".group").count() == 7
    assert page.locator(".fix").first.is_visible()
    assert not page.locator("#filter").is_visible()
    assert not page.locator("#theme").is_visible()


def test_those_who_want_no_motion_get_none(mixed, open_page):
    script = "getComputedStyle(document.querySelector('.group summary'), '::before').transitionDuration"
    assert open_page(mixed, reduced_motion="reduce").evaluate(script) == "0s"
    assert open_page(mixed, reduced_motion="no-preference").evaluate(script) != "0s"


def test_a_run_without_findings_has_a_page(clean, open_page):
    page = open_page(clean)
    assert page.locator("h1").inner_text() == "No leaks"
    page.keyboard.press("/")
    page.locator("#theme").click()


# -- many


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")

    def write(sites: int) -> Path:
        data, files = many_findings(folder, 3000, sites)
        path = folder / f"{sites}.html"
        places = Places(files)
        text = write_page(data, places, Run(project="large"), drawing(folder, places))
        path.write_text(text, "utf-8")
        return path

    return write


LOADED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => {
    done(performance.getEntriesByType('navigation')[0].loadEventEnd);
})))"""
TYPED = """text => new Promise(done => {
    const began = performance.now();
    const field = document.querySelector('#text');
    field.value = text;
    field.dispatchEvent(new Event('input'));
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


@pytest.mark.parametrize("sites", [3000, 20])
def test_three_thousand_findings_open_in_under_a_second(large, open_page, sites):
    path = large(sites)
    tries = []
    # A busy machine may take its time once.
    for _ in range(3):
        page = open_page(path)
        loaded, first = page.evaluate(LOADED), page.evaluate(TYPED, "test_view_29")
        tries.append((loaded, first))
        assert count(page).startswith("111 of 3000 findings")
        page.context.close()
    loaded, first = (min(times) for times in zip(*tries, strict=True))
    assert loaded < 1000, tries
    assert first < 500, tries


def test_a_large_page_is_complete(large, open_page):
    page = open_page(large(3000))
    assert page.locator(".group").count() == 3000
    page.locator("#text").fill("test_view_2999")
    assert count(page) == "1 of 3000 findings, at 1 place"
    assert page.locator("svg").count() == 12
    page.locator(".group:visible h3").click()
    assert page.locator(".group:visible .fix").is_visible()
    assert page.locator(".group:visible svg").is_visible()


def test_a_large_page_is_complete_without_javascript(large, open_page):
    page = open_page(large(3000), java_script_enabled=False)
    assert page.locator("svg").count() == 3000
