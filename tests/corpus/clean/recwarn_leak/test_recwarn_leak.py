import gc
import warnings

from flask import Flask


def legacy_read(path):
    """What the old version of this library did; users have been told."""
    warnings.warn("use path.read_text()", DeprecationWarning, stacklevel=2)
    return open(path, encoding="utf-8").read()


def test_old_function_still_works(tmp_path, recwarn):
    path = tmp_path / "a.txt"
    path.write_text("text", encoding="utf-8")
    assert legacy_read(path) == "text"
    gc.collect()
    assert recwarn.pop(DeprecationWarning).filename == __file__
    assert "a.txt" in str(recwarn.pop(ResourceWarning).message)


def test_no_warnings(recwarn):
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "ok")
    assert app.test_client().get("/").text == "ok"
    assert not [w for w in recwarn if w.filename == __file__]
