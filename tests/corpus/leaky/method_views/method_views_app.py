from flask import Flask, jsonify, request
from flask.views import MethodView, View


class Item(MethodView):
    items = {1: "tea"}

    def __init__(self):
        self.error = None

    def get(self, key):
        return jsonify(self.items[key]) if key in self.items else ("", 404)

    def put(self, key):
        quantity = self.parse(request.form["quantity"])
        if quantity is None:
            return jsonify(error=str(self.error)), 422
        return jsonify(quantity=quantity)

    def parse(self, text):
        try:
            return int(text)
        except ValueError as e:
            self.error = e  # leak: cycle
            return None


class Page(View):
    init_every_request = False

    def __init__(self, text):
        self.text = text

    def dispatch_request(self):
        return self.text


def create_app():
    app = Flask(__name__)
    app.add_url_rule("/items/<int:key>", view_func=Item.as_view("item"))
    app.add_url_rule("/about", view_func=Page.as_view("about", "About us"))
    return app
