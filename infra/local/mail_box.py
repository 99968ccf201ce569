"""Everybody's mailbox on this machine: what was sent, to click through, and a way to have a mail come back."""

from html import escape
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.local.aws import LocalAws, Mail

PATH = "mail-box"
_PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>メールボックス / Mailbox</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{max-width:48rem;margin:0 auto;padding:1rem;font:1rem/1.6 system-ui,
"BIZ UDPGothic","Noto Sans JP",sans-serif}}article{{border-top:1px solid;padding:1rem 0}}h2{{font-size:1.1rem;margin:0}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}}button{{min-height:2.75rem;font:inherit}}</style>
<h1>送られたメール <span lang="en">/ Mails that were sent</span></h1>{mails}</html>"""
_NONE = '<p>まだ 1 通もありません。<span lang="en">There is none yet.</span></p>'


class MailBox:
    """The mails that `aws` was given."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws

    def routes(self) -> Starlette:
        """To be mounted at `/mail-box`."""
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/mails", self._listed),
                Route("/{ident}/bounce", self._bounce, methods=["POST"]),
                Route("/{ident}/{name:path}", self._attachment),
            ]
        )

    async def _page(self, request: Request) -> Response:
        mails = [_shown(mail, request.scope.get("root_path", "")) for mail in reversed(await self._aws.mails())]
        return HTMLResponse(_PAGE.format(mails="".join(mails) or _NONE))

    async def _listed(self, _: Request) -> Response:
        """The same as JSON, the oldest first, attachments by name and size."""
        return JSONResponse(
            [
                {
                    "ident": mail.ident,
                    "to": mail.to,
                    "subject": mail.subject,
                    "text": mail.text,
                    "attachments": {name: len(content) for name, content in mail.attachments.items()},
                }
                for mail in await self._aws.mails()
            ]
        )

    async def _bounce(self, request: Request) -> Response:
        """Have SES tell that it came back. The next tick takes it in."""
        await self._aws.tell(bounced(request.path_params["ident"]))
        return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)

    async def _attachment(self, request: Request) -> Response:
        ident, name = request.path_params["ident"], request.path_params["name"]
        found = [
            mail.attachments[name]
            for mail in await self._aws.mails()
            if mail.ident == ident and name in mail.attachments
        ]
        return Response(found[0], media_type="application/pdf") if found else Response(status_code=404)


def bounced(ident: str) -> dict[str, object]:
    """What SES publishes of a mail whose address does not exist."""
    mail = {"messageId": f"local-{ident}", "tags": {"message": [ident]}}
    return {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}}


def _shown(mail: Mail, root: str) -> str:
    there = f"{root}/{quote(mail.ident)}"
    links = [
        f'<li><a href="{there}/{quote(name)}">{escape(name)}</a> ({len(content):,} B)'
        for name, content in mail.attachments.items()
    ]
    return (
        f"<article><h2>{escape(mail.subject)}</h2><p>{escape(mail.to)}</p><pre>{escape(mail.text)}</pre>"
        f"<ul>{''.join(links)}</ul>"
        f'<form method="post" action="{there}/bounce"><button>届かなかったことにする / Let it bounce</button></form>'
        "</article>"
    )
