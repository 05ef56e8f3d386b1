"""ISO 4217: which codes exist, and how many digits their minor unit has.

Not from CLDR, whose digits say how a price is written (none for IDR) and not what a unit is divided into.
"""

import re
from decimal import Decimal

_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
DIGITS = {
    code: digits
    for digits, codes in ((2, _TWO_DIGITS), (0, _NO_DIGITS), (3, _THREE_DIGITS))
    for code in re.findall("[A-Z]{3}", codes)
}


def is_currency(code: str) -> bool:
    return code in DIGITS


def to_major(minor: Decimal, currency: str) -> Decimal:
    """Minor units to the unit people say, exactly."""
    return minor.scaleb(-DIGITS[currency])


def to_minor(major: Decimal, currency: str) -> Decimal:
    return major.scaleb(DIGITS[currency])
