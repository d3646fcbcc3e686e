"""Known upstream leaks, each with the library's real code; what the reader opens deeper is the reader's."""

from __future__ import annotations

import pytest

from pytest_flask_hygiene.upstream import UPSTREAM_LEAKS

#: By file, a suite in which the library itself opens and drops the resource.
SUITES = {
    # The body ends in the middle of a file that is already on disk, so nobody is given the file.
    "werkzeug/formparser.py": """
        from flask import Flask, request

        app = Flask(__name__)

        @app.post("/")
        def index():
            return str(len(request.files))

        def test_it():
            body = (
                b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="x.bin"\\r\\n\\r\\n'
                + b"y" * 600_000
            )
            response = app.test_client().post("/", data=body, content_type="multipart/form-data; boundary=x")
            assert response.text == "0"
        """,
    "werkzeug/test.py": """
        import io
        from flask import Flask

        app = Flask(__name__)

        def test_it():
            data = {"file": (io.BytesIO(b"y" * 600_000), "x.bin")}
            with app.test_request_context("/", method="POST", data=data):
                pass
        """,
}

NAMES = {
    "werkzeug/formparser.py": "werkzeug (werkzeug/formparser.py parse)",
    "werkzeug/test.py": "werkzeug (pallets/flask#3551)",
}


def test_each_entry_has_a_suite():
    assert {leak.file for leak in UPSTREAM_LEAKS} == set(SUITES)


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
@pytest.mark.parametrize("leak", UPSTREAM_LEAKS, ids=lambda leak: leak.function)
def test_an_upstream_leak_is_counted_under_the_librarys_name(run_suite, leak, flags):
    result = run_suite(SUITES[leak.file], *flags)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks", f"known upstream leaks: 1 in {NAMES[leak.file]}"])


def test_a_leak_of_the_readers_own_below_the_library_is_the_readers(run_suite):
    result = run_suite(
        """
        import io
        from flask import Flask

        app = Flask(__name__)

        class Reader(io.BytesIO):
            def read(self, *args):
                open(__file__)
                return super().read(*args)

        def test_it():
            data = {"file": (Reader(b"small"), "x.bin")}
            with app.test_request_context("/", method="POST", data=data):
                pass
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["file  *", "*test_suite.py:8 *in read *"])


def test_a_leak_beside_the_librarys_is_the_readers(run_suite):
    source = SUITES["werkzeug/test.py"] + "    open(__file__)\n        "
    result = run_suite(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", "known upstream leaks: 1 in *"])
