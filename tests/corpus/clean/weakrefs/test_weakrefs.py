import gc
import weakref

from weakrefs_app import Cache, create_app


class Node:
    def __init__(self):
        self.me = self


def test_cache_dies_at_once():
    cache = Cache()
    ref = weakref.ref(cache)
    del cache
    assert ref() is None


def test_app_dies():
    app = create_app()
    assert app.test_client().get("/a").text == "page a"
    ref = weakref.ref(app)
    del app
    gc.collect()
    assert ref() is None


def test_app_dies_after_not_found():
    app = create_app()
    assert app.test_client().get("/a/b").status_code == 404
    ref, cache = weakref.ref(app), weakref.ref(app.extensions["cache"])
    del app
    gc.collect()
    assert ref() is None
    assert cache() is None


def test_finalizer_of_a_cycle():
    died = []
    weakref.finalize(Node(), died.append, "node")
    gc.collect()
    assert died == ["node"]


def test_collected_count():
    gc.collect()
    Node()
    assert gc.collect() >= 1
