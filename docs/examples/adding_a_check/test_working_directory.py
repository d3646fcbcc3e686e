"""A working directory that is not changed back."""

LEAK = """
    import os

    def test_it(tmp_path):
        os.chdir(tmp_path)
    """


def test_changed_directory_is_listed(run_suite):
    result = run_suite(LEAK)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 x other *test_suite.py:4  os.chdir(tmp_path)"])


def test_changed_directory_fails_in_strict_mode(run_suite):
    result = run_suite(LEAK, "--hygiene-strict")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["other  changed here, and not changed back"])


def test_directory_that_is_changed_back_is_no_finding(run_suite):
    suite = """
        import os

        def test_by_hand(tmp_path):
            before = os.getcwd()
            os.chdir(tmp_path)
            os.chdir(before)

        def test_by_monkeypatch(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
        """
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
