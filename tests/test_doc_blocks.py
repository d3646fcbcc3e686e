"""No block of a page is without a test that fails when it goes stale.

``CHECKERS`` says which test that is. A new block needs a line there, or stands between comments that an
existing test compares: ``<!-- examples/...:begin -->`` for a file, another name for what a run prints.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

from doc_blocks import PAGES, blocks_of
from doc_examples import ROOT

TESTS = ROOT / "tests"

#: Pages, the beginning of a block's title (see ``Block.title``), and the test.
CHECKERS = [
    # Files, and what running them prints.
    ("*", "<!-- examples/", "test_doc_pages.py::test_page_shows_the_file_as_it_is"),
    ("README.md", "<!-- output ", "test_docs.py::test_readme_shows_what_a_failure_looks_like"),
    ("README.md", "<!-- reload ", "test_reload_stories.py::test_readme_shows_the_first_example"),
    ("docs/adopting.md", "<!-- legacy-", "test_adopting.py::test_page_shows_what_a_step_prints"),
    (
        "docs/adopting.md",
        "<!-- flask_sqlalchemy-",
        "test_adopting_real_suites.py::test_form_is_that_of_today",
    ),
    ("docs/adopting.md", "<!-- flask_caching-", "test_adopting_real_suites.py::test_form_is_that_of_today"),
    ("docs/explain.md", "<!-- explain ", "test_docs.py::test_docs_show_what_an_explained_test_looks_like"),
    (
        "docs/how-blame-works.md",
        "<!-- without ",
        "test_doc_pages.py::test_blame_without_the_plugin_falls_on_the_test_that_was_at_work",
    ),
    (
        "docs/how-blame-works.md",
        "<!-- with ",
        "test_doc_pages.py::test_blame_falls_on_the_test_that_opened_it",
    ),
    ("docs/kinds/*.md", "<!-- output ", "test_kind_pages.py::test_failing_example_fails_as_its_page_shows"),
    (
        "docs/other-resources.md",
        "<!-- output ",
        "test_other_resources_examples.py::test_page_shows_what_the_first_example_finds",
    ),
    (
        "docs/quickstart.md",
        "<!-- failing ",
        "test_doc_pages.py::test_quickstart_shows_what_a_failure_looks_like",
    ),
    ("docs/quickstart.md", "<!-- mended ", "test_doc_pages.py::test_quickstart_shows_that_it_is_mended"),
    (
        "docs/reload-*.md",
        "<!-- output ",
        "test_reload_stories.py::test_page_shows_what_the_failing_test_prints",
    ),
    ("docs/reload-*.md", "<!-- symptom ", "test_reload_stories.py::test_page_begins_with_the_symptom"),
    (
        "docs/reports.md",
        "<!-- page ",
        "test_page_of_shop.py::test_docs_tell_what_the_page_says_of_each_finding",
    ),
    ("docs/reports.md", "<!-- json ", "test_docs.py::test_docs_show_what_is_in_the_json_report"),
    ("docs/reports.md", "<!-- properties ", "test_docs.py::test_docs_show_the_properties_of_a_case"),
    ("docs/reports.md", "<!-- annotation ", "test_docs.py::test_docs_show_an_annotation"),
    ("docs/stories/*.md", "<!-- output ", "test_stories.py::test_failing_example_fails_as_its_page_shows"),
    (
        "docs/stories/one-connection-per-request.md",
        "<!-- symptom ",
        "test_stories.py::test_dropped_connection_locks_the_database",
    ),
    (
        "docs/stories/sent-files.md",
        "<!-- symptom ",
        "test_stories.py::test_sent_file_under_a_warning_filter_alone",
    ),
    # Lines of an output.
    (
        "docs/kinds/response.md",
        "indented: closed for the tests: 1 ",
        "test_kind_pages.py::test_response_is_closed_for_the_test_by_default",
    ),
    (
        "docs/stories/sent-files.md",
        "indented: closed for the tests: 1 ",
        "test_stories.py::test_sent_file_is_closed_for_the_test_by_default",
    ),
    (
        "docs/stories/exceptions-that-never-die.md",
        "indented: exception cycles of libraries: ",
        "test_stories.py::test_cycles_of_flask_are_counted",
    ),
    # Marks and settings.
    (
        "README.md",
        "python: @pytest.mark.allow_leak(",
        "test_readme.py::test_examples_of_what_is_accepted",
    ),
    ("README.md", "ini: [pytest]\nhygiene_allow", "test_readme.py::test_examples_of_what_is_accepted"),
    (
        "docs/kinds/*.md",
        "python: @pytest.mark.allow_leak(",
        "test_kind_pages.py::test_mark_on_the_page_accepts_the_failing_example",
    ),
    (
        "docs/kinds/*.md",
        "ini: [pytest]\nhygiene_allow",
        "test_kind_pages.py::test_mark_on_the_page_accepts_the_failing_example",
    ),
    (
        "docs/configuration.md",
        "python: @pytest.mark.allow_leak(",
        "test_configuration_page.py::test_mark_accepts_what_it_names",
    ),
    (
        "docs/configuration.md",
        "ini: [pytest]\nhygiene_allow",
        "test_configuration_page.py::test_rule_of_the_ini_file_accepts_what_it_names",
    ),
    (
        "docs/configuration.md",
        "ini: [pytest]\nhygiene_strict",
        "test_configuration_page.py::test_source_that_counts_as_your_own",
    ),
    (
        "docs/configuration.md",
        "python: def test_import",
        "test_configuration_page.py::test_block_of_the_fixture_accepts_what_is_opened_inside",
    ),
    (
        "docs/configuration.md",
        "python: # conftest.py",
        "test_configuration_page.py::test_client_of_the_suites_own_application",
    ),
    (
        "docs/configuration.md",
        "json: ",
        "test_configuration_page.py::test_entry_and_commands_of_the_baseline",
    ),
    (
        "docs/configuration.md",
        "ini: [pytest]\nhygiene_baseline",
        "test_configuration_page.py::test_entry_and_commands_of_the_baseline",
    ),
    (
        "docs/configuration.md",
        "indented: pytest --hygiene-baseline=",
        "test_configuration_page.py::test_entry_and_commands_of_the_baseline",
    ),
    ("docs/ci.md", "yaml: ", "test_doc_pages.py::test_yaml_for_ci_runs_pytest_with_options_that_exist"),
    ("docs/ci.md", "ini: ", "test_doc_pages.py::test_one_job_of_several_has_it_on"),
    ("docs/reports.md", "ini: ", "test_doc_pages.py::test_ini_blocks_can_be_read"),
    # Commands.
    ("docs/ci.md", "indented: pytest ", "test_doc_pages.py::test_commands_for_ci_fail_for_a_leak_or_list_it"),
    (
        "docs/explain.md",
        "indented: pytest ",
        "test_docs.py::test_docs_show_what_an_explained_test_looks_like",
    ),
    ("docs/reports.md", "indented: pytest ", "test_docs.py::test_docs_show_the_page_of_a_report"),
    ("*", "indented: pip install ", "test_doc_commands.py::test_install_command_names_the_project"),
    (
        "README.md",
        "indented: python3 -m venv .venv &&",
        "test_doc_commands.py::test_readme_command_for_the_shop_finds_its_nine_leaks",
    ),
    (
        "README.md",
        "indented: python3 -m venv .venv-tox &&",
        "test_doc_commands.py::test_readme_command_for_the_tests_is_that_of_ci",
    ),
    (
        "docs/examples/shop/README.md",
        "indented: pytest ",
        "test_doc_commands.py::test_shops_own_commands_do_what_stands_behind_them",
    ),
    (
        "docs/contributing.md",
        "indented: git clone ",
        "test_doc_commands.py::test_set_up_of_a_contributor_names_what_there_is",
    ),
    (
        "docs/contributing.md",
        "indented: .venv/bin/pytest -n auto",
        "test_doc_commands.py::test_contributor_can_run_all_tests_on_all_cores",
    ),
    (
        "docs/contributing.md",
        "indented: UPDATE_DOCS=1 ",
        "test_doc_commands.py::test_command_that_writes_what_pages_show_names_every_file_that_does",
    ),
    (
        "docs/releasing.md",
        "indented: git tag ",
        "test_doc_commands.py::test_release_steps_tag_as_the_workflow_expects",
    ),
    (
        "docs/adopting.md",
        "indented: python -m pip download ",
        "test_doc_commands.py::test_sources_of_the_real_suites_are_those_that_were_run",
    ),
    # Sphinx's own.
    ("docs/*index.md", "{toctree}: ", "test_project_files.py::test_pages_are_in_one_toctree_each"),
    ("docs/*.md", "{include} ", "test_doc_commands.py::test_files_that_pages_include_are_there"),
]

BLOCKS = [block for path in PAGES for block in blocks_of(path)]


def claims(block, pages, title):
    return fnmatchcase(block.page, pages) and block.title.startswith(title)


def test_blocks_are_found():
    assert len(BLOCKS) > 150
    assert {block.page for block in BLOCKS} >= {"README.md", "docs/quickstart.md", "docs/kinds/sqlite.md"}


def test_each_block_has_a_test():
    alone = [
        f"{block.page}:{block.line}: {block.title[:60]!r}"
        for block in BLOCKS
        if not any(claims(block, pages, title) for pages, title, _ in CHECKERS)
    ]
    assert not alone, "in CHECKERS of tests/test_doc_blocks.py there is no test for\n" + "\n".join(alone)


def test_comments_surround_one_block_each():
    named = [(block.page, block.marker) for block in BLOCKS if block.marker]
    assert sorted({pair for pair in named if named.count(pair) > 1}) == []


def test_no_test_is_named_for_a_block_that_is_gone():
    gone = [(p, title) for p, title, _ in CHECKERS if not any(claims(block, p, title) for block in BLOCKS)]
    assert gone == []


def test_each_test_is_there():
    named = {test for _, _, test in CHECKERS}
    there = set()
    for file in {test.partition("::")[0] for test in named}:
        tree = ast.parse((TESTS / file).read_text("utf-8"))
        there |= {f"{file}::{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named - there == set()
