"""The project's own files agree with each other: workflows, classifiers, tox, the map of the house."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest
from doc_examples import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TOX = (ROOT / "tox.ini").read_text("utf-8")


def load(path):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(path.read_text("utf-8"))


def jobs():
    return {(path.stem, name): job for path in WORKFLOWS for name, job in load(path)["jobs"].items()}


def pythons(classifiers):
    spec = importlib.util.spec_from_file_location("pythons", ROOT / ".ci" / "pythons.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pythons("".join(f"Classifier: {classifier}\n" for classifier in classifiers))


def tox_environments():
    listed = TOX.partition("env_list =\n")[2].partition("\n#")[0].split("\nskip_missing")[0]
    return [line.strip() for line in listed.splitlines() if line.strip()]


# -- workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_their_version(path):
    uses = re.findall(r"^ *(?:- )?uses: (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/\S+", action), action


def test_an_action_has_the_same_version_everywhere():
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: ([\w/.-]+)@(\w{40} # \S+)", text))
    assert len(pins) == len({name for name, _ in pins})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_has_no_rights_but_those_that_a_job_names(path):
    assert load(path)["permissions"] == {}


def test_only_the_job_that_publishes_may_and_it_has_no_source():
    may = {key for key, job in jobs().items() if "id-token" in job.get("permissions", {})}
    assert may == {("release", "publish")}
    publish = jobs()["release", "publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert not any("run" in step or "checkout" in step["uses"] for step in publish["steps"])
    assert publish["environment"]["name"] == "pypi"
    assert publish["needs"] == "build"
    assert jobs()["release", "build"]["needs"] == "tests"


def test_no_other_job_may_write():
    rights = {
        right
        for key, job in jobs().items()
        if key[1] != "publish"
        for right in job.get("permissions", {}).items()
    }
    assert rights == {("contents", "read")}


def test_checkouts_keep_no_credentials():
    steps = [step for job in jobs().values() for step in job.get("steps", ())]
    checkouts = [step for step in steps if "checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_commands_take_no_text_from_outside():
    commands = [step["run"] for job in jobs().values() for step in job.get("steps", ()) if "run" in step]
    assert commands
    assert [command for command in commands if "${{" in command] == []


def test_last_job_waits_for_all_others():
    tests = load(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]
    assert set(tests["all-green"]["needs"]) == set(tests) - {"all-green"}


def test_github_runs_what_tox_has():
    by_hand = {entry["env"] for entry in jobs()["tests", "others"]["strategy"]["matrix"]["include"]}
    assert by_hand == {name for name in tox_environments() if not name.startswith("py3")}
    versions = pythons(PROJECT["project"]["classifiers"])
    factors = {name.partition("-")[0] for name in tox_environments() if name.startswith("py3")}
    assert factors == {"py" + version.replace(".", "") for version in versions}


# -- versions


def test_classifiers_name_the_versions_that_are_tested():
    from pytest_flask_hygiene.settings import TESTED_PYTHONS

    versions = pythons(PROJECT["project"]["classifiers"])
    assert versions == [f"{major}.{minor}" for major, minor in TESTED_PYTHONS]
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"


def test_pre_commit_has_the_versions_of_the_dependency_groups():
    hooks = [hook for repo in load(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    groups = PROJECT["dependency-groups"]
    known = {*groups["lint"], *groups["typing"], *PROJECT["project"]["dependencies"]}
    for hook in hooks:
        assert set(hook["additional_dependencies"]) <= known


def test_release_steps_name_the_workflow_and_its_environment():
    text = (ROOT / "docs" / "releasing.md").read_text("utf-8")
    assert "`release.yml`" in text
    assert "`pypi`" in text


# -- the house


def test_map_of_the_house_has_each_file():
    text = (ROOT / "docs" / "how-it-works.md").read_text("utf-8")
    map_of_the_house = text.partition("## The map\n")[2].partition("\n## ")[0]
    named = set()
    for row in map_of_the_house.splitlines():
        # In a row for a directory, its files stand without it.
        directory = re.match(r"\| `(\w+/)` \|", row)
        names = re.findall(r"`([\w/]+\.py)`", row)
        named.update(directory[1] + name if directory else name for name in names)
    package = ROOT / "pytest_flask_hygiene"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert named == {name for name in files if not name.endswith("__init__.py")}


def test_sphinx_reads_the_lists_that_the_pages_have():
    # Without that extension they are paragraphs, and no warning says so.
    assert '"deflist"' in (ROOT / "docs" / "conf.py").read_text("utf-8")


def test_pages_are_in_one_toctree_each():
    pages = {
        path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")
    }
    pages = {page for page in pages if not page.startswith("examples/")} - {"index", "cost_remarks"}
    listed = []
    for index in ("index", "kinds/index", "stories/index"):
        folder = (ROOT / "docs" / index).parent
        text = (ROOT / "docs" / f"{index}.md").read_text("utf-8")
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            entries = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed += [(folder / entry).resolve().relative_to(ROOT / "docs").as_posix() for entry in entries]
    assert sorted(listed) == sorted(pages)
