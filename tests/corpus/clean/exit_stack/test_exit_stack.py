from contextlib import ExitStack

import pytest
from exit_stack_app import create_app, merge
from flask import current_app, has_request_context


@pytest.fixture
def client(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(f"{name}1\n{name}2\n", encoding="utf-8")
    return create_app(tmp_path).test_client()


def test_merge(client):
    assert client.get("/merge?name=a&name=c").json == [["a1", "c1"], ["a2", "c2"]]


def test_one_missing(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(FileNotFoundError):
        merge(tmp_path, ["a", "missing"])


def test_contexts(client):
    with ExitStack() as stack:
        stack.enter_context(client.application.app_context())
        stack.enter_context(client)
        client.get("/merge?name=a")
        assert current_app == client.application
    assert not has_request_context()


def test_pop_all(client):
    with ExitStack() as stack:
        stack.enter_context(client.application.test_request_context("/"))
        later = stack.pop_all()
    assert has_request_context()
    later.close()
