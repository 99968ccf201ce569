"""The problems of cases: rows of `problems.PROBLEMS`, as (status, Japanese, English) by code."""

CASE_PROBLEMS: dict[str, tuple[int, str, str]] = {
    "role_missing": (403, "この操作を行う権限がありません。", "None of your roles may do this."),
    "own_case": (403, "ご自身に関する申請は、担当できません。", "This is your own case; a colleague has to do it."),
    "case_unknown": (404, "この申請は見つかりません。", "There is no such case."),
    "item_unknown": (404, "この請求は見つかりません。", "There is no such request in this case."),
    "case_moved_on": (
        409,
        "申請の状態が変わっています。最新の状態を確認してください。",
        "The case has moved on. Look at its present state.",
    ),
    "request_invalid": (400, "請求の内容に誤りがあります。", "The request cannot be taken in as it stands."),
    "number_mismatch": (409, "別の申請の受付番号です。", "This is the number of another case."),
    "date_unfit": (400, "日付が正しくありません。", "The date is impossible here."),
    "entries_differ": (
        409,
        "2回の入力が一致しません。書面をもう一度ご確認ください。",
        "The two entries differ. Please look at the paper again.",
    ),
    "too_many_scans": (409, "これ以上書類を追加できません。", "No more papers can be added."),
    "stamps_impossible": (400, "切手の金額が合いません。", "The amounts of stamps do not add up."),
    "form_not_entered": (409, "申請書の内容がまだ入力されていません。", "What the form says has not been entered yet."),
    "identity_unproven": (409, "本人であることが確認できていません。", "Who the person is has not been proven."),
    "agency_unproven": (409, "代理権が確認できていません。", "The agent's right has not been proven."),
    "agency_over": (
        403,
        "代理権が終了しているか、この請求には及びません。",
        "The agent's right has ended, or does not cover this.",
    ),
    "offer_two_ways": (400, "ほかの確認方法を2つ以上ご案内ください。", "At least two further ways have to be offered."),
    "reason_missing": (400, "理由の入力が必要です。", "A reason is needed."),
    "ground_unfit": (400, "この請求には使えない理由です。", "This ground cannot be given for this request."),
    "manager_refused": (
        403,
        "特定個人情報保護管理者が認めていません。",
        "The protection manager has not allowed this.",
    ),
    "verifier_decides": (
        403,
        "本人確認を行った担当者は、判断できません。",
        "Whoever verified the identity cannot decide.",
    ),
    "same_person": (403, "別の担当者による確認が必要です。", "Somebody else has to do this."),
    "fee_missing": (409, "必要な額の切手がまだ届いていません。", "The stamps for this have not come yet."),
    "extended_already": (409, "期限はすでに延長されています。", "The time has been extended already."),
    "mail_missing": (
        409,
        "送付できるメールアドレスが記載されていません。",
        "The person stated no address that mail could be sent to.",
    ),
    "held": (409, "法令に基づく保全中のため、消去できません。", "A legal hold keeps this from being erased."),
    "case_full": (
        409,
        "この申請には、これ以上書き込めません。",
        "Nothing more can be written into this case.",
    ),
    "not_due": (409, "まだ破棄できません。", "It is not yet to be destroyed."),
}
