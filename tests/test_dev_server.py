"""The fixture ``dev_server``: starting, asking, reloading and stopping a server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest

pytest_plugins = ["shared_runs"]
pytestmark = pytest.mark.once_a_python

APP = """
    import os
    import sys
    from flask import Flask, jsonify, redirect, request, session

    def create_app(name="shop"):
        app = Flask(__name__)
        app.secret_key = "secret"

        @app.get("/")
        def index():
            return name

        @app.get("/about")
        def about():
            return jsonify(
                pid=os.getpid(), parent=os.getppid(), debug=app.debug, modules=list(sys.modules),
                environ=dict(os.environ), cwd=os.getcwd(), argv=sys.argv,
            )

        @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        def echo():
            session["seen"] = session.get("seen", 0) + 1
            return jsonify(
                method=request.method, args=request.args, form=request.form, seen=session["seen"],
                json=request.get_json(silent=True), header=request.headers.get("X-Test"),
                files={name: file.read().decode() for name, file in request.files.items()},
            )

        @app.get("/old")
        def old():
            return redirect("/")

        return app
"""


def suite_of(body):
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"import pytest\n\ndef test_it(dev_server, monkeypatch, tmp_path):\n{lines}\n"


@pytest.fixture
def serve(run_suite):
    """Run one test function's body, given the fixture, beside the module ``shop`` above."""

    def serve(body, *args, files=None, **options):
        return run_suite(suite_of(body), *args, files={"shop.py": APP, **(files or {})}, **options)

    return serve


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("shop:create_app('market')", "market"),
        ("shop.py:create_app", "shop"),
    ],
)
def test_application_is_named_as_for_flask_run(serve, name, answer):
    serve(f"assert dev_server({name!r}).get('/').text == {answer!r}").assert_outcomes(passed=1)


def test_application_is_found_by_its_file(serve):
    files = {"wsgi.py": "from shop import create_app\napp = create_app('found')\n"}
    serve("assert dev_server().get('/').text == 'found'", files=files).assert_outcomes(passed=1)


def test_application_is_named_by_the_environment(serve):
    serve("assert dev_server(env={'FLASK_APP': 'shop'}).get('/').text == 'shop'").assert_outcomes(passed=1)


def test_client_takes_and_gives_what_flasks_test_client_does(serve):
    body = """
import io
server = dev_server("shop")
answer = server.post("/echo?a=1", json={"b": 2}, headers={"X-Test": "yes"})
assert answer.status_code == 200
assert answer.json["args"] == {"a": "1"} and answer.json["json"] == {"b": 2}
assert answer.json["header"] == "yes" and answer.headers["Content-Type"] == "application/json"
upload = server.put("/echo", data={"c": "3", "file": (io.BytesIO(b"text"), "name.txt")})
assert upload.json["form"] == {"c": "3"} and upload.json["files"] == {"file": "text"}
assert upload.json["seen"] == 2, "cookies are kept"
assert server.get("/echo", query_string={"d": "\\u00e4 &"}).json["args"] == {"d": "\\u00e4 &"}
for method in ("get", "patch", "delete"):
    assert getattr(server, method)("/echo").json["method"] == method.upper()
assert server.head("/").status_code == 200 and server.head("/").text == ""
assert "GET" in server.options("/").headers["Allow"]
assert server.get("/missing").status_code == 404
assert server.get("/old").status_code == 302
assert server.get("/old", follow_redirects=True).text == "shop"
"""
    serve(body).assert_outcomes(passed=1)


@pytest.fixture
def about(run_once):
    """What a server's process says of itself, and the ids that the test sees."""
    body = """
import json, os
server = dev_server("shop")
told = {**server.get("/about").json, "pid of the server": server.pid, "pid of pytest": os.getpid()}
print("\\nabout", json.dumps(told))
"""
    result = run_once(suite_of(body), "-s", files={"shop.py": APP})
    (line,) = [line for line in result.outlines if line.startswith("about ")]
    return json.loads(line.removeprefix("about "))


def test_both_processes_of_the_reloader_run_in_debug_mode(about):
    assert about["pid"] == about["pid of the server"]
    assert about["parent"] not in (about["pid"], about["pid of pytest"])
    assert about["debug"] is True


def test_server_does_not_see_that_it_is_tested(about):
    assert not {"pytest", "_pytest", "objgraph"} & set(about["modules"])
    assert not [name for name in about["environ"] if name.startswith("PYTEST_FLASK")]
    assert "PYTEST_CURRENT_TEST" not in about["environ"]
    assert about["argv"][1:4] == ["--app", "shop", "run"]


def test_environment_is_the_tests_with_changes(serve):
    body = """
monkeypatch.setenv("SHOP_A", "1")
monkeypatch.setenv("SHOP_B", "1")
environ = dev_server("shop", env={"SHOP_B": None, "SHOP_C": "3"}).get("/about").json["environ"]
assert environ["SHOP_A"] == "1" and "SHOP_B" not in environ and environ["SHOP_C"] == "3"
"""
    serve(body).assert_outcomes(passed=1)


def test_working_directory_is_rootdir_or_chosen(serve):
    body = """
import os
assert dev_server("shop").get("/about").json["cwd"] == os.getcwd()
assert dev_server("other", cwd="below").get("/about").json["cwd"] == os.path.join(os.getcwd(), "below")
"""
    serve(body, files={"below/other.py": APP}).assert_outcomes(passed=1)


def test_server_imports_from_pytests_pythonpath(serve):
    files = {"src/other.py": APP, "pytest.ini": "[pytest]\npythonpath = src\n"}
    serve("assert dev_server('other').get('/').text == 'shop'", files=files).assert_outcomes(passed=1)


def test_extra_files_are_watched(serve):
    body = """
import os, time
(tmp_path / "shop.cfg").touch()
server = dev_server("shop", extra_files=[tmp_path / "shop.cfg"])
pid, end = server.pid, time.monotonic() + 20
while server.pid == pid and time.monotonic() < end:
    os.utime(tmp_path / "shop.cfg", (time.time() + 5,) * 2)
    time.sleep(0.2)
assert server.pid != pid
"""
    serve(body).assert_outcomes(passed=1)


def test_port_can_be_chosen(serve):
    body = """
import socket
with socket.socket() as sock:
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
server = dev_server("shop", port=port)
assert server.port == port and server.url == f"http://127.0.0.1:{port}"
assert server.get("/").text == "shop"
"""
    serve(body).assert_outcomes(passed=1)


def test_reloader_is_the_one_that_looks_at_files(serve):
    files = {"watchdog/__init__.py": "", "watchdog/observers.py": "", "watchdog/events.py": ""}
    body = 'server = dev_server("shop")\nassert "Restarting with stat" in server.output\nserver.reload()'
    serve(body, files=files).assert_outcomes(passed=1)


def test_reload_waits_for_the_new_process(serve):
    body = """
server = dev_server("shop")
pids = [server.get("/about").json["pid"]]
for _ in range(3):
    report = server.reload()
    assert 0 < report.seconds < 20
    pids.append(server.get("/about").json["pid"])
assert len(set(pids)) == 4
"""
    serve(body).assert_outcomes(passed=1)


def test_reload_right_after_the_start_is_noticed(serve):
    serve("dev_server('shop', interval=1.0).reload()").assert_outcomes(passed=1)


def test_reload_takes_the_users_own_edit_into_account(serve, pytester):
    body = """
import pathlib
server = dev_server("shop")
path = pathlib.Path("shop.py")
path.write_text(path.read_text().replace('name="shop"', 'name="new"'))
server.reload()
assert server.get("/").text == "new"
"""
    serve(body).assert_outcomes(passed=1)


def test_broken_edit_fails_the_reload_and_its_repair_is_served(serve):
    body = """
import pathlib
from pytest_flask_hygiene.dev_server.errors import DevServerError
server = dev_server("shop")
path = pathlib.Path("shop.py")
text = path.read_text()
path.write_text(text + "\\ndef broken(:\\n")
with pytest.raises(DevServerError, match="can't be imported after the reload: SyntaxError"):
    server.reload()
assert server.get("/").status_code == 500
path.write_text(text.replace('name="shop"', 'name="repaired"'))
assert server.reload().findings == []
assert server.get("/").text == "repaired"
"""
    serve(body).assert_outcomes(passed=1)


def test_broken_edit_whose_error_cannot_be_shown_is_named_by_its_type(serve):
    body = """
import pathlib
from pytest_flask_hygiene.dev_server.errors import DevServerError
server = dev_server("shop")
path = pathlib.Path("shop.py")
unspeakable = "class Unspeakable(Exception):\\n    def __str__(self): raise ValueError\\nraise Unspeakable\\n"
path.write_text(path.read_text() + unspeakable)
with pytest.raises(DevServerError, match="can't be imported after the reload: Unspeakable"):
    server.reload()
"""
    serve(body).assert_outcomes(passed=1)


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.3])
def test_stop_waits_for_a_reload_that_is_under_way(serve, seconds):
    body = f"""
import pathlib, time
server = dev_server("shop", timeout=15)
pathlib.Path("shop.py").touch()
time.sleep({seconds})
server.stop().check()
"""
    serve(body).assert_outcomes(passed=1)


def test_several_servers_in_one_test(serve):
    body = """
one, other = dev_server("shop"), dev_server("shop:create_app('other')")
one.reload()
assert (one.get("/").text, other.get("/").text) == ("shop", "other")
assert one.port != other.port
"""
    serve(body).assert_outcomes(passed=1)


def test_several_servers_at_once_under_xdist(run_suite):
    source = """
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_it(dev_server, number):
            server = dev_server(f"shop:create_app('{number}')")
            assert server.reload().findings == []
            assert server.get("/").text == str(number)
    """
    result = run_suite(source, "-n2", files={"shop.py": APP}, with_plugins=("xdist",))
    result.assert_outcomes(passed=2)


def test_fixture_works_with_the_plugin_switched_off(serve):
    body = """
server = dev_server("leaky")
report = server.reload()
assert report.findings == [] and "nothing was recorded" in report.notes[0]
assert server.get("/").text == "leaky"
"""
    files = {
        "leaky.py": "import shop\nfile = open('log', 'w')\napp = shop.create_app('leaky')\n",
    }
    serve(body, "--hygiene=off", files=files).assert_outcomes(passed=1)


def test_thread_that_does_not_end_is_interrupted_with_the_plugin_switched_off(serve):
    body = """
server = dev_server("waiting", wait_for_threads=0.5, timeout=20)
server.reload()
assert server.get("/").text == "waiting"
"""
    source = """
        import shop, threading
        threading.Thread(target=threading.Event().wait).start()
        app = shop.create_app("waiting")
    """
    serve(body, "--hygiene=off", files={"waiting.py": source}).assert_outcomes(passed=1)


def test_nothing_of_it_is_loaded_before_it_is_used(run_suite):
    source = """
        import sys

        def test_it():
            assert not [name for name in sys.modules if "pytest_flask_hygiene.dev_server" in name]
    """
    run_suite(source, subprocess=True).assert_outcomes(passed=1)


def test_fixture_is_described_by_pytest(run_suite):
    result = run_suite("", "--fixtures")
    result.stdout.fnmatch_lines(["dev_server -- *", "*flask run --debug*"])


# -- nothing keeps running ---------------------------------------------------------------------------------

#: Both of the reloader's processes note their ids.
NOTING = """
    import os
    import pathlib
    import shop

    with pathlib.Path(__file__).with_name("pids").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    app = shop.create_app()
"""


def processes_noted(directory, at_least=2):
    """The ids, once that many processes have noted theirs."""
    path, end = directory / "pids", time.monotonic() + 20
    while time.monotonic() < end:
        pids = [int(line) for line in path.read_text().split()] if path.exists() else []
        if len(pids) >= at_least:
            return pids
        time.sleep(0.05)
    pytest.fail("the server did not start")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie is left for its parent, which may be init, to collect.
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return True


def wait_until_ended(pids):
    end = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]


@pytest.mark.parametrize(
    "ending",
    [
        "pass",
        "assert 0",
        "server.reload()",
        "server.stop()",
        "raise KeyboardInterrupt",
        "pytest.exit('enough')",
    ],
)
def test_nothing_keeps_running_after_a_test_that_ends_by(serve, pytester, ending):
    # pytester passes a KeyboardInterrupt on.
    fresh = ending == "raise KeyboardInterrupt"
    serve(f"server = dev_server('noting')\n{ending}", "-x", files={"noting.py": NOTING}, subprocess=fresh)
    pids = processes_noted(pytester.path)
    assert [pid for pid in pids if is_running(pid)] == []


def test_processes_of_the_application_end_with_it(serve, pytester):
    app = NOTING + "    import subprocess, sys\n    subprocess.Popen([sys.executable, '-c', SLEEP])\n"
    app = app.replace(
        "SLEEP",
        '\'import os, time; print(os.getpid(), file=open("pids", "a"), flush=True); time.sleep(100)\'',
    )
    body = """
import pathlib, time
dev_server("noting")
end = time.monotonic() + 20
while len(pathlib.Path("pids").read_text().split()) < 4 and time.monotonic() < end:
    time.sleep(0.05)
"""
    serve(body, files={"noting.py": app})
    assert wait_until_ended(processes_noted(pytester.path, at_least=4)) == []


#: Where the tests run in the background of a shell, SIGINT is ignored, and what they start inherits that.
RUN_PYTEST = """
import signal, sys
import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(["-p", "no:cacheprovider", "test_suite.py"]))
"""


def start_pytest(directory):
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", RUN_PYTEST], cwd=directory, **silent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_keeps_running_after_pytest_was_ended_by(pytester, number):
    source = "import time\n\ndef test_it(dev_server):\n    dev_server('noting')\n    time.sleep(60)\n"
    pytester.makepyfile(test_suite=source)
    (pytester.path / "shop.py").write_text(dedent(APP), "utf-8")
    (pytester.path / "noting.py").write_text(dedent(NOTING), "utf-8")
    process = start_pytest(pytester.path)
    pids = processes_noted(pytester.path)
    process.send_signal(number)
    process.wait()
    assert wait_until_ended(pids) == []


def test_server_ends_with_pytest_while_the_application_is_imported(pytester):
    app = "import os\nopen('pids', 'a').write(f'{os.getpid()}\\n')\n__import__('time').sleep(60)\n"
    pytester.makepyfile(test_suite="def test_it(dev_server):\n    dev_server('hanging')\n")
    (pytester.path / "hanging.py").write_text(app)
    process = start_pytest(pytester.path)
    pids = processes_noted(pytester.path, at_least=1)
    process.kill()
    process.wait()
    assert wait_until_ended(pids) == []
