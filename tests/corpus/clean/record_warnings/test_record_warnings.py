import gc
import warnings

from flask import Flask


def test_all_warnings_recorded(tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        open(tmp_path / "dropped.txt", "w")
        gc.collect()
    categories = [w.category for w in caught]
    assert DeprecationWarning in categories
    assert ResourceWarning in categories


def test_view_that_warns():
    app = Flask(__name__)

    @app.get("/")
    def index():
        warnings.warn("slow", RuntimeWarning, stacklevel=1)
        return "ok"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert app.test_client().get("/").text == "ok"
    assert [str(w.message) for w in caught if w.category is RuntimeWarning] == ["slow"]


def test_ignored_in_a_block(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        open(tmp_path / "dropped.txt", "w")
        gc.collect()
    assert (tmp_path / "dropped.txt").exists()
