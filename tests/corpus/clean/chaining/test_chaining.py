import pytest
from chaining_app import ConfigError, create_app, load


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"A": 1}', encoding="utf-8")
    return path


def test_reload(path):
    app = create_app(path)
    path.write_text('{"A": 2}', encoding="utf-8")
    assert app.test_client().get("/reload").text == "reloaded"
    assert app.config["A"] == 2


def test_not_json(path):
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot read") as e:
        load(path)
    assert e.value.__suppress_context__


def test_gone(path):
    app = create_app(path)
    path.unlink()
    response = app.test_client().get("/reload")
    assert response.text == "cannot read config.json (FileNotFoundError)"
