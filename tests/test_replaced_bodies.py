"""A sent file whose response got another body, from an extension that compresses, say."""

from __future__ import annotations

import pytest

pytest_plugins = ["outer_run"]
pytestmark = pytest.mark.usefixtures("client_as_imported")

SHOP = """
    from pathlib import Path
    from flask import Flask, Response, send_file

    app = Flask(__name__)
    app.testing = True
    KEPT = []

    @app.get("/file")
    def file():
        return send_file(Path(__file__).parent / "manual.txt")

    @app.get("/closed")
    def closed():
        send_file(Path(__file__).parent / "manual.txt").close()
        return Response(str(number) for number in range(3))

    def around(chunks):
        for chunk in chunks:
            yield chunk.upper()

    class Upper:
        def __init__(self, chunks):
            self.{attribute} = chunks

        def __iter__(self):
            return (chunk.upper() for chunk in self.{attribute})

    @app.after_request
    def wrap(response):
        response.direct_passthrough = False
        {replace}
        return response
    """
HEAD = """
import gc
import pytest
from shop import app

@pytest.fixture
def client():
    return app.test_client()

"""

#: What becomes of the body, and whether the test could have closed the file.
REPLACED = {
    "generator": "chunks = response.iter_encoded(); response.response = (c.upper() for c in chunks)",
    "function": "response.response = around(response.iter_encoded())",
    "another response": "response = Response(around(response.iter_encoded()))",
    "object": "response.response = Upper(response.iter_encoded())",
    "object over the file": "response.response = Upper(response.response)",
    "in a cycle": "response.response = around(response.iter_encoded()); response.itself = response",
    "read at once": "response.response = [b''.join(response.iter_encoded()).upper()]",
    "data": "response.set_data(response.get_data().upper())",
}
KEPT = "KEPT.append(response.response); response.response = (b'' for _ in range(3))"
ATTRIBUTES = {"object over the file": "iterable"}
#: The response is a text by then, of which nobody sees whether it is closed.
SEEN = [style for style in REPLACED if style != "read at once"]

CLOSED = {
    "closed": "client.get('/file').close()",
    "read and closed": "response = client.get('/file')\nassert response.data\nresponse.close()",
    "block": "with client.get('/file') as response:\n    assert response.data == b'TEXT' * 9",
    "unread block": "with client.get('/file'):\n    pass",
    "buffered": "assert client.get('/file', buffered=True).data == b'TEXT' * 9",
    "several": "for _ in range(3):\n    response = client.get('/file')\n    response.close()",
}
LEFT = {
    "not read": "client.get('/file')",
    "read": "assert client.get('/file').data == b'TEXT' * 9",
    "kept": "response = client.get('/file')\nassert response.data == b'TEXT' * 9",
}


@pytest.fixture
def run(run_suite):
    """Run tests of these bodies, and one after them."""

    def run(style: str, bodies: dict[str, str], *args: str) -> pytest.RunResult:
        suite = HEAD
        for name, body in bodies.items():
            rows = "\n".join(f"    {row}" for row in body.splitlines())
            suite += f"def test_{name.replace(' ', '_')}(client):\n{rows}\n\n"
        shop = SHOP.format(replace=REPLACED.get(style, KEPT), attribute=ATTRIBUTES.get(style, "chunks"))
        files = {"shop.py": shop, "manual.txt": "text" * 9}
        return run_suite(f"{suite}def test_after():\n    gc.collect()\n", *args, files=files)

    return run


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
@pytest.mark.parametrize("style", REPLACED)
def test_a_response_that_the_test_closed_is_nothing(run, style, flags):
    result = run(style, CLOSED, *flags)
    result.assert_outcomes(passed=len(CLOSED) + 1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line("*fault*")
    if style in SEEN:
        result.stdout.no_fnmatch_line("*closed for the tests*")


@pytest.mark.parametrize("style", REPLACED)
def test_a_response_that_the_test_left_open_is_counted_once(run, style):
    result = run(style, LEFT)
    result.assert_outcomes(passed=len(LEFT) + 1)
    result.stdout.fnmatch_lines(
        ["hygiene: no leaks", f"closed for the tests: {len(LEFT)} streamed responses"]
    )


@pytest.mark.parametrize("style", SEEN)
def test_strict_fails_a_response_that_the_test_left_open_once(run, style):
    result = run(style, LEFT, "--hygiene-strict")
    result.assert_outcomes(failed=len(LEFT), passed=1)
    for left in LEFT:
        test = f"test_{left.replace(' ', '_')}"
        result.stdout.fnmatch_lines(
            [
                f"hygiene: {test} left 1 resource open",
                "response  sent here and never closed",
                "    the sent file *manual.txt, from file()",
                f"*test_suite.py:* in {test} *client.get*",
            ]
        )


def test_a_file_that_the_view_has_closed_does_not_count(run):
    body = "for _ in range(3):\n    assert client.get('/closed').data == b'012'"
    result = run("generator", {"closed": body}, "--hygiene-strict")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*closed for the tests*")


def test_a_file_that_an_extension_keeps_open_is_still_left_open(run):
    result = run("kept", {"closed": "client.get('/file').close()"})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["still open after their owners ended: 1 *", "*file *shop.py:*", "*shop.KEPT*"]
    )


CHUNKS = """
    import flask

    app = flask.Flask(__name__)

    class Chunks:
        def __init__(self, path):
            self.file = open(path, "rb")

        def __iter__(self):
            return iter(self.file)

    @app.get("/")
    def index():
        return flask.Response(Chunks(__file__))
"""


@pytest.mark.parametrize("args", [(), ("--hygiene-strict",)])
def test_body_that_does_not_close_its_file_is_the_applications_leak(run_suite, args):
    test = """
    from shop import app

    def test_closed():
        with app.test_client().get("/") as response:
            assert response.data
    """
    result = run_suite(test, *args, files={"shop.py": CHUNKS})
    assert result.parseoutcomes().get("failed", 0) + result.parseoutcomes().get("errors", 0) == 1
    result.stdout.fnmatch_lines(["file  opened here and dropped without close()", "*shop.py:8 *in __init__*"])


SENT_AND_KEPT = """
    import flask

    app = flask.Flask(__name__)
    kept = []

    @app.get("/")
    def index():
        kept.append(flask.send_file(__file__))
        return flask.Response(chunk for chunk in [b"one", b"two"])
"""


@pytest.mark.parametrize("read", ["response.data", "response.close()", "response"])
def test_a_file_in_a_response_that_the_view_keeps_is_left_open(run_suite, read):
    test = f"""
    from shop import app

    def test_it():
        response = app.test_client().get("/")
        {read}
    """
    result = run_suite(test, files={"shop.py": SENT_AND_KEPT})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["still open after their owners ended: 1 *", "*file *shop.py:9 *", "*shop.kept*"]
    )


def test_strict_charges_the_view_with_the_file_that_it_keeps(run_suite):
    test = """
    from shop import app

    def test_it():
        assert app.test_client().get("/").data == b"onetwo"
    """
    result = run_suite(test, "--hygiene-strict", files={"shop.py": SENT_AND_KEPT})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["ERROR hygiene: file leaked by shop.kept - hygiene: file shop.py:9"])
    result.stdout.no_fnmatch_line("*sent here*")
