"""Three suites and what is done to each of them, step by step: the commands of docs/adopting.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: Stands for the command that the summary of an earlier step has printed.
PRINTED: Final = "<the printed command>"


@dataclass
class Step:
    name: str
    edits: list[tuple[str, str, str]] = field(default_factory=list)
    """File, old text and new text.  No old text: the new text is appended; neither: the file is removed."""
    command: str = ""
    """What follows ``pytest``; nothing is run without it."""
    status: int = 0
    """The exit status that pytest must have."""
    since: str = "= hygiene ="
    """What is shown begins with the line that has this in it."""
    undo: bool = False
    """Take the edits back afterwards."""


@dataclass
class Story:
    steps: list[Step]
    addopts: str = ""
    """For PYTEST_ADDOPTS: what this suite needs to run at all."""
    prepare: list[tuple[str, str, str]] = field(default_factory=list)
    """Edits before the first step, that have nothing to do with leaks."""
    baseline: str = "hygiene-baseline.json"
    distributions: tuple[str, ...] = ()
    """Whose versions are told, beside Python's, pytest's and Flask's."""
    pythonpath: str = ""
    """Where the suite's own code is, relative to its directory."""


NEW_TEST: Final = """

def test_reads_itself():
    assert open(__file__).read()
"""
UPDATE: Final = "--hygiene-update-baseline"

LEGACY: Final = Story(
    steps=[
        Step("first", command="-q --hygiene=warn"),
        Step("plain", command="-q", status=1),
        Step("baseline", command=PRINTED),
        Step(
            "commit",
            edits=[("pytest.ini", "", "hygiene_baseline = hygiene-baseline.json\n")],
            command="-q",
        ),
        Step(
            "new",
            edits=[("tests/test_tariffs.py", "", NEW_TEST)],
            command="-q",
            status=1,
            since="= FAILURES =",
            undo=True,
        ),
        Step(
            "fix",
            edits=[
                (
                    "parcels/db.py",
                    "def init_db(path):",
                    (
                        "def close_db(exception=None):\n"
                        '    db = g.pop("db", None)\n'
                        "    if db is not None:\n"
                        "        db.close()\n\n\n"
                        "def init_db(path):"
                    ),
                ),
                ("parcels/__init__.py", "from . import views", "from . import db, views"),
                (
                    "parcels/__init__.py",
                    "    return app",
                    "    app.teardown_appcontext(db.close_db)\n    return app",
                ),
            ],
            command="-q",
        ),
        Step("update", command=f"-q {UPDATE}"),
        Step("part", command=f"-q -k label {UPDATE}"),
        Step(
            "conflict",
            edits=[("hygiene-baseline.json", '  "entries": [\n', '  "entries": [\n<<<<<<< HEAD\n')],
            command="-q",
            status=4,
            since="ERROR: ",
            undo=True,
        ),
        Step(
            "allow",
            edits=[
                (
                    "pytest.ini",
                    "",
                    (
                        "hygiene_allow =\n"
                        "    subprocess:print_label  # the printer's driver outlives the request\n"
                    ),
                )
            ],
            command=f"-q {UPDATE}",
        ),
        Step(
            "last",
            edits=[
                (
                    "parcels/tariffs.py",
                    (
                        '    for line in open(path, encoding="utf-8"):\n'
                        "        _, most, cents = line.split()\n"
                        "        if kilos <= int(most):\n"
                        "            return int(cents)\n"
                    ),
                    (
                        '    with open(path, encoding="utf-8") as file:\n'
                        "        for line in file:\n"
                        "            _, most, cents = line.split()\n"
                        "            if kilos <= int(most):\n"
                        "                return int(cents)\n"
                    ),
                )
            ],
            command=f"-q {UPDATE}",
        ),
        Step("strict", command="-q --hygiene-strict", status=1, since="= FAILURES ="),
        Step(
            "done",
            edits=[
                (
                    "tests/test_tariffs.py",
                    '    assert client.get("/tariffs").text.startswith("letter 1 95")',
                    (
                        '    with client.get("/tariffs") as response:\n'
                        '        assert response.text.startswith("letter 1 95")'
                    ),
                ),
                ("hygiene-baseline.json", "", ""),
                ("pytest.ini", "hygiene_baseline = hygiene-baseline.json\n", "hygiene_strict = true\n"),
            ],
            command="-q",
            since=".",
        ),
        Step(
            "stale",
            edits=[
                (
                    "parcels/labels.py",
                    "    subprocess.Popen([*command, str(number)])",
                    "    subprocess.run([*command, str(number)], check=True)",
                )
            ],
            command="-q",
            status=1,
        ),
    ],
)

FLASK_SQLALCHEMY: Final = Story(
    distributions=("flask-sqlalchemy", "sqlalchemy"),
    # SQLAlchemy's own default for datetime columns; this suite turns every warning into an error.
    addopts="-W ignore:datetime.datetime.utcnow:DeprecationWarning",
    steps=[
        Step("first", command="-q --hygiene=warn"),
        Step("plain", command="-q", status=1),
        Step("baseline", command=PRINTED),
        Step(
            "commit",
            edits=[
                (
                    "pyproject.toml",
                    'testpaths = ["tests"]\nfilterwarnings',
                    'testpaths = ["tests"]\nhygiene_baseline = "hygiene-baseline.json"\nfilterwarnings',
                )
            ],
            command="-q",
        ),
        Step(
            "new",
            edits=[("tests/test_model_name.py", "", NEW_TEST)],
            command="-q",
            status=1,
            since="= FAILURES =",
            undo=True,
        ),
        Step(
            "fix",
            edits=[
                (
                    "tests/conftest.py",
                    "def app(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:",
                    "def app(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Flask]:",
                ),
                (
                    "tests/conftest.py",
                    '    app.config["SQLALCHEMY_RECORD_QUERIES"] = False\n    return app\n',
                    (
                        '    app.config["SQLALCHEMY_RECORD_QUERIES"] = False\n'
                        "    yield app\n"
                        '    extension = app.extensions.get("sqlalchemy")\n'
                        "    if extension is not None:\n"
                        "        for engine in extension._app_engines.get(app, {}).values():\n"
                        "            engine.dispose()\n"
                    ),
                ),
            ],
            command="-q",
        ),
        Step("update", command=f"-q {UPDATE}"),
        Step(
            "done",
            edits=[
                (
                    "tests/test_metadata.py",
                    (
                        '    del app.extensions["sqlalchemy"]\n    db = SQLAlchemy(app)\n'
                        "    assert not db.metadata.tables\n"
                    ),
                    (
                        "    for engine in db.engines.values():\n"
                        "        engine.dispose()\n\n"
                        '    del app.extensions["sqlalchemy"]\n    db = SQLAlchemy(app)\n'
                        "    assert not db.metadata.tables\n"
                    ),
                ),
                ("hygiene-baseline.json", "", ""),
                (
                    "pyproject.toml",
                    'hygiene_baseline = "hygiene-baseline.json"\n',
                    "hygiene_strict = true\n",
                ),
            ],
            command="-q",
        ),
    ],
)

FLASK_CACHING: Final = Story(
    distributions=("flask-caching", "cachelib"),
    pythonpath="src",
    prepare=[
        (
            "tests/conftest.py",
            "",
            (
                "\n\ndef pytest_collection_modifyitems(items):\n"
                '    """Those that need no server."""\n'
                '    servers = {"redis_server", "memcache_server"}\n'
                "    items[:] = [item for item in items if not servers & set(item.fixturenames)]\n"
            ),
        )
    ],
    steps=[
        Step("plain", command="-q", status=1, since="= FAILURES ="),
        Step(
            "baseline",
            command=f"-q --hygiene-baseline=hygiene-baseline.json {UPDATE}",
        ),
        Step(
            "new",
            edits=[("tests/test_view.py", "", NEW_TEST)],
            command="-q --hygiene-baseline=hygiene-baseline.json",
            status=1,
            undo=True,
        ),
        Step(
            "fix",
            edits=[
                (
                    "src/flask_caching/__init__.py",
                    (
                        "                if found and isinstance(rv, HTTPException):\n"
                        "                    raise rv\n"
                    ),
                    (
                        "                if found and isinstance(rv, HTTPException):\n"
                        "                    try:\n                        raise rv\n"
                        "                    finally:\n                        del rv\n"
                    ),
                ),
                (
                    "src/flask_caching/__init__.py",
                    (
                        "                    if isinstance(rv, HTTPException):\n"
                        "                        raise rv\n"
                        "                return rv\n"
                    ),
                    (
                        "                    if isinstance(rv, HTTPException):\n"
                        "                        try:\n                            raise rv\n"
                        "                        finally:\n                            del rv\n"
                        "                return rv\n"
                    ),
                ),
            ],
            command="-q --hygiene-baseline=hygiene-baseline.json",
        ),
        Step("strict", command="-q --hygiene-strict"),
    ],
)

#: By the beginning of the directory's name.
STORIES: Final = {"legacy": LEGACY, "flask_sqlalchemy": FLASK_SQLALCHEMY, "flask_caching": FLASK_CACHING}
