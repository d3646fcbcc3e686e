"""What the plugin costs: whole pytest processes with and without it.  ``tox -e bench -- --help``."""
