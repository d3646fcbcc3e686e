"""a thread that goes on"""

import threading


def test_leaks():
    threading.Thread(target=threading.Event().wait, args=(30,), daemon=True).start()


def test_innocent():
    pass
