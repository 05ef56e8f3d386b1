"""The pages a person meets: small, self-contained, and with nothing in them that a stranger's text could break."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from api.oauth.ways import Way
from tenants.access.actor import ApiScope
from tenants.access.clients import Client
from tenants.access.kinds import MemberRole

SCOPE_WORDS = {
    ApiScope.READ_METRICS: "see metrics and KPIs",
    ApiScope.WRITE_KPIS: "adopt and change KPIs, objectives and initiatives",
    ApiScope.READ_CONNECTIONS: "see which sources are connected",
    ApiScope.WRITE_CONNECTIONS: "connect and disconnect sources",
    ApiScope.MANAGE_TENANTS: "create businesses and share access to them",
    ApiScope.MANAGE_ORGANIZATION: "manage the organization, its members and its apps",
    ApiScope.MANAGE_ACCOUNT: "see where you are signed in and what you allowed other apps, end that, and leave for you",
}

ROLE_WORDS = {
    MemberRole.OWNER: "an owner",
    MemberRole.ADMIN: "an administrator",
    MemberRole.ANALYST: "an analyst",
    MemberRole.REVIEWER: "a reviewer",
    MemberRole.VIEWER: "a viewer",
}


class Html(str):
    """Text that is markup already."""


def _read(name: str) -> str:
    return files("api.oauth").joinpath("templates", name).read_text("utf-8")


_STYLE = _read("style.css")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_LAYOUT = Template(_read("layout.html"))
_SIGN_IN = Template(_read("sign_in.html"))
_SIGN_IN_LOCAL = Template(_read("sign_in_local.html"))
_CHOICE = Template(_read("choice.html"))
_CONSENT = Template(_read("consent.html"))
_OUTSIDER = Template(_read("outsider.html"))
_REFUSAL = Template(_read("refusal.html"))
_INVITATION = Template(_read("invitation.html"))
_ACCEPT = Template(_read("invitation_accept.html"))
_PASSWORD = Template(_read("invitation_password.html"))
_JOINED = Template(_read("joined.html"))
_RECOVERY_LOCAL = Template(_read("recovery_local.html"))
_OWN = {name: Template(_read(f"{name}.html")) for name in ("link", "password", "recovery", "done")}


@dataclass(frozen=True)
class Form:
    """What every form carries: where it goes, the token that proves it is ours, and where the app wants to return."""

    client: Client
    redirect_uri: str
    action: str
    form_token: str


@dataclass(frozen=True)
class Invited:
    """What every form of an invitation carries."""

    organization: str
    role: MemberRole
    address: str
    action: str
    form_token: str


@dataclass(frozen=True)
class Choices:
    """How somebody may show who they are: by a password, by providers, or both."""

    local: bool
    ways: Sequence[Way]


def sign_in_page(
    form: Form, choices: Choices, *, address: str = "", problem: str | None = None, status: int = 200
) -> HTMLResponse:
    local = _local(_SIGN_IN_LOCAL, choices, address=address)
    content = _form(_SIGN_IN, form, problem=_alert(problem), local=local, ways=way_links(choices.ways))
    return _page("Sign in", content, status=status, form=form)


def choice_page(form: Form, *, address: str, ways: Iterable[tuple[str, str]]) -> HTMLResponse:
    """`ways` are the names of organizations, each with where it is chosen."""
    items = Html("\n".join(f'<li><a href="{escape(action)}">{escape(name)}</a></li>' for name, action in ways))
    return _page("Act for whom?", _form(_CHOICE, form, address=address, organizations=items), form=form)


def consent_page(
    form: Form,
    *,
    address: str,
    acts_for: str,
    scopes: Iterable[str],
    is_own: bool,
    elsewhere: str | None = None,
) -> HTMLResponse:
    """`elsewhere` is where another organization is chosen; the app is `is_own` of the one that is acted for."""
    warning = "" if is_own else f"This app belongs to {form.client.organization_name}, not to {acts_for}."
    items = Html("\n".join(f"<li>{escape(SCOPE_WORDS[ApiScope(scope)])}</li>" for scope in sorted(scopes)))
    link = "" if elsewhere is None else f'<p class="note"><a href="{escape(elsewhere)}">Choose another</a></p>'
    told = {"address": address, "acts_for": acts_for, "scopes": items, "elsewhere": Html(link), "warning": warning}
    return _page("Allow access?", _form(_CONSENT, form, **told), form=form)


def outsider_page(form: Form, *, address: str, reason: str) -> HTMLResponse:
    return _page("No access", _form(_OUTSIDER, form, address=address, reason=reason), status=403, form=form)


def invitation_page(
    invited: Invited, choices: Choices, *, step: str, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """`step` is `accept` for who is signed in. To others the page is the same, whether they have an account or not."""
    fields = _fill(_ACCEPT) if step == "accept" else _local(_PASSWORD, choices, address=invited.address)
    content = _fill(
        _INVITATION,
        organization=invited.organization,
        role=ROLE_WORDS[invited.role],
        address=invited.address,
        action=invited.action,
        form_token=invited.form_token,
        problem=_alert(problem),
        fields=fields,
        ways=Html("") if step == "accept" else way_links(choices.ways),
    )
    return _page("You are invited", content, status=status, targets="'self'")


def recovery_page(
    choices: Choices, *, address: str, action: str, form_token: str, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    local = _local(_RECOVERY_LOCAL, choices, address=address, action=action, form_token=form_token)
    ways = way_links(choices.ways)
    return own_page("recovery", "Your account", problem=problem, status=status, address=address, local=local, ways=ways)


def own_page(name: str, title: str, *, problem: str | None = None, status: int = 200, **values: str) -> HTMLResponse:
    """One of those that no app has to do with, by its template."""
    content = _fill(_OWN[name], problem=_alert(problem), **values)
    return _page(title, content, status=status, targets="'self'")


def _local(template: Template, choices: Choices, **values: str) -> Html:
    return _fill(template, **values) if choices.local else Html("")


def joined_page(organization: str, *, redirect_uri: str | None) -> HTMLResponse:
    link = "You can close this page." if redirect_uri is None else f'<a href="{escape(redirect_uri)}">Go on</a>'
    return _page("Welcome", _fill(_JOINED, organization=organization, next=Html(link)))


def refusal_page(reason: str, *, advice: str, status: int = 400) -> HTMLResponse:
    return _page("This did not work", _fill(_REFUSAL, reason=reason, advice=advice), status=status)


def way_links(ways: Iterable[Way]) -> Html:
    return Html(
        "\n".join(f'<p><a href="{escape(each.address)}">Sign in with {escape(each.name)}</a></p>' for each in ways)
    )


def _form(template: Template, form: Form, **values: str) -> Html:
    return _fill(
        template,
        app=form.client.name,
        organization=form.client.organization_name,
        destination=urlsplit(form.redirect_uri).netloc,
        action=form.action,
        form_token=form.form_token,
        **values,
    )


def _alert(problem: str | None) -> Html:
    return Html(f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "")


def _fill(template: Template, **values: str) -> Html:
    return Html(
        template.substitute(
            {name: value if isinstance(value, Html) else escape(value) for name, value in values.items()}
        )
    )


def _page(
    title: str, content: Html, *, status: int = 200, form: Form | None = None, targets: str = "'none'"
) -> HTMLResponse:
    if form is not None:
        # Browsers hold a form to this list even where its answer redirects, so the app's own address must be on it.
        targets = f"'self' {_source(form.redirect_uri)}"
    page = _fill(_LAYOUT, title=title, style=Html(_STYLE), content=content)
    return HTMLResponse(page, status, headers=_headers(targets))


def _headers(targets: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {targets}; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _source(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    # The grammar of the policy knows no IPv6 address.
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
