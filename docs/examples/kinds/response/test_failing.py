from shop import app


def test_manual():
    response = app.test_client().get("/manual/kettle.txt")
    assert response.text.startswith("Kettle, 1.7 l")
