"""``--hygiene-explain``: why each resource of one test was charged, or was not."""
