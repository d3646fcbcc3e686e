"""The checks, each with a file of its own and with helpers beside it: ``docs/how-it-works.md`` has a map."""
