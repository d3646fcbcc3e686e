"""Exceptions that the application keeps on objects which frames of Flask's refer to as well."""

from __future__ import annotations

import pytest

SHOP = """
from flask import Flask, Request, abort, request
from flask.views import MethodView, View


class NoStock(Exception):
    pass


class Order(MethodView):
    error = None

    def dispatch_request(self):
        try:
            return super().dispatch_request()
        except NoStock as e:
            self.error = e{end}
            return "no stock"

    def post(self):
        raise NoStock("kettle")


class Price(View):
    def __init__(self):
        self.errors = []

    def dispatch_request(self):
        try:
            raise NoStock("tea")
        except NoStock as e:
            self.errors.append(e{end})
        return str(len(self.errors))


class ShopRequest(Request):
    note = ""


class Middleware:
    error = None

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        try:
            return self.application(environ, start_response)
        except NoStock as e:
            self.error = e
            raise


def create_app():
    app = Flask("shop")
    app.testing = True
    app.request_class = ShopRequest
    app.add_url_rule("/order", view_func=Order.as_view("order"))
    app.add_url_rule("/price", view_func=Price.as_view("price"))

    @app.get("/abort")
    def aborts():
        shop_request = request._get_current_object()
        shop_request.note = "asked"
        abort(404)

    @app.get("/raise")
    def raises():
        raise NoStock("coffee")

    @app.before_request
    def before():
        shop_request = request._get_current_object()
        if shop_request.routing_exception is not None:
            raise shop_request.routing_exception

    app.wsgi_app = Middleware(app.wsgi_app)
    return app
"""
TEST = """
import pytest
from shop import NoStock, create_app

def test_it():
    client = create_app().test_client()
    {call}
"""

KEPT = {
    "client.post('/order')": "*NoStock: kettle is kept alive by self.error in dispatch_request",
    "client.get('/price')": "*NoStock: tea is kept alive by self.errors[[]0] in dispatch_request",
}


@pytest.mark.parametrize("call", KEPT)
def test_an_exception_kept_on_a_view_of_a_class_is_the_applications(run_suite, call):
    result = run_suite(TEST.format(call=call), files={"shop.py": SHOP.replace("{end}", "")})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"cycle  {KEPT[call]}"])


@pytest.mark.parametrize("call", KEPT)
def test_without_its_traceback_it_is_none(run_suite, call):
    result = run_suite(
        TEST.format(call=call), files={"shop.py": SHOP.replace("{end}", ".with_traceback(None)")}
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*exception cycles*")


@pytest.mark.parametrize(
    "call",
    [
        "assert client.get('/abort').status_code == 404",
        "assert client.get('/nowhere').status_code == 404",
        "pytest.raises(NoStock, client.get, '/raise')",
    ],
)
def test_what_flask_keeps_alive_as_well_is_counted_as_flasks(run_suite, call):
    result = run_suite(TEST.format(call=call), files={"shop.py": SHOP.replace("{end}", "")})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["exception cycles of libraries: 1 through flask/*"])
