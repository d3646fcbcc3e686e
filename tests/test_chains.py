"""Pictures of what holds what, as a terminal shows them: the loop of a cycle, the way from a root."""

from __future__ import annotations

import json
import re
import sys

import pytest

CONFTEST = """
    import logging, sys

    found = []

    # What is held is closed when the plugin has gone, for these tests run in a larger run.
    def pytest_sessionfinish():
        found.extend(module for module in list(sys.modules.values()) if "to_close" in vars(module))

    def pytest_unconfigure():
        for shop in found:
            shop.go_on.set()
            for thing in shop.to_close:
                thing().close()
        logging.getLogger("held").handlers.clear()
"""
SHOP = """
    import functools, logging, socket, threading, weakref

    to_close = []
    go_on = threading.Event()

    def opened():
        sock = socket.socket()
        to_close.append(weakref.ref(sock))
        return sock

    def parse():
        raise ValueError("no price")
"""


@pytest.fixture
def lines(run_suite):
    """The lines below "what keeps it alive:" or "what holds it:", in the only failure of a strict run."""

    def run(shop: str, test: str, *args: str, **kwargs) -> list[str]:
        files = {"conftest.py": CONFTEST, "shop.py": SHOP + shop}
        result = run_suite(test, "--hygiene-strict", *args, files=files, **kwargs)
        found = []
        inside = False
        for line in result.outlines:
            if inside and not line.startswith("      "):
                break
            if inside:
                found.append(line.strip())
            inside = inside or line.strip() in ("what keeps it alive:", "what holds it:")
        return found

    return run


def test_loop_goes_from_the_exception_to_the_variable(lines):
    shop = """
    def load():
        try:
            parse()
        except ValueError as e:
            error = e
    """
    assert lines(shop, "import shop\ndef test_it(): shop.load()") == [
        "+-> ValueError: no price",
        "|   .__traceback__  traceback in load()  shop.py:17",
        "|   .tb_frame       frame of load()      shop.py:19",
        "+-- error           the same exception",
    ]


def test_loop_shows_what_is_between_the_variable_and_the_exception(lines):
    shop = """
    class Job:
        def run(self):
            try:
                parse()
            except ValueError as e:
                self.errors = {"last": [e]}
    """
    assert lines(shop, "import shop\ndef test_it(): shop.Job().run()")[2:] == [
        "|   .tb_frame       frame of run()      shop.py:20",
        "|   self            shop.Job",
        "|   .errors         dict",
        "|   ['last']        list",
        "+-- [0]             the same exception",
    ]


def test_attribute_in_a_slot_is_named(lines):
    shop = """
    class Job:
        __slots__ = ("error",)
        def run(self):
            try:
                parse()
            except ValueError as e:
                self.error = e
    """
    assert (
        lines(shop, "import shop\ndef test_it(): shop.Job().run()")[-1]
        == "+-- .error          the same exception"
    )


def test_picture_has_ten_lines_at_most(lines):
    shop = """
    def load():
        try:
            parse()
        except ValueError as e:
            error = [[[[[[[e]]]]]]]
    """
    found = lines(shop, "import shop\ndef test_it(): shop.load()")
    # And the line above them.
    assert len(found) == 9
    assert "|   ...             3 more" in found
    assert found[-1] == "+-- [0]             the same exception"


#: Before Python 3.13 its name can't be asked for without leaving a copy of all variables behind.
VARIABLE = "sock" if sys.version_info >= (3, 13) else "a local variable"
HELD = {
    "dict": (
        "pool = {}\ndef connect(): pool['main'] = [opened()]",
        [
            "module shop  shop.py:15",
            ".pool     dict",
            "['main']  list",
            "[0]       socket.socket",
        ],
    ),
    "object": (
        "class Pool: pass\npool = Pool()\ndef connect(): pool.socket = opened()",
        ["module shop  shop.py:16", ".pool    shop.Pool", ".socket  socket.socket"],
    ),
    "class": (
        "class Pool:\n    all = []\ndef connect(): Pool.all.append(opened())",
        [
            "module shop  shop.py:15",
            ".Pool  class shop.Pool  shop.py:15",
            ".all   list",
            "[0]    socket.socket",
        ],
    ),
    "cache": (
        "@functools.cache\ndef connect(): return opened()",
        [
            "module shop  shop.py:16",
            ".connect         the cache of shop.connect()  shop.py:15",
            "a cached result  socket.socket",
        ],
    ),
    "closure": (
        (
            "def make():\n    sock = opened()\n    return lambda: sock\nuse = None\n"
            "def connect():\n    global use\n    use = make()"
        ),
        [
            "module shop  shop.py:18",
            ".use  function make.<locals>.<lambda>()  shop.py:17",
            "sock  socket.socket",
        ],
    ),
    "generator": (
        "def rows():\n    sock = opened()\n    yield\nuse = rows()\ndef connect(): next(use)",
        [
            "module shop  shop.py:18",
            f"{'.use':<{len(VARIABLE)}}  generator rows()  shop.py:15",
            f"{VARIABLE:<4}  socket.socket",
        ],
    ),
    "partial": (
        "use = None\ndef connect():\n    global use\n    use = functools.partial(print, opened())",
        ["module shop  shop.py:15", ".use   functools.partial", ".args  tuple", "[0]    socket.socket"],
    ),
    "handler": (
        (
            "def connect():\n    handler = logging.FileHandler('log.txt')\n"
            "    logging.getLogger('held').addHandler(handler)\n    to_close.append(weakref.ref(handler))"
        ),
        ["logger 'held'", ".handlers  list", "[0]        logging.FileHandler", ".stream    TextIOWrapper"],
    ),
}


@pytest.mark.parametrize("where", HELD)
def test_way_from_a_root(lines, where):
    shop, wanted = HELD[where]
    indented = "".join(f"    {line}\n" for line in shop.splitlines())
    assert lines("\n" + indented, "import shop\ndef test_it(): shop.connect()") == wanted


@pytest.mark.skipif(
    (3, 11) <= sys.version_info < (3, 13), reason="tells nobody what a running frame refers to"
)
def test_local_variable_of_a_running_thread(lines):
    shop = """
    ready = threading.Event()
    def work():
        sock = opened()
        ready.set()
        go_on.wait(10)
    def start():
        thread = threading.Thread(target=work, name="courier")
        thread.start()
        ready.wait(10)
    """
    first, *rest = lines(shop, "import shop\ndef test_it(): shop.start()")
    assert first == "thread 'courier'  shop.py:16"
    assert [re.split(" {2,}", line) for line in rest] == [
        ["runs", "frame of work()", "shop.py:19"],
        [VARIABLE, "socket.socket"],
    ]


def test_a_running_thread_does_not_hold_itself(run_suite):
    shop = """
    class Courier:
        def __init__(self):
            self.thread = threading.Thread(target=self.work)
            self.thread.start()
        def work(self):
            go_on.wait(10)
    """
    test = "import shop\ndef test_it(): shop.Courier()"
    result = run_suite(test, "--hygiene-strict", files={"conftest.py": CONFTEST, "shop.py": SHOP + shop})
    result.stdout.fnmatch_lines(["*thread  started here and still running*"])
    result.stdout.no_fnmatch_line("*held by*")


def test_what_a_global_refers_to_itself_needs_no_picture(lines):
    shop = """
    sock = None
    def connect():
        global sock
        sock = opened()
    """
    assert lines(shop, "import shop\ndef test_it(): shop.connect()") == []


def test_workers_send_their_pictures_home(lines):
    pytest.importorskip("xdist")
    shop, wanted = HELD["dict"]
    indented = "".join(f"    {line}\n" for line in shop.splitlines())
    test = "import shop\ndef test_it(): shop.connect()"
    assert lines("\n" + indented, test, "-n2", with_plugins=("xdist",), subprocess=True) == wanted


def test_json_report_has_the_loop(run_suite, pytester):
    run_suite(
        """
        def load():
            try:
                raise ValueError("no price")
            except ValueError as e:
                error = e

        def test_it():
            load()
        """,
        "--hygiene-strict",
        "--hygiene-report=found.json",
    )
    (finding,) = json.loads((pytester.path / "found.json").read_text("utf-8"))["findings"]
    assert finding["chain"] == {
        "nodes": [
            {"kind": "exception", "text": "ValueError: no price", "path": None, "line": None},
            {"kind": "traceback", "text": "traceback in load()", "path": "test_suite.py", "line": 3},
            {"kind": "frame", "text": "frame of load()", "path": "test_suite.py", "line": 5},
        ],
        "edges": [".__traceback__", ".tb_frame", "error"],
    }


def test_json_report_has_no_chain_of_what_nobody_holds(run_suite, pytester):
    run_suite("def test_it(): open(__file__)", "--hygiene-report=found.json")
    (finding,) = json.loads((pytester.path / "found.json").read_text("utf-8"))["findings"]
    assert finding["chain"] is None


def test_nothing_of_the_users_is_called(lines):
    shop = """
    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError("asked")
    def refuse(*args):
        raise RuntimeError("asked")
    class Pool(dict):
        __getattribute__ = __iter__ = __len__ = __eq__ = __hash__ = __repr__ = items = values = refuse
    class Row(list):
        __getattribute__ = __iter__ = __len__ = __eq__ = __hash__ = __repr__ = refuse
    class Call(functools.partial):
        __getattribute__ = __call__ = __repr__ = refuse
    class Odd(metaclass=Meta):
        pass
    pool = Pool()
    def connect():
        row, odd = Row(), Odd()
        object.__setattr__(odd, "call", Call(print, opened()))
        list.append(row, odd)
        dict.__setitem__(pool, "main", row)
    """
    assert lines(shop, "import shop\ndef test_it(): shop.connect()") == [
        "module shop  shop.py:28",
        ".pool     shop.Pool",
        "['main']  shop.Row",
        "[0]       shop.Odd",
        ".call     shop.Call",
        ".args     tuple",
        "[0]       socket.socket",
    ]


def test_local_variables_of_a_running_thread_live_no_longer(run_suite):
    """Python 3.12 and older keep a copy of them in the frame when they are asked for."""
    result = run_suite(
        """
        import socket, threading, weakref

        class Thing:
            pass

        dropped, looked = threading.Event(), threading.Event()
        kept, alive = [], []

        def work():
            thing = Thing()
            alive.append(weakref.ref(thing))
            dropped.wait(10)
            del thing
            looked.set()
            dropped.clear()
            dropped.wait(10)

        thread = threading.Thread(target=work, daemon=True)

        def test_leaves_a_socket_open():
            thread.start()
            kept.append([[socket.socket()]])

        def test_thing_is_gone():
            dropped.set()
            assert looked.wait(10)
            assert alive[0]() is None
            dropped.set()
            thread.join(10)
            kept.pop()[0][0].close()
        """,
    )
    result.assert_outcomes(passed=2)


def test_nothing_is_drawn_where_nothing_is_found(run_suite):
    result = run_suite(
        """
        import sys

        def test_it():
            pass

        def test_afterwards():
            names = ("references", "chains")
            assert not [name for name in names if f"pytest_flask_hygiene.heap.{name}" in sys.modules]
        """,
        subprocess=True,
    )
    result.assert_outcomes(passed=2)


def test_names_with_signs_of_regular_expressions(run_suite):
    shop = """
    Odd = type("Report (draft", (), {"__module__": __name__})
    def keep():
        Odd.kept = opened()
    """
    test = "import shop\ndef test_it(): shop.keep()"
    result = run_suite(test, "--hygiene-strict", files={"conftest.py": CONFTEST, "shop.py": SHOP + shop})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*a fault of*")


def test_number_that_differs_from_run_to_run_is_not_shown(lines):
    shop = """
    pool = {}
    def connect():
        pool[2**40] = [opened()]
    """
    assert lines(shop, "import shop\ndef test_it(): shop.connect()")[2] == "[...]  list"


def test_property_called_dict_is_not_asked(run_suite):
    shop = """
    asked = []
    class Lazy:
        __slots__ = ("kept",)
        @property
        def __dict__(self):
            asked.append("asked")
            return {}
    lazy = Lazy()
    """
    test = """
    import shop

    def test_it():
        shop.lazy.kept = shop.opened()

    def test_nobody_asked():
        assert shop.asked == []
    """
    run_suite(test, files={"conftest.py": CONFTEST, "shop.py": SHOP + shop}).assert_outcomes(passed=2)


def test_module_that_a_thread_is_importing_keeps_its_globals(run_suite):
    slow = """
    import shop
    shop.started.set()
    shop.go_on.wait(10)
    shop.seen.append(shop.started.is_set())
    """
    shop = """
    started = threading.Event()
    seen, kept = [], []
    def load():
        import slow
    thread = threading.Thread(target=load)
    """
    test = """
    import shop

    def test_it():
        shop.thread.start()
        assert shop.started.wait(10)
        shop.kept.append([shop.opened()])

    def test_afterwards():
        shop.go_on.set()
        shop.thread.join(10)
        assert shop.seen == [True]
    """
    files = {"conftest.py": CONFTEST, "shop.py": SHOP + shop, "slow.py": slow}
    run_suite(test, files=files).assert_outcomes(passed=2)


def test_what_a_user_has_from_locals_is_left_alone(run_suite):
    shop = """
    kept, names = [], []
    ready = threading.Event()
    def work():
        name = "courier"
        variables = locals()
        variables["more"] = 1
        names.append(variables)
        ready.set()
        go_on.wait(10)
    def rows():
        name = "rows"
        variables = locals()
        variables["more"] = 1
        names.append(variables)
        yield
    generator = rows()
    thread = threading.Thread(target=work, daemon=True)
    """
    test = """
    import shop

    def test_it():
        next(shop.generator)
        shop.thread.start()
        assert shop.ready.wait(10)
        shop.kept.append([shop.opened()])

    def test_afterwards():
        assert [(names["name"], names["more"]) for names in shop.names] == [("rows", 1), ("courier", 1)]
    """
    run_suite(test, files={"conftest.py": CONFTEST, "shop.py": SHOP + shop}).assert_outcomes(passed=2)
