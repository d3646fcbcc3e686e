from shop import app


def test_version():
    assert app.test_client().get("/version").json["sqlite"].startswith("3.")
