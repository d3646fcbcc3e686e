from pathlib import Path

from flask import Flask, current_app

HERE = Path(__file__).parent


class TestContext:
    def setup_method(self):
        self.app = Flask(__name__)
        self.context = self.app.app_context()
        self.context.push()

    def teardown_method(self):
        self.context.pop()

    def test_current_app(self):
        assert current_app == self.app

    def test_not_found(self):
        assert self.app.test_client().get("/").status_code == 404


class TestWords:
    def setup_method(self, method):
        self.words = open(HERE / "words.txt", encoding="utf-8")

    def teardown_method(self, method):
        self.words.close()

    def test_first_word(self):
        assert self.words.readline().strip() == "tea"


class TestSortedWords:
    def setup_method(self):
        with open(HERE / "words.txt", encoding="utf-8") as file:
            self.words = sorted(file.read().split())

    def test_order(self):
        assert self.words == ["milk", "tea"]


class TestWholeClass:
    @classmethod
    def setup_class(cls):
        cls.context = Flask("whole").test_request_context("/")
        cls.context.push()

    @classmethod
    def teardown_class(cls):
        cls.context.pop()

    def test_name(self):
        assert current_app.name == "whole"
