"""What a product of the kind `vendasta` needs to be told: the app, the account group, and where Vendasta is."""

import binascii
import re
from base64 import b64decode

from customer_center.platform.frozen import frozen

LIVE = "https://developers.vendasta.com/api/v1"
"""The address of Vendasta's Customer API. That of its demo is `https://developers-demo.vendasta.com/api/v1`."""

_PEM = re.compile(
    r"\s*-----BEGIN (RSA )?PRIVATE KEY-----(?P<content>[A-Za-z0-9+/=\s]+)-----END (RSA )?PRIVATE KEY-----\s*"
)
# DER: a SEQUENCE whose length takes two bytes, as that of every RSA key from 2048 bits.
_SEQUENCE = b"\x30\x82"
# A key of 2048 bits takes 1.2 KB. A shorter one signs nothing that Vendasta accepts.
_LEAST_BYTES = 1100


@frozen
class VendastaSettings:
    """One account group of Vendasta, as a marketplace app of ours sees it."""

    url: str
    app_id: str
    account_group_id: str


def is_private_key(text: str) -> bool:
    """Return whether the text looks like an RSA key of at least 2048 bits in PEM (PKCS#8 or PKCS#1), not encrypted.

    Whether it is one is seen when it signs: that takes a package which only the functions have that sign.
    """
    pem = _PEM.fullmatch(text)
    if pem is None:
        return False
    try:
        der = b64decode("".join(pem["content"].split()), validate=True)
    except binascii.Error:
        return False
    return der.startswith(_SEQUENCE) and len(der) >= _LEAST_BYTES
