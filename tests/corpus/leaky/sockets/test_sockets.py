import socket
from contextlib import closing

import pytest


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    yield left, right
    left.close()
    right.close()


def test_free_port():
    assert free_port() > 1023


def test_pair(pair):
    left, right = pair
    left.sendall(b"ping")
    assert right.recv(4) == b"ping"


def test_makefile():
    left, right = socket.socketpair()  # leak: socket
    with right, left.makefile("w") as out, right.makefile() as lines:
        out.write("hello\n")
        out.flush()
        assert lines.readline() == "hello\n"


def test_refused():
    with closing(socket.socket()) as mute, closing(socket.socket()) as sock:
        mute.bind(("127.0.0.1", 0))
        with pytest.raises(OSError):
            sock.connect(mute.getsockname())


def test_listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[0] == "127.0.0.1"
