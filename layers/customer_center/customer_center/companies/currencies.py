"""Currencies and their decimals (ISO 4217, "minor unit")."""

from collections.abc import Mapping

_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905 # a list of words
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),  # noqa: SIM905 # as above
}
MOST_DECIMALS = 3


def decimals_of(currency: str) -> int:
    """Return the number of decimals of an amount in this currency."""
    return _DECIMALS.get(currency, 2)
