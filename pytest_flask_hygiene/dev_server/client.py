"""Requests to the server, made with Werkzeug's test client: the same arguments, the same responses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import is_hop_by_hop_header
from werkzeug.test import Client, TestResponse

from .errors import DevServerError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Requests(ABC):
    """The methods of Flask's test client, all of which go through ``open``."""

    @abstractmethod
    def open(self, path: str = "/", **options: Any) -> TestResponse:
        """Send a request."""

    def get(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="GET", **options)

    def post(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="POST", **options)

    def put(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="PUT", **options)

    def patch(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="PATCH", **options)

    def delete(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="DELETE", **options)

    def head(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="HEAD", **options)

    def options(self, path: str = "/", **options: Any) -> TestResponse:
        __tracebackhide__ = True
        return self.open(path, method="OPTIONS", **options)


def client_of(port: int, seconds: float) -> Client:
    """A test client whose application is the server on this port of the loopback interface.

    ``seconds``: how long the server may take to answer, or to send the next part of its answer.
    """
    return Client(_forward_to(port, seconds))


def _target(environ: WSGIEnvironment) -> str:
    """Path and query, as they go over the wire."""
    path = quote(environ["PATH_INFO"], safe="/!$&'()*+,:;=@", encoding="latin1")
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _forward_to(port: int, seconds: float) -> WSGIApplication:
    def forward(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, target = environ["REQUEST_METHOD"], _target(environ)
        headers = {
            name: value for name, value in EnvironHeaders(environ).items() if not is_hop_by_hop_header(name)
        }
        # The server keeps a thread for each connection that is kept.
        headers["Connection"] = "close"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.request(method, target, body=body or None, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            raise DevServerError(f"{method} {target}: no answer within {seconds:g} s") from None
        except (OSError, HTTPException) as error:
            raise DevServerError(f"{method} {target}: {type(error).__name__}: {error}") from None
        finally:
            connection.close()
        start_response(
            f"{answer.status} {answer.reason}",
            [(name, value) for name, value in answer.getheaders() if not is_hop_by_hop_header(name)],
        )
        return [content]

    return forward
