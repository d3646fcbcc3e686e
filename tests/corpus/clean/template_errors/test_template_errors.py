import pytest
from jinja2 import TemplateNotFound, UndefinedError
from template_errors_app import create_app


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def test_bill(client):
    text = client.get("/bill?item=tea").text
    assert "<li>TEA</li>" in text
    assert "3.50 EUR" in text


def test_undefined(client):
    assert client.get("/bill").status_code == 500


def test_undefined_propagates(app):
    app.testing = True
    with pytest.raises(UndefinedError) as e:
        app.test_client().get("/bill")
    assert "item" in str(e.value)


@pytest.mark.parametrize(
    "template, error",
    [
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ nothing }}", "UndefinedError"),
        ("{% include 'x' %}", "TemplateNotFound"),
    ],
)
def test_preview_errors(client, template, error):
    response = client.post("/preview", data={"template": template})
    assert response.status_code == 422
    assert response.text.startswith(error)


def test_preview(client):
    assert client.post("/preview", data={"template": "{{ cents|euros }}"}).text == "2.50 EUR"


def test_missing_template(app):
    with app.app_context(), pytest.raises(TemplateNotFound):
        app.jinja_env.get_template("missing.html")
