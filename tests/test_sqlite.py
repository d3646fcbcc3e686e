"""sqlite connections: the same outcome on every Python, and no lock lives longer because of us."""

from __future__ import annotations

from textwrap import dedent

import pytest
from reading_runs import marked

pytest_plugins = ["outer_run"]
pytestmark = pytest.mark.usefixtures("pythons_own_filters")

IMPORTS = """\
import contextlib, gc, sqlite3, threading
import pytest
from flask import Flask, g
"""


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


SUBCLASS = "class Sub(sqlite3.Connection):\n    pass\n\n"
SHOP = """\
app = Flask(__name__)

def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(":memory:")  # leak
    return g.db

@app.get("/")
def index():
    return str(get_db().execute("select 1").fetchone())

"""
TEARDOWN = """\
@app.teardown_appcontext
def close_db(error):
    g.pop("db").close()

"""
IN_G = "def test_it():\n    assert app.test_client().get('/').status_code == 200\n"

LEAKS = {
    "dropped": "def test_it():\n    sqlite3.connect(':memory:')  # leak\n",
    "used": "def test_it():\n    sqlite3.connect(':memory:').execute('select 1').fetchone()  # leak\n",
    "with block": "def test_it():\n    with sqlite3.connect(':memory:') as con:  # leak\n        pass\n",
    "g without teardown": SHOP + IN_G,
    "subclass": SUBCLASS + "def test_it():\n    Sub(':memory:')  # leak\n",
    "Connection": "def test_it():\n    sqlite3.Connection(':memory:')  # leak\n",
    "factory": SUBCLASS + "def test_it():\n    sqlite3.connect(':memory:', factory=Sub)  # leak\n",
    "cycle": "def test_it():\n    ring = [sqlite3.connect(':memory:')]  # leak\n    ring.append(ring)\n",
    "own collection": "def test_it():\n    sqlite3.connect(':memory:')  # leak\n    gc.collect()\n",
    "next connect": (
        "def test_it():\n    sqlite3.connect(':memory:')  # leak\n    sqlite3.connect(':memory:').close()\n"
    ),
    "bytes path": "def test_it():\n    sqlite3.connect(b':memory:')  # leak\n",
    "thread": """\
def work():
    sqlite3.connect(':memory:').execute("select 1")  # leak

def test_it():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
""",
    "name imported": "from sqlite3 import connect\n\ndef test_it():\n    connect(':memory:')  # leak\n",
}
INNOCENT = "\ndef test_innocent():\n    gc.collect()\n"


@pytest.mark.parametrize("style", LEAKS)
def test_an_unclosed_connection_fails_its_test_at_its_line(run_suite, style):
    text = suite(LEAKS[style] + INNOCENT)
    result = run_suite(text)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_it left 1 resource open", "sqlite  *", f"*:{marked(text)} *in *"]
    )


CLOSED = {
    "closed": "def test_it():\n    sqlite3.connect(':memory:').close()\n",
    "closing": "def test_it():\n    with contextlib.closing(sqlite3.connect(':memory:')):\n        pass\n",
    "g with teardown": SHOP + TEARDOWN + IN_G,
    "subclass": SUBCLASS + "def test_it():\n    Sub(':memory:').close()\n",
    "factory": SUBCLASS + "def test_it():\n    sqlite3.connect(':memory:', factory=Sub).close()\n",
    "module global": "con = sqlite3.connect(':memory:')\n\ndef test_it():\n    con.execute('select 1')\n",
    "thread": """\
def work():
    sqlite3.connect(':memory:').close()

def test_it():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
""",
    "fixture": """\
@pytest.fixture
def con():
    with contextlib.closing(sqlite3.connect(':memory:')) as con:
        yield con

def test_it(con):
    con.execute('select 1')
""",
    "cannot open": """\
def test_it(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(tmp_path / "none" / "shop.db")
""",
}


@pytest.mark.parametrize("style", CLOSED)
def test_no_finding(run_suite, style):
    result = run_suite(suite(CLOSED[style] + INNOCENT))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_a_wider_fixtures_connection_is_charged_to_the_fixture(run_suite, scope):
    text = suite(
        f"""
        @pytest.fixture(scope="{scope}")
        def con():
            return sqlite3.connect(":memory:")  # leak

        class TestShop:
            def test_first(self, con):
                con.execute("select 1")

            def test_second(self, con):
                con.execute("select 1")
        """
    )
    result = run_suite(text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"*{scope} fixture 'con'*", f"*test_suite.py:{marked(text)} *in con *"])


def test_a_users_filter_for_pythons_own_words_silences_every_version(run_suite):
    ini = {"pytest.ini": "[pytest]\nfilterwarnings =\n    ignore:unclosed database:ResourceWarning\n"}
    run_suite(suite(LEAKS["dropped"] + LEAKS["cycle"].replace("_it", "_cycle")), files=ini).assert_outcomes(
        passed=2
    )


def test_a_connection_and_a_file_are_two_findings(run_suite):
    result = run_suite(suite("def test_it():\n    open(__file__)\n    sqlite3.connect(':memory:')\n"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 2 resources open"])


# -- locks

LOCKS = """
def begin(path):
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("create table item (name)")
    con.execute("begin immediate")
    con.execute("insert into item values ('kettle')")

def test_second_writer(tmp_path):
    path = tmp_path / "shop.db"
    begin(path)
    COLLECT()
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as second, second:
        second.execute("insert into item values ('spoon')")
"""


@pytest.mark.parametrize("collect", ["gc.collect", "collect"])
def test_after_the_tests_own_collection_a_dropped_writer_locks_nobody_out(run_suite, collect):
    text = suite("from gc import collect\n" + LOCKS.replace("COLLECT", collect))
    result = run_suite(text, "--hygiene=warn", subprocess=True)
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("collect", ["gc.collect", "collect"])
def test_a_dropped_writer_is_still_reported_after_the_tests_own_collection(run_suite, collect):
    text = suite("from gc import collect\n" + LOCKS.replace("COLLECT", collect))
    result = run_suite(text, subprocess=True)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["sqlite  *", "*in begin *"])
    result.stdout.no_fnmatch_line("*database is locked*")


def test_a_dropped_writer_locks_nobody_out_in_the_next_test(run_suite):
    text = suite(
        LOCKS.replace("COLLECT()", "return path")
        + """
@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("db") / "shop.db"

def test_begins(path):
    begin(path)

def test_writes(path):
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as second, second:
        second.execute("insert into item values ('spoon')")
"""
    )
    result = run_suite(text, "-k", "begins or writes")
    result.assert_outcomes(failed=1, passed=1, deselected=1)


# -- SQLAlchemy

ENGINE = """
from sqlalchemy import create_engine, text

def make_engine(path):
    return create_engine(f"sqlite:///{path}/shop.db")  # leak

def query(engine):
    with engine.connect() as con:
        assert con.execute(text("select 1")).scalar() == 1
"""


@pytest.mark.usefixtures("sqlalchemy_loaded")
class TestSQLAlchemy:
    NEVER_DISPOSED = (
        ENGINE
        + """
def test_queries(tmp_path):
    engine = make_engine(tmp_path)
    query(engine)
    query(engine)
"""
    )

    def test_an_engine_never_disposed_of_is_one_finding(self, run_suite):
        result = run_suite(suite(self.NEVER_DISPOSED))
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["hygiene: test_queries left 1 resource open", "sqlite  *"])

    def test_an_engine_with_two_connections_is_one_finding(self, run_suite):
        source = """
def test_queries(tmp_path):
    engine = make_engine(tmp_path)
    with engine.connect() as con:
        con.execute(text("select 1"))
        query(engine)
"""
        result = run_suite(suite(ENGINE + source))
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["hygiene: test_queries left 1 resource open", "sqlite  *"])

    def test_the_site_is_where_the_engine_was_created(self, run_suite):
        text = suite(self.NEVER_DISPOSED)
        run_suite(text).stdout.fnmatch_lines([f"*test_suite.py:{marked(text)} *in make_engine *"])

    def test_the_advice_names_dispose(self, run_suite):
        run_suite(suite(self.NEVER_DISPOSED)).stdout.fnmatch_lines(["fix: *engine.dispose()*"])

    def test_a_disposed_engine_is_no_finding(self, run_suite):
        result = run_suite(suite(self.NEVER_DISPOSED + "    engine.dispose()\n"))
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["hygiene: no leaks"])

    SESSION = (
        ENGINE
        + """
@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    engine = make_engine(tmp_path_factory.mktemp("db"))
    yield engine
    DISPOSE

def test_first(engine):
    query(engine)

def test_second(engine):
    query(engine)
"""
    )

    def test_a_session_scoped_engine_that_is_disposed_of_is_no_finding(self, run_suite):
        result = run_suite(suite(self.SESSION.replace("DISPOSE", "engine.dispose()")))
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(["hygiene: no leaks"])

    def test_a_session_scoped_engine_is_charged_to_its_fixture(self, run_suite):
        text = suite(self.SESSION.replace("DISPOSE", "pass"))
        result = run_suite(text)
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines(["*session fixture 'engine'*", f"*:{marked(text)} *in make_engine *"])
