"""The steps of docs/adopting.md on its small legacy suite: they work, and the page shows what they print.

``UPDATE_DOCS=1 pytest tests/test_adopting.py`` writes the output anew.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows

pytestmark = pytest.mark.once_a_python

ADOPTING = EXAMPLES / "adopting"
PAGE = ROOT / "docs" / "adopting.md"


@pytest.fixture(scope="module")
def scripts():
    """The modules ``transcript`` and ``stories``."""
    before = list(sys.path)
    sys.path.insert(0, str(ADOPTING))
    try:
        yield importlib.import_module("transcript"), importlib.import_module("stories")
    finally:
        sys.path[:] = before


@pytest.fixture(scope="module")
def with_baseline(tmp_path_factory):
    """A copy of the suite as it is when its baseline is in the ini file; made by ``blocks``."""
    return tmp_path_factory.mktemp("accepted") / "suite"


@pytest.fixture(scope="module")
def blocks(scripts, tmp_path_factory, with_baseline):
    """What the steps print; each has the exit status that its step names."""
    transcript, stories = scripts
    target = tmp_path_factory.mktemp("adopting") / "suite"
    found = {}
    for name, language, text in transcript.play(stories.LEGACY, ADOPTING / "legacy", sys.executable, target):
        found[name] = language, text
        if name == "commit":
            shutil.copytree(target, with_baseline)
    return found


def shown(story):
    return re.findall(rf"<!-- {story}-([\w-]+):begin -->", PAGE.read_text("utf-8"))


def text_of(blocks, step):
    return blocks[step][1]


@pytest.mark.parametrize("name", shown("legacy"))
def test_page_shows_what_a_step_prints(blocks, name):
    language, text = blocks[name]
    assert_page_shows(PAGE, as_block(text, language), f"legacy-{name}")


def test_page_shows_the_real_suites():
    """Their output is written by transcript.py; here they are only known to be there."""
    text = PAGE.read_text("utf-8")
    for story in ("flask_sqlalchemy", "flask_caching"):
        for name in shown(story):
            begin, end = (f"<!-- {story}-{name}:{side} -->" for side in ("begin", "end"))
            assert text.partition(begin)[2].partition(end)[0].strip()


def test_worst_site_is_listed_first(blocks):
    found = re.findall(r"^ *(\d+) tests +(\S+)", text_of(blocks, "first"), re.MULTILINE)
    assert found == [("16", "sqlite"), ("5", "file"), ("2", "subprocess")]


def test_printed_command_accepts_everything(blocks):
    command = text_of(blocks, "baseline").splitlines()[0].removeprefix("$ ")
    assert f"\n  {command}\n" in text_of(blocks, "plain")
    assert "(23 more, 0 less)" in text_of(blocks, "baseline")


def test_new_leak_is_the_only_failure(blocks):
    assert "1 failed, 26 passed" in text_of(blocks, "new")


def test_one_line_clears_the_worst_site(blocks):
    assert "16 entries can be removed" in text_of(blocks, "fix")
    assert "7 entries (0 more, 16 less)" in text_of(blocks, "update")


@pytest.fixture
def accepted(scripts, blocks, with_baseline, tmp_path):
    """The suite with its baseline, and a way to run pytest in it."""
    transcript, stories = scripts
    target = tmp_path / "suite"
    shutil.copytree(with_baseline, target)

    def run(command, status=0):
        step = stories.Step("here", status=status)
        return transcript.run_step(stories.LEGACY, f"pytest {command}", sys.executable, target, step)

    return target, run


def test_workers_use_the_same_baseline(accepted):
    pytest.importorskip("xdist")
    _, run = accepted
    assert "26 passed" in run("-q -n2")


def test_side_of_a_merge_is_completed_by_an_update(accepted):
    """As the page says: take either side, then update."""
    target, run = accepted
    path = target / "hygiene-baseline.json"
    whole = path.read_text("utf-8")
    data = json.loads(whole)
    del data["entries"][3:9]
    path.write_text(json.dumps(data), "utf-8")
    assert "6 failed, 20 passed" in run("-q", status=1)
    assert "(6 more, 0 less)" in run("-q --hygiene-update-baseline")
    assert path.read_text("utf-8") == whole


def test_part_of_the_suite_says_nothing_of_the_rest(accepted):
    target, run = accepted
    path = target / "hygiene-baseline.json"
    before = path.read_text("utf-8")
    assert "can be removed" not in run("-q --hygiene-strict -k index")
    run("-q -k index --hygiene-update-baseline")
    assert path.read_text("utf-8") == before


def test_transcript_names_the_suites_that_it_knows(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ADOPTING / "transcript.py"), str(tmp_path), sys.executable],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 2
    assert "no such story; there are legacy, flask_sqlalchemy, flask_caching" in done.stderr
