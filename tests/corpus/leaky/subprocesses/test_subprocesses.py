import subprocess
import sys

import pytest
from subprocesses_app import create_app


@pytest.fixture
def client():
    return create_app().test_client()


def test_job(client):
    response = client.post("/jobs")
    assert response.status_code == 202
    assert response.text.isdigit()


def test_upper(client):
    assert client.post("/upper", data="tea").text == "TEA"


def test_pipe():
    command = [sys.executable, "-c", "print('ready')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.read().strip() == "ready"
    assert process.returncode == 0


def test_failing_command():
    with pytest.raises(subprocess.CalledProcessError) as e:
        subprocess.run([sys.executable, "-c", "raise SystemExit(3)"], check=True)
    assert e.value.returncode == 3
