import json

import pytest
from flask import Flask


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"TESTING": True, "PAGE_SIZE": 20}), encoding="utf-8")
    return path


def test_with_block(settings):
    with settings.open(encoding="utf-8") as file:
        assert json.load(file)["PAGE_SIZE"] == 20


def test_config_from_file(settings):
    app = Flask(__name__)
    assert app.config.from_file(settings, load=json.load)
    assert app.config["PAGE_SIZE"] == 20


def test_missing_config(tmp_path):
    with pytest.raises(FileNotFoundError):
        Flask(__name__).config.from_pyfile(tmp_path / "missing.cfg")


def test_append_and_read(tmp_path):
    path = tmp_path / "log.txt"
    file = open(path, "a+", encoding="utf-8")
    try:
        file.write("one\n")
        file.seek(0)
        assert file.read() == "one\n"
    finally:
        file.close()
