import pytest

from tenants.access.redirects import check_redirect_uri
from tenants.errors import InvalidInput


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback",
        "https://app.example.com",
        "https://app.example.com:8443/a/b?tenant=1&x=%20",
        "http://127.0.0.1:8765/callback",
        "http://[::1]:8765/",
        "http://localhost/callback",
        "https://xn--bcher-kva.example/",
    ],
)
def test_an_address_a_code_may_go_to(uri: str) -> None:
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "app.example.com/callback",
        "http://app.example.com/callback",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "ftp://app.example.com/",
        "javascript:alert(1)",
        "com.example.app:/callback",
        "https://app.example.com/#",
        "https://app.example.com/#fragment",
        "https://user:secret@app.example.com/",
        "https://app.example.com@evil.example/",
        "https://app.example.com:0/",
        "https://app.example.com:99999/",
        "https://app.example.com:port/",
        "https:///callback",
        "https://*.example.com/",
        "https://app.example.com/a b",
        "https://app.example.com/\r\nSet-Cookie: a=b",
        "https://app.example.com/\n",
        'https://app.example.com/"onload="x',
        "https://app.example.com\\@evil.example/",
        "https://bücher.example/",
        "https://[::1/",
        "https://[dead::beef%25eth0]/",
        "https://[::1]evil.example/",
        "https://[::1].evil.example:443/",
        "https://app.example.com:/",
        "https://app.example.com:0443/",
        "https://app.example.com;script-src/",
        "https://app.example.com/" + "a" * 2000,
    ],
)
def test_an_address_no_code_may_go_to(uri: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_redirect_uri(uri, field=("redirectUris", "0"))
    assert refused.value.code == "REDIRECT_URI_INVALID"
    assert refused.value.field == ("redirectUris", "0")
