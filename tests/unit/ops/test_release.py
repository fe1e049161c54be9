"""The release of a deploy: equal inputs give the same release, and any change gives another one."""

import pytest

from ops.release import release


@pytest.fixture
def build(tmp_path):
    (tmp_path / "Function").mkdir()
    (tmp_path / "Function/app.py").write_text("pass")
    (tmp_path / "template.yaml").write_text("Resources:")
    return tmp_path


GIVEN = {"Stage": "dev", "LogLevel": "INFO"}


def test_the_same_things_are_the_same_release(build):
    assert release(build, GIVEN) == release(build, dict(reversed(GIVEN.items())))


def test_a_parameter_makes_another_release(build):
    assert release(build, GIVEN) != release(build, {**GIVEN, "LogLevel": "DEBUG"})


@pytest.mark.parametrize("name", ["Function/app.py", "Function/more.py", "template.yaml"])
def test_a_file_makes_another_release(build, name):
    before = release(build, GIVEN)
    (build / name).write_text("something else")

    assert release(build, GIVEN) != before


def test_a_file_under_another_name_makes_another_release(build):
    before = release(build, GIVEN)
    (build / "Function/app.py").rename(build / "Function/other.py")

    assert release(build, GIVEN) != before


def test_bytecode_does_not(build):
    before = release(build, GIVEN)
    (build / "Function/app.pyc").write_bytes(b"\0")

    assert release(build, GIVEN) == before
