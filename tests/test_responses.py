"""Streamed responses: closed for the test at the right moment and counted; strict fails the test."""

from __future__ import annotations

import pytest

pytest_plugins = ["outer_run", "shared_runs"]
pytestmark = pytest.mark.usefixtures("client_as_imported")

SHOP = """\
import io
from pathlib import Path
from flask import Flask, Response, jsonify, redirect, render_template_string, send_file, stream_with_context
from flask.testing import FlaskClient
from werkzeug.test import Client

HERE = Path(__file__).parent
CLOSED = []
app = Flask(__name__)
app.testing = True


@app.get("/file")
def file():
    return send_file(HERE / "static" / "manual.txt")


@app.get("/object")
def fileobject():
    return send_file(open(HERE / "static" / "manual.txt", "rb"), mimetype="text/plain")


def numbers():
    for number in range(3):
        yield str(number)


@app.get("/generator")
def generator():
    response = Response(numbers())
    response.call_on_close(lambda: CLOSED.append("generator"))
    return response


@app.get("/context")
def context():
    return Response(stream_with_context(numbers()))


@app.get("/redirect")
def redirects():
    return redirect("/file")


@app.get("/text")
def text():
    return "text"


@app.get("/json")
def json():
    return jsonify(a=1)


@app.get("/template")
def template():
    return render_template_string("{{ 1 + 1 }}")


class ShopClient(FlaskClient):
    def open(self, *args, **kwargs):
        return super().open(*args, **kwargs)


def middleware(environ, start_response):
    return app.wsgi_app(environ, start_response)


def rewriting(environ, start_response):
    yield from app.wsgi_app(environ, start_response)
"""
CONFTEST = """\
import pytest
from shop import app


@pytest.fixture
def client():
    return app.test_client()
"""
FILES = {"shop.py": SHOP, "conftest.py": CONFTEST, "static/manual.txt": "0123456789" * 20_000}
IMPORTS = "import gc, pytest, shop\n\n"


def numbered(text: str, end: str) -> int:
    return next(number for number, row in enumerate(text.splitlines(), 1) if row.endswith(end))


def a_test(body: str) -> str:
    rows = "\n".join(f"    {row}" for row in body.splitlines())
    return f"{IMPORTS}def test_it(client):\n{rows}\n"


def assert_closed(result: pytest.RunResult, count: int) -> None:
    noun = "response" if count == 1 else "responses"
    result.stdout.fnmatch_lines([f"closed for the tests: {count} streamed {noun}"])


#: A test's body, and how many responses it leaves.
LEFT = {
    "not read": ("client.get('/file')", 1),
    "read": ("assert client.get('/file').data", 1),
    "kept": ("response = client.get('/file')\nassert len(response.data) == 200_000", 1),
    "HEAD": ("assert client.head('/file').status_code == 200", 1),
    "304": ("assert client.get('/file', headers={'If-None-Match': '*'}).status_code == 304", 1),
    "range": ("assert client.get('/file', headers={'Range': 'bytes=0-9'}).data == b'0123456789'", 1),
    "static": ("client.get('/static/manual.txt')", 1),
    "file object": ("client.get('/object')", 1),
    "generator": ("client.get('/generator')", 1),
    "generator begun": ("next(client.get('/generator').iter_encoded())", 1),
    "with context": ("client.get('/context')", 1),
    "two with context": ("first = client.get('/context')\nsecond = client.get('/context')", 2),
    "client block": ("with client:\n    response = client.get('/file')", 1),
    "client block with context": ("with client:\n    response = client.get('/context')", 1),
    "redirect": ("client.get('/redirect', follow_redirects=True)", 1),
    "werkzeug client": ("shop.Client(shop.app).get('/file')", 1),
    "middleware": ("shop.Client(shop.middleware).get('/file')", 1),
    "rewriting middleware": ("shop.Client(shop.rewriting).get('/file')", 1),
    "client subclass": ("shop.ShopClient(shop.app).get('/file')", 1),
    "client class": (
        """shop.app.test_client_class = shop.ShopClient
shop.app.test_client().get('/file')
shop.app.test_client_class = None""",
        1,
    ),
    "cycle": ("ring = [client.get('/file')]\nring.append(ring)", 1),
    "several": ("for _ in range(3):\n    client.get('/file')", 3),
}
NOT_LEFT = {
    "closed": "client.get('/file').close()",
    "with block": "with client.get('/file') as response:\n    assert response.data",
    "buffered": "assert client.get('/file', buffered=True).data",
    "buffered HEAD": "client.head('/file', buffered=True)",
    "bad range": "assert client.get('/file', headers={'Range': 'bytes=300000-'}).status_code == 416",
    "missing": "assert client.get('/static/none.txt').status_code == 404",
    "generator read": "assert client.get('/generator').data == b'012'",
    "with context read": "assert client.get('/context').data == b'012'",
    "redirect closed": "client.get('/redirect', follow_redirects=True).close()",
    "redirect not followed": "assert client.get('/redirect').status_code == 302",
    "text": "client.get('/text')",
    "text HEAD": "client.head('/text')",
    "json": "assert client.get('/json').json == {'a': 1}",
    "template": "client.get('/template')",
    "no such page": "assert client.get('/none').status_code == 404",
}


def name_of(style: str) -> str:
    return f"test_{style.replace(' ', '_')}"


def suite_of(bodies: dict[str, str]) -> str:
    tests = [a_test(body).removeprefix(IMPORTS).replace("test_it", name_of(s)) for s, body in bodies.items()]
    return IMPORTS + "\n".join(tests)


ALL_LEFT = suite_of({style: body for style, (body, _) in LEFT.items()})


def test_a_response_left_open_passes_and_is_counted(run_suite):
    result = run_suite(ALL_LEFT, files=FILES)
    result.assert_outcomes(passed=len(LEFT))
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    assert_closed(result, sum(count for _, count in LEFT.values()))


@pytest.mark.parametrize("style", LEFT)
def test_strict_fails_a_response_left_open(run_once, style):
    result = run_once(ALL_LEFT, "--hygiene-strict", files=FILES)
    result.assert_outcomes(failed=len(LEFT))
    name, (_, count) = name_of(style), LEFT[style]
    left = "1 resource" if count == 1 else f"{count} resources"
    result.stdout.fnmatch_lines(
        [f"hygiene: {name} left {left} open", "response  *", f"*test_suite.py:* in {name} *"]
    )


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
def test_any_other_response_is_nothing(run_suite, flags):
    result = run_suite(suite_of(NOT_LEFT), *flags, files=FILES)
    result.assert_outcomes(passed=len(NOT_LEFT))
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line("*closed for the tests*")


@pytest.mark.parametrize(
    ("url", "view"), [("/file", "file()"), ("/generator", "numbers()"), ("/context", "")]
)
def test_strict_names_the_view_and_the_line_of_the_request(run_suite, url, view):
    text = a_test(f"client.get({url!r})  # request")
    result = run_suite(text, "--hygiene-strict", files=FILES)
    result.stdout.fnmatch_lines(
        ["response  *", f"*{view}*", f"*test_suite.py:{numbered(text, '# request')} *in test_it *"]
    )


def test_strict_fails_a_static_file_at_the_line_of_the_request(run_suite):
    text = a_test("client.get('/static/manual.txt')  # request")
    result = run_suite(text, "--hygiene-strict", files=FILES)
    result.stdout.fnmatch_lines([f"FAILED *hygiene: response test_suite.py:{numbered(text, '# request')}"])


def test_strict_names_no_view_where_a_static_file_has_none(run_suite):
    result = run_suite(a_test("client.get('/static/manual.txt')"), "--hygiene-strict", files=FILES)
    result.stdout.fnmatch_lines(["*the sent file *manual.txt"])


def test_strict_counts_the_responses_too(run_suite):
    assert_closed(run_suite(a_test("client.get('/file')"), "--hygiene-strict", files=FILES), 1)


def test_a_response_of_a_failing_test_is_not_charged_to_the_next(run_suite):
    text = a_test("response = client.get('/file')\nassert 0") + "\ndef test_innocent():\n    gc.collect()\n"
    result = run_suite(text, "--hygiene-strict", files=FILES)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


MODULE_FIXTURE = """
@pytest.fixture(scope="module")
def response():
    response = shop.app.test_client().get("URL")
    yield response
    assert len(response.data) == LENGTH, "read in teardown"

def test_first(response):
    assert response.status_code == 200

def test_second(response):
    assert not shop.CLOSED
    READ
"""


@pytest.mark.parametrize(("url", "length"), [("/file", 200_000), ("/generator", 3)])
@pytest.mark.parametrize("read", ["assert response.data", "pass"], ids=["second test", "teardown"])
def test_a_module_fixtures_response_can_be_read_to_the_end(run_suite, url, length, read):
    source = MODULE_FIXTURE.replace("URL", url).replace("LENGTH", str(length)).replace("READ", read)
    result = run_suite(IMPORTS + source, files=FILES)
    result.assert_outcomes(passed=2)


def test_a_module_fixtures_response_is_closed_once_at_its_end(run_suite):
    source = MODULE_FIXTURE.replace("URL", "/generator").replace("LENGTH", "3").replace("READ", "pass")
    after = "import shop\n\ndef test_after():\n    assert shop.CLOSED == ['generator']\n"
    result = run_suite(IMPORTS + source, files={**FILES, "test_then.py": after})
    result.assert_outcomes(passed=3)


def test_a_function_fixture_can_read_the_response_in_its_teardown(run_suite):
    source = """
@pytest.fixture
def responses():
    responses = []
    yield responses
    assert len(responses[0].data) == 200_000

def test_it(client, responses):
    responses.append(client.get("/file"))
"""
    result = run_suite(IMPORTS + source, files=FILES)
    result.assert_outcomes(passed=1)
    assert_closed(result, 1)


@pytest.mark.parametrize(
    "body",
    [
        "client.get('/generator')",
        "response = client.get('/generator')",
        "ring = [client.get('/generator')]\nring.append(ring)",
        "client.get('/generator').close()",
        "with client.get('/generator'):\n    pass",
        "client.get('/generator', buffered=True)",
    ],
    ids=["dropped", "kept", "cycle", "closed", "with block", "buffered"],
)
def test_close_callbacks_run_once(run_suite, body):
    after = "\ndef test_after():\n    gc.collect()\n    assert shop.CLOSED == ['generator']\n"
    run_suite(a_test(body) + after, files=FILES).assert_outcomes(passed=2)


def test_close_callbacks_do_not_run_while_the_test_has_the_response(run_suite):
    body = "response = client.get('/generator')\nassert response.data\ngc.collect()\nassert not shop.CLOSED"
    run_suite(a_test(body), files=FILES).assert_outcomes(passed=1)


def test_a_dropped_response_is_closed_at_once(run_suite):
    body = "client.get('/generator')\nassert shop.CLOSED == ['generator']"
    run_suite(a_test(body), files=FILES).assert_outcomes(passed=1)


def test_responses_with_contexts_are_closed_before_the_context_of_a_fixture(run_suite):
    source = """
@pytest.fixture
def client():
    with shop.app.test_request_context():
        yield shop.app.test_client()

def test_it(client):
    client.first = client.get("/context")
    client.second = client.get("/context")
"""
    result = run_suite(IMPORTS + source, files=FILES)
    result.assert_outcomes(passed=1)
    assert_closed(result, 2)


def test_many_dropped_files_do_not_run_out_of_descriptors(run_suite):
    pytest.importorskip("resource")
    source = """
import resource

def test_it(client):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    for _ in range(600):
        client.get("/file")
"""
    result = run_suite(IMPORTS + source, files=FILES, subprocess=True)
    result.assert_outcomes(passed=1)
    assert_closed(result, 600)


def test_a_streamed_response_that_is_dropped_in_a_cycle_fails_its_test_in_strict_mode(run_suite):
    source = """
        import flask

        app = flask.Flask(__name__)

        @app.route("/")
        def index():
            def rows():
                yield "a"
                yield "b"

            return flask.Response(rows())

        def test_it():
            kept = [app.test_client().get("/")]
            kept.append(kept)
        """
    result = run_suite(source, "--hygiene-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", "response *"])
