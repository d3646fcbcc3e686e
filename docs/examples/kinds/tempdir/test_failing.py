import io

from shop import app


def test_photo():
    photo = (io.BytesIO(b"..."), "tea.jpg")
    assert app.test_client().post("/photo", data={"photo": photo}).json == {"bytes": 3}
