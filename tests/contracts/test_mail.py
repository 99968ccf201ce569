"""A mail as it leaves us, and what is told of it: SES, SNS and SQS as moto has them."""

import pytest

from infra.local.aws import SENDER, LocalAws, Mail
from shared.cloud.aws import Aws
from shared.cloud.mail import SesMail, SesNews, mime
from shared.errors import Refused
from shared.ids import RandomIds

PDF = b"%PDF-1.7\n\xff\x00\r\n." + bytes(range(256))
TEXT = "鈴木 花様\n\n個人情報の開示等のご請求を受け付けました。髙邊 𠮷\n.\n" + "長い一行" * 400 + "\n"


@pytest.fixture
def ident() -> str:
    return RandomIds().ident()


async def sent(local: LocalAws, ident: str) -> list[Mail]:
    return [mail for mail in await local.mails() if mail.ident == ident]


async def test_a_japanese_mail_with_a_pdf_arrives_as_it_was_written(aws: Aws, local_aws: LocalAws, ident: str):
    subject = "【KAGAMINO】開示等のご請求を受け付けました（受付番号 KG-7H2K-9QXM）" * 2
    mails = SesMail(aws, sender=SENDER, configuration_set="")
    given = await mails.send(
        ident=ident, to="hana@example.com", subject=subject, text=TEXT, attachments=[("開示等申請書.pdf", PDF)]
    )
    assert given
    [mail] = await sent(local_aws, ident)
    assert mail == Mail("hana@example.com", subject, TEXT, ident, {"開示等申請書.pdf": PDF})


async def test_a_sender_that_is_not_verified_is_refused(aws: Aws, ident: str):
    mails = SesMail(aws, sender="x@elsewhere.example", configuration_set="")
    with pytest.raises(Refused) as refused:
        await mails.send(ident=ident, to="hana@example.com", subject="s", text="t", attachments=[])
    assert refused.value.more["said"] == "MessageRejected"


@pytest.mark.parametrize("field", ["to", "subject", "ident"])
@pytest.mark.parametrize("bad", ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\rBcc: eve@example.com"])
def test_no_header_can_be_smuggled_in(field: str, bad: str):
    given = {"ident": "i", "to": "hana@example.com", "subject": "s", "text": "t"} | {field: bad}
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        mime(SENDER, attachments=[], **given)


def test_an_attachment_s_name_smuggles_nothing_in_either():
    with pytest.raises(ValueError, match="linefeed"):
        mime(SENDER, ident="i", to="a@b.jp", subject="s", text="t", attachments=[('x"\r\nBcc: e@x.jp\r\n.pdf', b"")])


async def test_what_ses_took_is_sent_though_its_answer_was_cut_short():
    class Cut:
        async def call(self, *_: object, **more: object) -> dict[str, object]:
            return {}

    mails = SesMail(Cut(), sender=SENDER, configuration_set="")  # type: ignore[arg-type]
    assert await mails.send(ident="i", to="a@b.jp", subject="s", text="t", attachments=[]) == ""


def test_it_is_seven_bits_in_short_lines_and_answered_by_no_machine():
    built = mime(
        SENDER, ident="i", to="hana@example.com", subject="件名" * 90, text=TEXT, attachments=[("名.pdf", PDF)]
    )
    assert built.isascii()
    assert max(map(len, built.split(b"\r\n"))) <= 998
    assert b"Auto-Submitted: auto-generated" in built
    assert b"\r\nMessage-ID: <i@kagamino.example>\r\n" in built


@pytest.mark.parametrize("local", ["a..b", ".ab", "ab."])
def test_addresses_that_old_phones_had_are_quoted(local: str):
    built = mime(SENDER, ident="i", to=f"{local}@docomo.example", subject="s", text="t", attachments=[])
    assert f'To: "{local}"@docomo.example'.encode() in built


async def test_news_goes_by_sns_to_sqs_and_comes_until_it_is_put_away(aws: Aws, local_aws: LocalAws):
    news = SesNews(aws, local_aws.settings()["MAIL_EVENTS_URL"])
    await local_aws.tell({"eventType": "Bounce", "mail": {"tags": {"message": ["m1"]}}})
    [told] = await news.receive()
    assert "m1" in told.text
    assert await news.receive() == [], "nobody else is given it meanwhile"
    await news.done(told.receipt)
