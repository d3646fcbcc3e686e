from shop import app


def test_manual():
    with app.test_client().get("/manual/kettle.txt") as response:
        assert response.text.startswith("Kettle, 1.7 l")
