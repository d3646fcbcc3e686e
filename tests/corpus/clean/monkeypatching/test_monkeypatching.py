import monkeypatching_app
import pytest
from monkeypatching_app import create_app


def test_environment(monkeypatch):
    monkeypatch.setenv("MPSHOP_CURRENCY", '"GBP"')
    assert create_app().config["CURRENCY"] == "GBP"


def test_default(monkeypatch):
    monkeypatch.delenv("MPSHOP_CURRENCY", raising=False)
    assert create_app().config["CURRENCY"] == "EUR"


def test_clock_and_directory(monkeypatch, tmp_path):
    monkeypatch.setattr(monkeypatching_app, "now", lambda: 7)
    monkeypatch.chdir(tmp_path)
    data = create_app().test_client().get("/").json
    assert data["now"] == 7
    assert data["cwd"] == str(tmp_path.resolve())


def test_broken_clock(monkeypatch):
    def broken():
        raise OSError("no clock")

    app = create_app()
    app.testing = True
    with monkeypatch.context() as patch:
        patch.setattr(monkeypatching_app, "now", broken)
        with pytest.raises(OSError, match="no clock"):
            app.test_client().get("/")
    assert app.test_client().get("/").status_code == 200
