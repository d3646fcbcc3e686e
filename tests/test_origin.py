"""Whose code is it: the reader's own, a test's, a library's or the standard library's."""

from __future__ import annotations

import json
import sysconfig
import zipfile
from pathlib import Path

import flask
import iniconfig
import pytest

import pytest_flask_hygiene
from pytest_flask_hygiene.origin import OriginMap


def write(path: Path, text: str = "") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return str(path)


def install(directory: Path, name: str, *files: str) -> None:
    """A distribution with its metadata, as an installer leaves it."""
    info = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    rows = [*files, f"{info.name}/METADATA", f"{info.name}/RECORD"]
    write(info / "RECORD", "".join(f"{row},,\n" for row in rows))
    for file in files:
        write(directory / file)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch):
    def prepend(path: Path) -> Path:
        monkeypatch.syspath_prepend(str(path))
        return path

    return prepend


def test_what_is_in_site_packages_is_a_librarys(root):
    assert OriginMap(root)(iniconfig.__file__) == "library"


def test_what_is_in_site_packages_is_a_librarys_when_rootdir_is_above_it():
    origin = OriginMap(Path(sysconfig.get_paths()["purelib"]).parents[2])
    assert origin(iniconfig.__file__) == "library"


@pytest.mark.parametrize("filename", [json.__file__, "<frozen importlib._bootstrap>"])
def test_the_standard_library(root, filename):
    assert OriginMap(root)(filename) == "stdlib"


@pytest.mark.parametrize("filename", ["<string>", "<template>", ""])
def test_generated_code(root, filename):
    assert OriginMap(root)(filename) == "generated"


def test_this_plugin(root):
    assert OriginMap(root)(pytest_flask_hygiene.__file__) == "ours"


def test_a_module_of_the_project_is_the_readers(root):
    assert OriginMap(root)(write(root / "shop" / "views.py")) == "app"


def test_an_editable_install_outside_rootdir_is_the_readers(root, tmp_path, on_path):
    source = on_path(tmp_path / "checkout" / "src")
    assert OriginMap(root)(write(source / "shop" / "views.py")) == "app"


def test_an_editable_install_with_egg_info_is_the_readers(root, tmp_path, on_path):
    source = on_path(tmp_path / "checkout")
    write(source / "shop.egg-info" / "PKG-INFO", "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    write(source / "shop.egg-info" / "SOURCES.txt", "shop/views.py\n")
    assert OriginMap(root)(write(source / "shop" / "views.py")) == "app"


def test_an_editable_install_that_only_records_its_path_file_is_the_readers(root, tmp_path, on_path):
    site = on_path(tmp_path / "site-packages")
    install(site, "shop", "__editable__.shop-1.0.pth")
    assert OriginMap(root)(write(tmp_path / "checkout" / "shop" / "views.py")) == "app"


@pytest.mark.parametrize("directory", [".venv/lib/python3/site-packages", "env/lib/python3/dist-packages"])
def test_a_virtualenv_inside_rootdir_is_a_librarys(root, on_path, directory):
    site = on_path(root / directory)
    assert OriginMap(root)(write(site / "dep" / "views.py")) == "library"


def test_a_directory_that_only_contains_the_name_is_the_readers(root):
    assert OriginMap(root)(write(root / "my-site-packages-list" / "views.py")) == "app"


def test_tests_of_a_library_are_the_librarys(root, on_path):
    site = on_path(root / ".venv" / "site-packages")
    assert OriginMap(root)(write(site / "dep" / "tests" / "test_dep.py")) == "library"


def zipped(path: Path, *, recorded: bool) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dep.py", "")
        if recorded:
            archive.writestr("dep-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: dep\nVersion: 1.0\n")
            archive.writestr("dep-1.0.dist-info/RECORD", "dep.py,,\ndep-1.0.dist-info/RECORD,,\n")
    return path


def test_a_zipped_distribution_is_a_librarys(root, tmp_path, on_path):
    archive = on_path(zipped(tmp_path / "dep.zip", recorded=True))
    assert OriginMap(root)(str(archive / "dep.py")) == "library"


def test_a_zipped_module_that_nobody_installed_is_the_readers(root, tmp_path, on_path):
    archive = on_path(zipped(tmp_path / "dep.zip", recorded=False))
    assert OriginMap(root)(str(archive / "dep.py")) == "app"


class TestTargetDirectory:
    """``pip install --target deps``."""

    @pytest.fixture
    def deps(self, root, on_path):
        install(root / "deps", "dep", "dep/__init__.py", "dep/views.py", "dep_module.py")
        return on_path(root / "deps")

    @pytest.mark.parametrize("file", ["dep/views.py", "dep_module.py"])
    def test_what_is_recorded_is_a_librarys(self, root, deps, file):
        assert OriginMap(root)(str(deps / file)) == "library"

    @pytest.mark.parametrize("file", ["mine.py", "dep_other/views.py", "dep_module_too.py"])
    def test_what_lies_beside_it_is_the_readers(self, root, deps, file):
        assert OriginMap(root)(write(deps / file)) == "app"


class TestOwnDistribution:
    """The project itself, installed as anybody would (tox)."""

    @pytest.fixture
    def site(self, tmp_path, on_path):
        install(tmp_path / "site-packages", "my-shop", "my_shop/__init__.py", "my_shop/views.py")
        install(tmp_path / "site-packages", "dep", "dep/__init__.py")
        return on_path(tmp_path / "site-packages")

    @pytest.mark.parametrize("name", ["my-shop", "my_shop", "My.Shop"])
    def test_its_name_in_pyproject_makes_it_the_readers(self, root, site, name):
        write(root / "pyproject.toml", f'[project]\nname = "{name}"\nversion = "1.0"\n')
        assert OriginMap(root)(str(site / "my_shop" / "views.py")) == "app"

    def test_its_name_in_setup_cfg_makes_it_the_readers(self, root, site):
        write(root / "setup.cfg", "[metadata]\nversion = 1.0\nname = my-shop\n")
        assert OriginMap(root)(str(site / "my_shop" / "views.py")) == "app"

    def test_other_distributions_stay_librarys(self, root, site):
        write(root / "pyproject.toml", '[project]\nname = "my-shop"\n')
        assert OriginMap(root)(str(site / "dep" / "__init__.py")) == "library"

    @pytest.mark.parametrize("text", ["", "[tool.x]\n", "[project]\nname = 3\n", "[project\nbroken"])
    def test_without_a_name_it_is_a_librarys(self, root, site, text):
        write(root / "pyproject.toml", text)
        assert OriginMap(root)(str(site / "my_shop" / "views.py")) == "library"

    @pytest.mark.parametrize("entry", ["my-shop", "my_shop"])
    def test_hygiene_source_names_a_distribution(self, root, site, entry):
        assert OriginMap(root, [entry])(str(site / "my_shop" / "views.py")) == "app"

    def test_hygiene_source_names_a_module_of_a_package(self, root, site):
        write(site / "space" / "one" / "views.py")
        assert OriginMap(root, ["space.one"])(str(site / "space" / "one" / "views.py")) == "app"

    def test_hygiene_source_names_a_path(self, root, on_path):
        views = write(on_path(root / "vendor" / "site-packages") / "dep" / "views.py")
        assert OriginMap(root, ["vendor"])(views) == "app"

    def test_hygiene_source_leaves_the_rest_alone(self, root, site):
        assert OriginMap(root, ["my-shop"])(str(site / "dep" / "__init__.py")) == "library"


@pytest.mark.parametrize("name", ["flask", "Flask"])
def test_a_framework_is_a_librarys_even_as_the_project(root, name):
    write(root / "pyproject.toml", f'[project]\nname = "{name}"\n')
    assert OriginMap(root)(flask.__file__) == "library"


def test_a_framework_is_the_readers_when_hygiene_source_says_so(root):
    assert OriginMap(root, ["flask"])(flask.__file__) == "app"


@pytest.mark.parametrize(
    "file",
    [
        "conftest.py",
        "test_shop.py",
        "shop_test.py",
        "tests/helpers.py",
        "shop/test/helpers.py",
        "a/conftest.py",
    ],
)
def test_test_code(root, file):
    assert OriginMap(root)(write(root / file)) == "test"


@pytest.mark.parametrize("file", ["shop/testing.py", "contest.py", "latest/views.py", "attests/views.py"])
def test_code_that_only_sounds_like_tests(root, file):
    assert OriginMap(root)(write(root / file)) == "app"


def test_a_tests_directory_above_rootdir_says_nothing(tmp_path):
    root = tmp_path / "tests" / "project"
    assert OriginMap(root)(write(root / "shop.py")) == "app"


def test_python_files_decides_what_a_test_module_is(root):
    origin = OriginMap(root, python_files=["check_*.py"])
    assert [origin(write(root / name)) for name in ("check_shop.py", "test_shop.py")] == ["test", "app"]


def test_a_collected_module_is_a_test_whatever_its_name(root):
    origin = OriginMap(root)
    path = write(root / "scenario.py")
    origin.add_test_file(path)
    assert origin(path) == "test"


def test_only_the_readers_code_is_the_readers(root):
    origin = OriginMap(root)
    files = [write(root / "shop.py"), write(root / "conftest.py"), json.__file__, flask.__file__, "<string>"]
    assert [origin.is_reader(file) for file in files] == [True, True, False, False, False]
