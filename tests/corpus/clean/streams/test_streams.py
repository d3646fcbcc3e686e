import pytest
from streams_app import create_app


@pytest.fixture
def client(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    return create_app(path).test_client()


def test_generator(client):
    assert client.get("/count/3").text == "0\n1\n2\n"


def test_stream_with_context(client):
    response = client.get("/echo?word=a&word=b")
    assert response.is_streamed
    assert response.text.splitlines() == ["a /echo", "b /echo"]


def test_iterated(client):
    assert b"".join(client.get("/count/2").iter_encoded()) == b"0\n1\n"


def test_buffered(client):
    assert client.get("/count/2", buffered=True).data == b"0\n1\n"


def test_endless(client):
    with client.get("/ticks") as response:
        chunks = response.iter_encoded()
        assert [next(chunks), next(chunks)] == [b"data: 0\n\n", b"data: 1\n\n"]


def test_table(client):
    assert client.get("/table").text.split() == ["a;b", "1;2"]
