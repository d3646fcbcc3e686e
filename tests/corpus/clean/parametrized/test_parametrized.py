import pytest
from parametrized_app import ERRORS, create_app


@pytest.fixture(params=[False, True], ids=["production", "testing"])
def client(request):
    app = create_app()
    app.testing = request.param
    return app.test_client()


@pytest.mark.parametrize("code", ERRORS)
def test_errors(client, code):
    assert client.get(f"/status/{code}").status_code == code


@pytest.mark.parametrize("code", [200, 201, 202])
def test_success(client, code):
    response = client.get(f"/status/{code}")
    assert (response.status_code, response.text) == (code, str(code))


@pytest.mark.parametrize("b, total", [("2", "3"), pytest.param("x", "1", id="not-a-number")])
def test_add(client, b, total):
    assert client.post("/add", data={"a": "1", "b": b}).text == total


@pytest.mark.parametrize("data", [{}, {"b": "1"}])
def test_nothing_to_add(client, data):
    if client.application.testing:
        with pytest.raises(TypeError):
            client.post("/add", data=data)
    else:
        assert client.post("/add", data=data).status_code == 500
