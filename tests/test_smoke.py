def test_a_dropped_file_fails_its_test_at_its_line(run_suite):
    result = run_suite(
        """
        def test_leaks(tmp_path):
            open(tmp_path / "x", "w")

        def test_innocent():
            pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*test_suite.py:3 *in test_leaks*open(tmp_path*", "hygiene: 1 leak in 1 test"]
    )
