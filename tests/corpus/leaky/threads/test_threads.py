import threading

from threads_app import Worker, create_app


def test_lines_are_written(tmp_path):
    path = tmp_path / "lines.txt"
    worker = Worker(path)
    client = create_app(worker).test_client()
    try:
        for line in ("one", "two"):
            assert client.post("/log", data={"line": line}).status_code == 202
    finally:
        worker.stop()
    assert path.read_text(encoding="utf-8") == "one\ntwo\n"


def test_timer():
    done = threading.Event()
    timer = threading.Timer(0, done.set)
    timer.start()
    timer.join()
    assert done.is_set()


def test_local_data_per_thread():
    local, seen = threading.local(), []

    def work(n):
        local.n = n
        seen.append(local.n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1, 2]
