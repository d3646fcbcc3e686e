"""The development server under its real reloader, watched.

``__main__.py``, ``recorder.py`` and ``ending.py`` run in the server's processes, where pytest is not
imported; ``plugin.py``, ``server.py``, ``process.py``, ``client.py``, ``judge.py``, ``advice.py`` and
``report.py`` in pytest's.  ``events.py`` is what passes between them.
"""
