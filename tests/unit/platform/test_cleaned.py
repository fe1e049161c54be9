"""Lines of other systems are cleaned into lines that people can see and send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from customer_center.platform.printable import cleaned, is_printable
from customer_center.platform.wire import Line


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("Anna Bäcker", "Anna Bäcker"),
        ("  Anna ", "Anna"),
        ("Anna\x1fBäcker", "AnnaBäcker"),
        ("Anna\tBäcker\r\n", "Anna Bäcker"),
        ("Anna\u2028B\xa0C\u3000D", "Anna B C D"),
        ("\u202d030/1\u202c", "030/1"),
        ("\u200e10000\u200e", "10000"),
        ("\ufeffAnna\u200b", "Anna"),
        ("M\ufffdller", "M?ller"),
        ("A\ue000B\ud800C\uffffD", "ABCD"),
        ("\x1f \u200b\u200d", ""),
        ("\u0646\u0627\u200c\u0647", "\u0646\u0627\u200c\u0647"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_a_systems_line_loses_what_nobody_can_see(sent, line):
    assert cleaned(sent) == line


@given(st.text())
def test_what_is_cleaned_can_be_sent_back_unchanged(text):
    line = cleaned(text)
    assert is_printable(line)
    assert cleaned(line) == line
    if line:
        assert TypeAdapter(Line).validate_python(line) == line
