import gc

from report import Report


def test_report(tmp_path):
    report = Report(tmp_path / "report.txt")
    report.actions["write"]("kettle")


def test_sum():
    gc.collect()
    assert sum([3490, 890]) == 4380
