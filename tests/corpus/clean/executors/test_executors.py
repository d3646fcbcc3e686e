from concurrent.futures import ThreadPoolExecutor

import pytest
from executors_app import create_app, parse


@pytest.fixture
def client():
    return create_app().test_client()


def test_sum(client):
    assert client.get("/sum?n=1&n=2").json == {"sum": 3, "bad": 0}


def test_bad_numbers(client):
    assert client.get("/sum?n=1&n=x&n=y").json == {"sum": 1, "bad": 2}


def test_request_context_in_the_pool(client):
    assert client.get("/path").text == "/path"


def test_future():
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(parse, "x")
        assert isinstance(future.exception(), ValueError)
        with pytest.raises(ValueError, match="invalid literal"):
            future.result()


def test_map(client):
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda n: client.get(f"/sum?n={n}").json["sum"], range(5))
    assert list(answers) == [0, 1, 2, 3, 4]
