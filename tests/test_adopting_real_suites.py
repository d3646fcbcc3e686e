"""docs/adopting.md shows what real suites have printed, which no test can run; so their form is compared.

``docs/examples/adopting/transcript.py`` writes them anew. What is compared: each line of a summary is one
that ``docs/messages.md`` has, for which ``test_messages_page.py`` looks into the source; advice, pages and
words of the findings are those of the package.
"""

from __future__ import annotations

import re
import runpy

import pytest
from doc_blocks import blocks_of
from doc_examples import DOCS, EXAMPLES

from pytest_flask_hygiene.advice import _DEFAULT, STILL_OPEN, WHAT_HAPPENED, page_of
from pytest_flask_hygiene.findings import Finding, Owner, Site
from pytest_flask_hygiene.usage import MESSAGES

PAGE = DOCS / "adopting.md"
STORIES = runpy.run_path(str(EXAMPLES / "adopting" / "stories.py"))["STORIES"]
BLOCKS = {block.marker: block.text for block in blocks_of(PAGE) if block.marker}
REAL = [name for name in BLOCKS if name.startswith(("flask_sqlalchemy-", "flask_caching-"))]
OUTPUTS = [name for name in REAL if BLOCKS[name].startswith("$ pytest ")]

#: One row for each line that opened something; under it the test, and what mends it.
ROWS = re.compile(r" *\d+ tests?  +[\w-]+ +\S+:\d+  \S.*| {23}(first )?in \S+| {23}fix: .+")
NUMBERS = re.compile(r"\d+")


def summary_messages():
    """The lines that a summary may have, as patterns: the terms of that part of the page of messages."""
    text = (DOCS / "messages.md").read_text("utf-8").partition("## In the summary\n")[2].partition("\n## ")[0]
    terms = re.findall(r"^`([^`]+)`", text, re.MULTILINE) + re.findall(r"`(hygiene: [^`]+)`", text)
    return [re.compile(as_pattern(term)) for term in terms]


def as_pattern(term):
    """Numbers, endings of the plural, what stands in brackets and what ``...`` stands for may differ."""
    term, _, _ = re.sub(r" \((?:found|warn|-v).*?\)", "", term).partition("; --hygiene-strict")
    text = re.escape(term).replace(r"\.\.\.", ".*")
    text = NUMBERS.sub(r"\\d+", text)
    text = re.sub(r"(leak|test|entr|response|site|upload)(?:s|y|ies)?\b", r"\1(?:s|y|ies)?", text)
    return text.replace(r",\ most", r"(?:,\ most)?") + r"(?: \(.*\)| accepted|, \d+ lowered.*)*"


def parts(name):
    """The summary's lines, and the blocks of findings."""
    body = BLOCKS[name].partition("\n")[2]
    failures, _, rest = body.partition("= hygiene =")
    summary = rest.partition("\n")[2]
    summary = re.split(r"^(?:=+ short test|\d+ (?:passed|failed))", summary, flags=re.MULTILINE)[0]
    findings = re.findall(
        r"^([a-z-]+)  (\S.*)\n((?: {4}.*\n)*)((?:fix: .*\n)?(?:see: .*\n)?)", failures, re.MULTILINE
    )
    return re.sub(r" \(found \d+ times\)", "", summary).splitlines(), findings


def assert_is_edit(diff, edits):
    """Each line that a diff adds or takes away is one of the step's."""
    named = re.findall(r"^(?:\+\+\+ |deleted: )(.*)$", diff, re.MULTILINE)
    assert set(named) == {file for file, _, _ in edits}
    old, new = ({line for edit in edits for line in edit[side].splitlines()} for side in (1, 2))
    assert set(re.findall(r"^-(.*)$", diff, re.MULTILINE)) <= old
    assert set(re.findall(r"^\+(?!\+\+ )(.*)$", diff, re.MULTILINE)) <= new


def test_real_suites_are_shown():
    assert {f"flask_sqlalchemy-{step}" for step in ("first", "fix", "update", "done")} <= set(OUTPUTS)
    assert {f"flask_caching-{step}" for step in ("plain", "strict")} <= set(OUTPUTS)


@pytest.mark.parametrize("name", REAL)
def test_form_is_that_of_today(name):
    story, _, step = name.partition("-")
    steps = {each.name: each for each in STORIES[story].steps}
    if name not in OUTPUTS:
        assert_is_edit(BLOCKS[name], steps[step.removesuffix("-edit")].edits)
        return
    command, *_, last, status = BLOCKS[name].splitlines()
    assert command == f"$ pytest {steps[step].command}"
    assert status == f"(exit status {steps[step].status})"
    assert re.fullmatch(r"(?:\d+ (?:passed|failed|skipped)(?:, )?)+ in 0\.12s", last)
    summary, findings = parts(name)
    allowed = summary_messages()
    others = [line for line in summary if not ROWS.fullmatch(line)]
    assert others[0].startswith("hygiene: ")
    # What fails names its own pages, and what is only counted asks for nothing.
    only_counted = [
        line for line in others[1:] if not line.startswith("exception cycles of libraries: ")
    ] == []
    if not only_counted:
        assert others.pop() == f"see: {MESSAGES}"
    assert [line for line in others if not any(form.fullmatch(line) for form in allowed)] == []
    for kind, happened, lines, end in findings:
        page = page_of(Finding(kind, "dropped", Owner("test", "test_it"), Site(), ""))
        advice, _, variable = _DEFAULT[kind].partition("{variable}")
        assert re.fullmatch(rf"fix: {re.escape(advice)}.*{re.escape(variable)}\nsee: {page} in .*\n", end)
        if kind == "cycle":
            assert " is kept alive by " in happened
            assert lines.splitlines()[1].strip() == "what keeps it alive:"
        else:
            assert happened in (WHAT_HAPPENED[kind], STILL_OPEN.get(kind))
    assert len(findings) == (2 if name == "flask_caching-plain" else 0)
