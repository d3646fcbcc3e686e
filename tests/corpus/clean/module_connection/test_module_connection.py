from module_connection_app import DB, app


def test_first_hit():
    assert app.test_client().get("/hits/a").text == "1"


def test_second_hit():
    client = app.test_client()
    client.get("/hits/b")
    assert client.get("/hits/b").text == "2"


def test_same_connection():
    assert DB.execute("SELECT 1").fetchone() == (1,)
