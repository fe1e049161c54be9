"""Codes that people type in place of a link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.ids import new_typed_code, read_typed_code


def test_a_typed_code_has_sixty_random_bits_in_three_groups_without_look_alikes():
    codes = {new_typed_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code) for code in codes)
    assert len(set("".join(codes)) - {"-"}) == 32


@pytest.mark.parametrize(
    "typed",
    [
        "7K1M-Q0XT-9A2F",
        "7k1m-q0xt-9a2f",
        "7K1MQ0XT9A2F",
        " 7K1M Q0XT\t9A2F\n",
        "7KIM-QOXT-9A2F",
        "7klm\u2013q0xt\u20149a2f",
    ],
)
def test_a_code_is_read_as_people_type_and_paste_it(typed):
    assert read_typed_code(typed) == "7K1MQ0XT9A2F"


@pytest.mark.parametrize("typed", ["", "7K1M-Q0XT-9A2", "7K1M-Q0XT-9A2FF", "7U1M-Q0XT-9A2F", "usr_1_2.7K1MQ0XT9A2F"])
def test_nothing_else_is_a_code(typed):
    assert read_typed_code(typed) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_not(typed):
    read = read_typed_code(typed)
    assert read is None or read_typed_code(read) == read
