"""Every stable code a fault may carry, with its HTTP status and its words for people, in Japanese and English.

`tests/test_problems.py` proves that each code raised anywhere stands here, and that nothing stands here unused.
"""

from typing import NamedTuple

from shared.case_problems import CASE_PROBLEMS
from shared.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted, Refused, Unavailable
from shared.vocabulary import Language


class Problem(NamedTuple):
    """How one code is told to its caller."""

    status: int
    ja: str
    en: str

    def title(self, language: Language) -> str:
        """The one-line summary in the reader's language."""
        return self.ja if language is Language.JA else self.en


PROBLEMS: dict[str, Problem] = {
    # the request itself
    "body_invalid": Problem(400, "送信内容に誤りがあります。", "The request body has an invalid field."),
    "body_not_json": Problem(400, "送信内容がJSONとして読めません。", "The request body is not acceptable JSON."),
    "body_too_large": Problem(413, "送信内容が大きすぎます。", "The request body is too large."),
    "query_invalid": Problem(400, "URLの指定に誤りがあります。", "A query parameter is missing or invalid."),
    "method_not_allowed": Problem(405, "この操作は利用できません。", "This method is not available here."),
    "no_such_route": Problem(404, "ページが見つかりません。", "There is nothing at this address."),
    "unexpected": Problem(500, "予期しない問題が発生しました。", "Something unexpected went wrong."),
    # who calls
    "unauthenticated": Problem(401, "サインインが必要です。", "Please sign in."),
    "page_expired": Problem(
        401,
        "この画面の有効期限が切れました。",
        "This page has expired.",
    ),
    "keys_unavailable": Problem(503, "ただいま本人確認ができません。", "Sign-in cannot be checked right now."),
    "too_many_requests": Problem(
        429, "操作が多すぎます。しばらくお待ちください。", "Too many requests. Please wait a little."
    ),
    # linking
    "link_invalid": Problem(
        410,
        "この連携手続きは無効か、期限切れです。もう一度お試しください。連携をやめる場合は、Googleアカウントの"
        "「サードパーティ製のアプリとサービス」に本アプリが残っていれば、削除してください。",
        "This link attempt is invalid or has expired. Please start again. If you would rather not, and your Google "
        "account lists this app under “Third-party apps & services”, remove it there.",
    ),
    "link_denied": Problem(403, "Googleでの許可が得られませんでした。", "Permission was not given at Google."),
    "no_kind_granted": Problem(403, "許可されたデータの種類がありません。", "No kind of data was allowed at Google."),
    "refresh_token_missing": Problem(
        409,
        "Googleから継続利用の許可が届きませんでした。Googleアカウントの「サードパーティ製のアプリとサービス」から"
        "本アプリを削除し、もう一度連携してください。",
        "Google sent no lasting permission. Remove this app in your Google account, "
        "under “Third-party apps & services”, then connect again.",
    ),
    "account_linked_elsewhere": Problem(
        409,
        "このGoogleアカウントは別の利用者に連携されています。その利用者として連携を解除するか、Googleアカウントの"
        "「サードパーティ製のアプリとサービス」から本アプリを削除し、8日後にもう一度連携してください。",
        "This Google account is linked to another user. End the link as that user; or remove this app in your Google "
        "account, under “Third-party apps & services”, and connect again eight days later.",
    ),
    "code_refused": Problem(
        410, "Googleの認可コードが無効です。もう一度お試しください。", "Google refused the code. Please start again."
    ),
    "google_client_refused": Problem(
        503, "現在Googleと連携できません。復旧までお待ちください。", "Connecting to Google is out of order on our side."
    ),
    "not_connected": Problem(404, "連携されていません。", "There is no such connection."),
    "needs_reauth": Problem(409, "Googleとの再連携が必要です。", "Please connect to Google again."),
    "zone_missing": Problem(
        400, "タイムゾーンがまだ登録されていません。", "Which time zone the person lives in is not known yet."
    ),
    "zone_unknown": Problem(400, "タイムゾーンが正しくありません。", "The time zone is not known."),
    # consent
    "consent_missing": Problem(
        403, "このデータの利用には同意がありません。", "There is no consent for this use of data."
    ),
    "caller_unknown": Problem(
        403, "この呼び出し元は提供先として登録されていません。", "This caller is not registered as a recipient."
    ),
    "person_unknown": Problem(404, "該当する方はいません。", "There is nobody of that name to you."),
    "consent_stale": Problem(409, "同意の状態が変わっています。", "The state of consent has changed meanwhile."),
    "consent_frozen": Problem(
        403, "現在、このデータの取扱いは停止されています。", "Handling of this data is suspended at present."
    ),
    "nothing_given": Problem(404, "現在、有効な同意はありません。", "There is no consent to end."),
    "purpose_unknown": Problem(400, "利用目的が正しくありません。", "There is no such purpose."),
    "kind_unknown": Problem(400, "データの種類が正しくありません。", "There is no such kind of data."),
    "recipient_unknown": Problem(400, "提供先が正しくありません。", "There is no such recipient for this purpose."),
    "decision_impossible": Problem(400, "この内容には同意できません。", "This cannot be consented to."),
    "guardian_needed": Problem(403, "保護者による同意が必要です。", "A guardian has to decide this."),
    "authority_invalid": Problem(
        403, "この方に代わって決める権限がありません。", "There is no authority to decide this for somebody else."
    ),
    "withdraw_first": Problem(
        409,
        "同意が有効なデータは消去できません。先に同意を撤回してください。",
        "What is still consented to cannot be erased. Please withdraw the consent first.",
    ),
    "invitation_invalid": Problem(
        410,
        "この招待は無効か、期限切れです。",
        "This invitation is invalid or has expired.",
    ),
    "too_many_cells": Problem(
        409,
        "同意の提供先が多すぎるため、新しい提供先を追加できません。",
        "There are too many recipients of consents to add another.",
    ),
    "too_many_invitations": Problem(
        409,
        "招待が多すぎます。使わない招待を取り消してください。",
        "There are too many invitations; take back those that are not used.",
    ),
    "evidence_missing": Problem(400, "根拠となる書類の参照番号が必要です。", "The reference of the papers is needed."),
    "registration_invalid": Problem(400, "この内容では登録できません。", "This cannot be registered as it stands."),
    "not_registered": Problem(404, "登録されていません。", "There is no such registration."),
    # staff
    "erasure_under_way": Problem(409, "データを消去しています。", "This data is being erased."),
    "notice_unknown": Problem(404, "お知らせが見つかりません。", "There is no such notice."),
    "notice_not_in_force": Problem(
        409,
        "お知らせが新しくなっています。もう一度ご確認ください。",
        "Another notice is in force; please read it first.",
    ),
    "receipt_unknown": Problem(404, "この受領書は見つかりません。", "There is no such receipt."),
    "notices_broken": Problem(500, "設定に問題があります。", "The notices are faulty."),
    # upstream
    "upstream_unavailable": Problem(503, "Googleが応答していません。", "Google is not answering."),
    "upstream_malformed": Problem(502, "Googleの応答が読み取れません。", "Google's answer cannot be read."),
    "upstream_rate_limited": Problem(429, "Googleの利用上限に達しました。", "Google's limit has been reached."),
    "upstream_setup": Problem(503, "Googleとの接続設定に問題があります。", "Our set-up at Google is faulty."),
    "scope_missing": Problem(
        403, "このデータの種類はGoogleで許可されていません。", "This kind is not allowed at Google."
    ),
    "access_token_dead": Problem(
        503, "Googleが要求を受け付けません。", "Google does not accept our requests right now."
    ),
    "no_such_stream": Problem(404, "Googleにこのデータはありません。", "Google has no such data."),
    "token_dead": Problem(409, "Googleとの連携が切れています。", "The connection to Google is no longer valid."),
    "field_order_changed": Problem(
        502, "Googleのデータ形式が変わりました。", "Google has changed the shape of this data."
    ),
    # state
    "precondition_failed": Problem(
        409, "状態が変わりました。もう一度お試しください。", "The state has changed meanwhile."
    ),
    "commit_unknown": Problem(503, "保存の結果を確認できません。", "Whether this was stored is not known yet."),
    "commit_unsettled": Problem(503, "保存の結果を確認できません。", "Whether this was stored is not known yet."),
    "store_unavailable": Problem(503, "ただいま保存先を利用できません。", "The store is not available right now."),
    "store_refused": Problem(500, "設定に問題があります。", "The store does not let us do this."),
    "document_too_large": Problem(500, "データが大きすぎて保存できません。", "This is too large to be stored."),
    "commit_too_large": Problem(500, "データが大きすぎて保存できません。", "This is too large to be stored at once."),
    "queue_unavailable": Problem(503, "ただいま処理を受け付けられません。", "Work cannot be queued right now."),
    "instance_busy": Problem(503, "ただいま混み合っています。", "This instance is busy."),
    "secret_missing": Problem(500, "設定に問題があります。", "A secret is not set up."),
    "secret_version_gone": Problem(500, "設定に問題があります。", "A version of a secret is gone."),
    "secrets_unavailable": Problem(503, "ただいま処理できません。", "Secrets cannot be read right now."),
    "anchor_differs": Problem(
        500, "同じ名前で別の内容が控えられています。", "Something else is anchored under this name."
    ),
    "audit_differs": Problem(500, "監査記録と控えが一致しません。", "The audit log and its anchors do not agree."),
    "anchors_unavailable": Problem(503, "ただいま監査記録の控えを利用できません。", "Anchors are not available now."),
    "anchors_refused": Problem(500, "設定に問題があります。", "The store of anchors does not let us do this."),
    "seal_broken": Problem(500, "データを開けません。", "Sealed data cannot be opened."),
    "day_format_unknown": Problem(503, "ただいまデータを開けません。", "This data cannot be opened right now."),
    "day_damaged": Problem(503, "ただいまデータを開けません。", "This data cannot be opened right now."),
    "key_missing": Problem(500, "データを開けません。", "The key to this data is missing."),
    "key_destroyed": Problem(410, "データは消去されています。", "The data has been erased."),
    # AWS and mail
    "aws_unavailable": Problem(503, "ただいま外部サービスを利用できません。", "AWS is not available right now."),
    "aws_unknown": Problem(503, "外部サービスの結果を確認できません。", "Whether AWS did this is not known yet."),
    "aws_refused": Problem(500, "外部サービスが要求を受け付けません。", "AWS does not let us do this."),
    "settings": Problem(500, "設定に問題があります。", "The settings are faulty."),
    **{code: Problem(*row) for code, row in CASE_PROBLEMS.items()},
}

_CATEGORIES: dict[type[Fault], int] = {
    InvalidInput: 400,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
    Refused: 422,
}


def problem_of(fault: Fault) -> Problem:
    """The table's entry, or, for a code nobody entered, its category's status and its code as title."""
    known = PROBLEMS.get(fault.code)
    if known:
        return known
    status = next((s for category, s in _CATEGORIES.items() if isinstance(fault, category)), 500)
    return Problem(status, fault.code, fault.code)
