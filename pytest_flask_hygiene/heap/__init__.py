"""Looks at the heap: which objects there are, and what holds one of them."""
