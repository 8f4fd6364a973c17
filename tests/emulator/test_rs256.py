"""Signatures of tokens in plain Python."""

from functools import cache

import pytest

from personalize_emulator.local.rs256 import Rs256Key, decode, encode, is_signed_by

# RFC 7515, appendix A.2.
KEY_OF_THE_RFC = {
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0"
        "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXnd"
        "S5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5Ihl"
        "JH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    ),
    "e": "AQAB",
}
TOKEN_OF_THE_RFC = (
    "eyJhbGciOiJSUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
    "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
    "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


@cache
def key() -> Rs256Key:
    return Rs256Key("mine")


def test_takes_the_token_of_the_standard() -> None:
    assert is_signed_by(TOKEN_OF_THE_RFC, KEY_OF_THE_RFC)


def test_takes_what_it_has_signed() -> None:
    assert is_signed_by(key().token({"sub": "anna"}), key().jwk)


def test_refuses_what_another_has_signed() -> None:
    assert not is_signed_by(key().token({"sub": "anna"}), KEY_OF_THE_RFC)


def test_refuses_claims_that_were_changed() -> None:
    header, _, signature = key().token({"sub": "anna"}).split(".")

    assert not is_signed_by(f"{header}.{encode(b'{}')}.{signature}", key().jwk)


@pytest.mark.parametrize("end", ["", "AAAA", "no base64!", "\N{SNOWMAN}"])
def test_refuses_what_is_no_signature(end: str) -> None:
    signed = key().token({}).rpartition(".")[0]

    assert not is_signed_by(f"{signed}.{end}", key().jwk)


@pytest.mark.parametrize("jwk", [{}, {"n": "AQAB"}, {"n": "AQAB", "e": "AQAB"}])
def test_refuses_what_is_no_key(jwk: dict[str, str]) -> None:
    assert not is_signed_by(key().token({}), jwk)


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", b"\xff\xfe"])
def test_reads_what_it_writes(data: bytes) -> None:
    assert decode(encode(data)) == data
