"""Uploads of 500 kB and more: werkzeug's temporary file is closed for the test, the user's own is not."""

from __future__ import annotations

import pytest

pytest_plugins = ["outer_run"]
pytestmark = pytest.mark.usefixtures("client_as_imported")

SHOP = """\
from flask import Flask, redirect, request

app = Flask(__name__)
app.testing = True


@app.post("/")
def index():
    return str(len(request.files["file"].read()))


@app.post("/unread")
def unread():
    return "done"


@app.post("/moved")
def moved():
    return redirect("/", code=307)


@app.post("/raises")
def raises():
    request.files["file"].read()
    raise RuntimeError
"""
IMPORTS = """\
import gc, io, pytest
from shop import app

client = app.test_client()

def upload(url="/", size=600_000, **kwargs):
    return client.post(url, data={"file": (io.BytesIO(b"x" * size), "x.bin")}, **kwargs)

"""
FILES = {"shop.py": SHOP}


def a_test(body: str) -> str:
    rows = "\n".join(f"    {row}" for row in body.splitlines())
    return f"{IMPORTS}def test_it(tmp_path):\n{rows}\n"


both_modes = pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
#: A test's body, and how many temporary files it leaves.
LEFT = {
    "dropped": ("assert upload().text == '600000'", 1),
    "kept": ("response = upload()\nassert response.status_code == 200", 1),
    "closed": ("upload().close()", 1),
    "with block": ("with upload() as response:\n    assert response.data", 1),
    "buffered": ("upload(buffered=True)", 1),
    "not read by the view": ("upload('/unread')", 1),
    "collected": ("upload()\ngc.collect()", 1),
    "view raises": ("with pytest.raises(RuntimeError):\n    upload('/raises')", 1),
    "several": ("for _ in range(3):\n    upload()", 3),
}


@both_modes
@pytest.mark.parametrize("style", LEFT)
def test_an_uploads_temporary_file_is_closed_and_counted(run_suite, style, flags):
    body, count = LEFT[style]
    result = run_suite(a_test(body), *flags, files=FILES)
    result.assert_outcomes(passed=1)
    noun = "upload" if count == 1 else "uploads"
    result.stdout.fnmatch_lines(["hygiene: no leaks", f"closed for the tests: {count} {noun}"])


@both_modes
def test_a_small_upload_is_nothing(run_suite, flags):
    result = run_suite(a_test("upload(size=400_000)"), *flags, files=FILES)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*closed for the tests*")


@both_modes
def test_an_upload_that_is_redirected_is_read_again(run_suite, flags):
    body = "assert upload('/moved', follow_redirects=True).text == '600000'"
    run_suite(a_test(body), *flags, files=FILES).assert_outcomes(passed=1)


@both_modes
def test_an_uploads_file_is_closed_by_the_end_of_its_test(run_suite, flags):
    body = "kept.append(upload().request.environ['wsgi.input'])"
    after = "\nkept = []\n\ndef test_after():\n    assert kept[0].closed\n"
    run_suite(a_test(body) + after, *flags, files=FILES).assert_outcomes(passed=2)


OWN_STREAMS = {
    "BytesIO": "io.BytesIO(b'x' * 600_000)",
    "file": "open(tmp_path / 'x.bin', 'rb')",
}


@pytest.mark.parametrize("stream", OWN_STREAMS)
def test_the_users_own_stream_is_open_after_the_request(run_suite, stream):
    body = (
        "(tmp_path / 'x.bin').write_bytes(b'x' * 600_000)\n"
        f"with {OWN_STREAMS[stream]} as stream:\n"
        "    client.post('/unread', input_stream=stream, content_length=600_000)\n"
        "    upload()\n    assert stream.read()"
    )
    run_suite(a_test(body), files=FILES).assert_outcomes(passed=1)


@pytest.mark.parametrize("scope", ["module", "session"])
def test_the_users_own_stream_is_open_in_the_next_test(run_suite, scope):
    source = f"""
@pytest.fixture(scope="{scope}")
def stream(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "x.bin"
    path.write_bytes(b"x" * 600_000)
    with open(path, "rb") as stream:
        yield stream

def test_posts(stream):
    client.post("/unread", input_stream=stream, content_length=600_000)

def test_reads(stream):
    upload()
    assert stream.read()
"""
    run_suite(IMPORTS + source, files=FILES).assert_outcomes(passed=2)


def test_the_users_own_file_never_closed_is_a_leak(run_suite):
    body = (
        "(tmp_path / 'x.bin').write_bytes(b'x' * 600_000)\n"
        "client.post('/unread', input_stream=open(tmp_path / 'x.bin', 'rb'), content_length=600_000)"
    )
    result = run_suite(a_test(body), files=FILES)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["file  *", "*test_suite.py:11 *in test_it *"])


def test_an_upload_of_a_failing_test_is_not_charged_to_the_next(run_suite):
    after = "\ndef test_innocent():\n    gc.collect()\n"
    result = run_suite(a_test("response = upload()\nassert 0") + after, files=FILES)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_many_uploads_do_not_run_out_of_descriptors(run_suite):
    pytest.importorskip("resource")
    source = """
import resource

def test_it():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    gc.disable()
    try:
        for _ in range(250):
            assert upload().status_code == 200
    finally:
        gc.enable()
"""
    result = run_suite(IMPORTS + source, files=FILES, subprocess=True)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["closed for the tests: 250 uploads"])
