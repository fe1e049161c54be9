"""Names that make no links in mails: refused from people, and shown without a link if the ERP sends them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.names import holds_address, unlinked

NAMES = [
    *["Dr. No", "Dr.No", "A. B. C.", "A.B.C.", "J.R.Ewing", "J.R.R. Tolkien", "Prof.Dr.Huber", "Dipl.-Ing. Meier"],
    *[
        "St.Pauli",
        "M.May",
        "Ph.D.",
        "Max e.V.",
        "Müller GmbH & Co. KG",
        "Müller GmbH & Co.KG",
        "Müller/Schmidt",
        "Anna (Einkauf)",
        "a/b",
    ],
    *["Nr. 5: Abt. 3.2", "1.Vorsitzender", "O'Neil-Ünlü & Söhne 😀", "Herr @home", "Tel: 12", "../../etc/passwd"],
    *[
        "C:\\%2e%2e",
        "{permission} %s <b>",
        "李小龍",
        "עבד",
        "z.B. Max",
        "Müller i.V.",
        "3:0",
        "50% AG",
        "A+B",
        "Sr.Ángela",
        "DR.NO",
        "Dr.De Boer",
        "Prof.dr.Jansen",
        "prof.dr. Jansen",
        "Mw.mr. Smit",
    ],
]
ADDRESSES = [
    *["musterhandel.de", "x.com", "shop-login.example/x", "shop-login.example", "www.x", "WWW2.x", "a@b", "x.de."],
    *["eve@evil.example", "http://x", "HTTPS://EVIL", "http:x", "mailto:a", "javascript:alert", "192.0.2.1", "t.me/x"],
    *["evil.com:80", "j.doe.com", "Dr.evil.com", "müller.de", "例え.jp", "shop\u3002com", "shop\uff0ecom", "мвд.рф"],
    *["\\\\server\\share", "Anna musterhandel.de", "(musterhandel.de)", "xn--mller-kva.de", "shop.example?x"],
    # What would be a name is none with a path, a port, a query or a fragment behind it.
    *["Dr.No/login", "J.R.Ewing:80", "Dr.No?x", "M.May#x"],
    *["me.com", "hr.com", "Mr.COM", "dr.online", "mr.de", "fr.shop", "dipl.ing.at"],
    *["बैंक.भारत", "مِثال.مِصر", "pay\u0336.com", "paypal\u200d.com", "ธนาคาร.ไทย"],
]
# A part of a text of which mail programs make a link: a dot, `@`, `:` or slash between two signs without a blank.
LINKED = re.compile("[^\\s\u200c][.@:/\\\\\u3002\uff0e][^\\s\u200c]")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(name):
    assert not holds_address(name)
    assert unlinked(name) == name


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_is_no_name_and_is_shown_without_a_link(name):
    assert holds_address(name)
    shown = unlinked(name)
    assert shown.replace("\u200c", "") == name
    assert not LINKED.search(shown)


@given(st.text(alphabet="ab.:/@ w\u200c", max_size=50))
def test_what_is_shown_makes_no_link(name):
    shown = unlinked(name)
    assert shown.replace("\u200c", "") == name.replace("\u200c", "")
    assert not holds_address(name) or not LINKED.search(shown)


def test_a_long_text_is_read_in_no_time():
    for text in ("a" * 5000, "a." * 2500, "-" * 5000, "a-" * 2500 + "@", "." * 5000, "http" * 1200):
        holds_address(text)
