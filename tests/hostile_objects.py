"""Modules with a function ``make()`` whose result breaks whoever touches it."""

from __future__ import annotations

RAISES = 'raise RuntimeError("hostile")'
REPLACED = (
    "__repr__ __str__ __eq__ __hash__ __bool__ __len__ __iter__ __getattr__ __call__ __format__".split()
)

HOSTILE = {
    **{
        f"{name} raises": f"""
        class Hostile:
            def {name}(self, *args):
                {RAISES}

        make = Hostile
        """
        for name in REPLACED
    },
    "__getattribute__ raises": f"""
        class Hostile:
            def __getattribute__(self, name):
                {RAISES}

        make = Hostile
        """,
    "__class__ raises": f"""
        class Hostile:
            @property
            def __class__(self):
                {RAISES}

        make = Hostile
        """,
    "__class__ lies": """
        import sqlite3

        class Hostile:
            __class__ = property(lambda self: sqlite3.Connection)

        make = Hostile
        """,
    "__dict__ raises": f"""
        class Hostile:
            @property
            def __dict__(self):
                {RAISES}

        make = Hostile
        """,
    "__eq__ is ambiguous": """
        class Hostile:
            def __eq__(self, other):
                return Hostile()
            __hash__ = None
            def __bool__(self):
                raise ValueError("The truth value of an array is ambiguous")

        make = Hostile
        """,
    "metaclass": f"""
        class Meta(type):
            def __instancecheck__(cls, instance):
                {RAISES}
            def __subclasscheck__(cls, subclass):
                {RAISES}
            def __repr__(cls):
                {RAISES}
            def __eq__(cls, other):
                {RAISES}
            __hash__ = type.__hash__

        class Hostile(metaclass=Meta):
            pass

        make = Hostile
        """,
    "metaclass without hash": """
        class Meta(type):
            __hash__ = None

        class Hostile(metaclass=Meta):
            pass

        make = Hostile
        """,
    "exception whose metaclass has no hash": """
        class Meta(type):
            __hash__ = None

        class Hostile(Exception, metaclass=Meta):
            pass

        def make():
            try:
                raise Hostile
            except Hostile as error:
                error.itself = error
                return error
        """,
    "dead weak proxy": """
        import weakref

        class Hostile:
            pass

        def make():
            return weakref.proxy(Hostile())
        """,
    "mock with spec": """
        import io
        import sqlite3
        from unittest import mock

        class Hostile:
            pass

        def make():
            return [
                mock.MagicMock(spec=io.FileIO), mock.create_autospec(sqlite3.Connection),
                mock.Mock(spec=ValueError), mock.Mock(side_effect=ValueError),
            ]
        """,
    "unbound local proxy": """
        from contextvars import ContextVar

        from werkzeug.local import LocalProxy

        Hostile = LocalProxy

        def make():
            return LocalProxy(ContextVar("nothing"))
        """,
    "flask's proxies": """
        import flask

        Hostile = object

        def make():
            return [flask.current_app, flask.g, flask.request, flask.session]
        """,
    "no weak references": """
        class Hostile:
            __slots__ = ()

        make = Hostile
        """,
    "exception that can't be shown": f"""
        class Hostile(Exception):
            def __str__(self):
                {RAISES}
            __repr__ = __str__

        def make():
            try:
                raise Hostile("text")
            except Hostile as error:
                return error
        """,
    "exception without a traceback attribute": f"""
        class Hostile(Exception):
            @property
            def __traceback__(self):
                {RAISES}
            @property
            def args(self):
                {RAISES}

        def make():
            try:
                raise Hostile("text")
            except Hostile as error:
                return error
        """,
    "file whose close raises": """
        import io

        class Hostile(io.RawIOBase):
            closes = 0

            def close(self):
                self.closes += 1
                if self.closes == 1:
                    raise OSError("close")
                super().close()

        class Holder:
            def __init__(self):
                self.raw = Hostile()

            def __del__(self):
                try:
                    self.raw.close()
                except OSError:
                    pass

        make = Holder
        """,
    "file whose attributes raise": f"""
        import io

        class Hostile(io.RawIOBase):
            closed_by_test = False
            name = property(lambda self: 1 / 0)
            mode = property(lambda self: 1 / 0)
            def fileno(self):
                {RAISES}
            def readable(self):
                {RAISES}

        make = Hostile
        """,
    "closed file subclass whose attributes raise": f"""
        import io

        class Hostile(io.FileIO):
            name = property(lambda self: 1 / 0, lambda self, name: None)
            @property
            def closed(self):
                {RAISES}
            def fileno(self):
                {RAISES}

        def make():
            file = Hostile(__file__)
            io.FileIO.close(file)
            return file
        """,
    "text wrapper that was detached": """
        import io

        Hostile = io.TextIOWrapper

        def make():
            wrapper = io.TextIOWrapper(io.BytesIO())
            wrapper.detach()
            return wrapper
        """,
    "text wrapper never initialized": """
        import io

        Hostile = io.TextIOWrapper

        def make():
            return [
                io.TextIOWrapper.__new__(io.TextIOWrapper), io.BufferedReader.__new__(io.BufferedReader),
                io.FileIO.__new__(io.FileIO),
            ]
        """,
    "sqlite connection never initialized": """
        import sqlite3

        class Hostile(sqlite3.Connection):
            def __init__(self, *args, **keywords):
                pass

        def make():
            return [Hostile(":memory:"), sqlite3.Connection.__new__(sqlite3.Connection)]
        """,
    "sqlite connection whose __init__ raises": """
        import sqlite3

        class Hostile(sqlite3.Connection):
            def __init__(self, *args, **keywords):
                super().__init__(*args)
                self.close()
                raise RuntimeError("hostile")

        def make():
            try:
                return sqlite3.connect(":memory:", factory=Hostile)
            except RuntimeError as error:
                return error
        """,
    "sqlite connection whose attributes raise": f"""
        import sqlite3

        class Hostile(sqlite3.Connection):
            @property
            def total_changes(self):
                {RAISES}
            def close(self):
                {RAISES}

        def make():
            connection = sqlite3.connect(":memory:", factory=Hostile)
            sqlite3.Connection.close(connection)
            return connection
        """,
    "socket never initialized": """
        import socket

        class Hostile(socket.socket):
            def __init__(self):
                pass
            def __repr__(self):
                raise RuntimeError("hostile")

        make = Hostile
        """,
    "subprocess never initialized": """
        import subprocess

        class Hostile(subprocess.Popen):
            def __init__(self):
                pass

        make = Hostile
        """,
    "event loop never initialized": """
        import asyncio

        class Hostile(asyncio.BaseEventLoop):
            def __init__(self):
                self._closed = True

        make = Hostile
        """,
    "thread never initialized": """
        import threading

        class Hostile(threading.Thread):
            def __init__(self):
                pass
            def __repr__(self):
                raise RuntimeError("hostile")

        make = Hostile
        """,
    "thread whose close blocks": """
        import threading

        class Hostile:
            def __init__(self):
                self.ended = threading.Event()
                self.thread = threading.Thread(target=self.ended.wait, daemon=True)
                self.thread.start()
            def close(self):
                self.thread.join()
            def __del__(self):
                self.ended.set()
                self.thread.join(1)

        make = Hostile
        """,
    "generator that will not end": """
        def generate():
            while True:
                try:
                    yield
                except ValueError:
                    pass

        Hostile = generate

        def make():
            generator = generate()
            next(generator)
            return generator
        """,
    "descriptor by hand": """
        class Descriptor:
            def __get__(self, instance, owner):
                raise RuntimeError("hostile")

        class Hostile:
            close = closed = response = _callbacks = name = fileno = Descriptor()

        make = Hostile
        """,
}
