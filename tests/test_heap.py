"""The heap is looked at without disturbing what other threads are building."""

from __future__ import annotations

import io
import sys
import threading
import time

from pytest_flask_hygiene.heap import objects
from pytest_flask_hygiene.heap.objects import ids_on_heap, instances_of, objects_by_id


def test_other_threads_can_build_tuples_meanwhile():
    stop = threading.Event()
    faults = []

    def slowly():
        for number in range(40):
            time.sleep(0)
            yield [number]

    def build_tuples():
        try:
            while not stop.is_set():
                # Resized again and again, as the length is not known beforehand.
                tuple(slowly())
        except SystemError as error:
            faults.append(str(error))

    threads = [threading.Thread(target=build_tuples, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    wanted = [[]]
    interval = sys.getswitchinterval()
    end = time.monotonic() + 1
    try:
        while time.monotonic() < end:
            assert objects_by_id({id(wanted)})[0] is wanted
            assert ids_on_heap([id(wanted), 8]) == {id(wanted)}
            instances_of(io.FileIO)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert sys.getswitchinterval() == interval


def test_an_object_is_found_although_others_before_it_go_between_the_two_looks(monkeypatch):
    wanted, other = [[]], [[]]
    looks = [[other, wanted], [wanted], [wanted], [wanted]]
    monkeypatch.setattr(objects, "_objects", lambda generation: iter(() if generation else looks.pop(0)))
    (found,) = objects_by_id({id(wanted)})
    assert found is wanted


def test_instances_of_subclasses_are_found(tmp_path):
    class Mine(io.FileIO):
        pass

    with Mine(tmp_path / "x", "w") as mine, open(tmp_path / "y", "w") as plain:
        found = instances_of(io.FileIO)
        assert any(each is mine for each in found)
        assert any(each is plain.buffer.raw for each in found)
        del found
