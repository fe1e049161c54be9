"""Pasted text loses what nobody sees; text that only looks like something is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.printable import bare, is_printable, plain, trimmed, unbroken

UNSEEN = {
    "left-to-right-mark": "\u200e",
    "right-to-left-mark": "\u200f",
    "arabic-letter-mark": "\u061c",
    "embedding": "\u202a",
    "pop": "\u202c",
    "override": "\u202d",
    "isolate": "\u2066",
    "pop-isolate": "\u2069",
    "zero-width-space": "\u200b",
    "word-joiner": "\u2060",
    "soft-hyphen": "\u00ad",
    "byte-order-mark": "\ufeff",
    "annotation": "\ufff9",
    "shorthand": "\U0001bca0",
    "music": "\U0001d173",
    "tag": "\U000e0041",
}
BLANKS = {
    "blank": " ",
    "tab": "\t",
    "line-end": "\r\n",
    "no-break": "\u00a0",
    "narrow-no-break": "\u202f",
    "figure": "\u2007",
    "ideographic": "\u3000",
    "line-separator": "\u2028",
}
LOOKS_EMPTY = {
    "hangul-filler": "\u3164",
    "hangul-filler-half-width": "\uffa0",
    "hangul-choseong": "\u115f",
    "hangul-jungseong": "\u1160",
    "braille": "\u2800",
    "khmer": "\u17b4",
    "musical": "\U0001d159",
    "variation-selector": "\ufe0f",
    "variation-selector-17": "\U000e0100",
    "tags": "\U000e0041\U000e0042",
    "combining-marks": "\u0301\u0308",
    "zero-width-joiner": "\u200d",
    "mixed": "\u3164 \u2800\u200b\ufe0f",
}


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_text_that_is_shown_in_another_order_than_it_is_written_is_not_printable(control):
    """A name could otherwise look like another one (docs/specification.md, 4.60)."""
    assert not is_printable(f"Anna{control}Berg")


@pytest.mark.parametrize("around", [*UNSEEN.values(), *BLANKS.values()], ids=[*UNSEEN, *BLANKS])
@pytest.mark.parametrize("clean", [trimmed, plain, bare, unbroken])
def test_what_pasting_adds_around_a_text_falls_away(clean, around):
    assert clean(f"{around}10000{around}{around}") == "10000"


@pytest.mark.parametrize("selector", ["\ufe00", "\ufe0f", "\U000e0100"])
def test_a_number_has_no_variants(selector):
    assert bare(f"1{selector}0000{selector}") == "10000"


@pytest.mark.parametrize("inside", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize("clean", [plain, bare, unbroken])
def test_what_nobody_sees_falls_away_inside_too(clean, inside):
    assert clean(f"10{inside}000") == "10000"


@pytest.mark.parametrize("inside", BLANKS.values(), ids=BLANKS)
def test_a_code_has_no_blanks_and_a_number_keeps_them(inside):
    assert unbroken(f"123{inside}456") == "123456"
    assert bare(f"RE{inside}1") == f"RE{inside}1"


def test_a_line_has_plain_blanks_and_keeps_what_joins_letters():
    assert plain("Anna\u00a0M\u00fcller\u202f") == "Anna M\u00fcller"
    for name in ("\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\U0001f469\u200d\U0001f4bb Ada", "\u2764\ufe0f"):
        assert plain(name) == name
        assert is_printable(name)


def test_full_width_signs_are_those_of_ascii():
    assert bare("\uff11\uff10\uff10\uff10\uff10") == "10000"
    assert bare("\uff4d\uff41\uff58\uff20\uff58\uff0e\uff44\uff45") == "max@x.de"


@pytest.mark.parametrize("text", LOOKS_EMPTY.values(), ids=LOOKS_EMPTY)
def test_text_that_only_looks_empty_is_not_printable(text):
    assert not is_printable(text)
    assert not is_printable(f" {text} ")
    assert is_printable(f"A{text}")


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    """What came in can be sent back unchanged."""
    for clean in (trimmed, plain, bare, unbroken):
        once = clean(text)
        assert clean(once) == once
