import unittest

from flask import Flask, current_app, g, has_app_context, request


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, GREETING="hello")
    app.add_url_rule("/", view_func=lambda: current_app.config["GREETING"])
    return app


class TestApp(unittest.TestCase):
    def setUp(self):
        self.app = create_app()
        self.context = self.app.app_context()
        self.context.push()
        self.client = self.app.test_client()

    def tearDown(self):
        self.context.pop()

    def test_index(self):
        self.assertEqual(self.client.get("/").text, "hello")

    def test_g(self):
        g.user = "ann"
        self.assertEqual(g.get("user"), "ann")

    def test_error(self):
        with self.assertRaises(KeyError) as caught:
            current_app.config["MISSING"]
        self.assertEqual(caught.exception.args, ("MISSING",))


class TestRequest(unittest.TestCase):
    def setUp(self):
        context = create_app().test_request_context("/?page=2")
        context.push()  # leak: context

    def test_request(self):
        self.assertEqual(request.args["page"], "2")


class TestWholeClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.context = create_app().app_context()
        cls.context.push()

    @classmethod
    def tearDownClass(cls):
        cls.context.pop()

    def test_context(self):
        assert has_app_context()

    def test_subtests(self):
        for path in ("/", "/nowhere"):
            with self.subTest(path=path):
                self.assertLess(current_app.test_client().get(path).status_code, 500)
