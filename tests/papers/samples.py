"""One of each letter, in each language: as letters are, and as nobody wishes them to be."""

from datetime import date
from typing import Any

from shared.papers import answers, model
from shared.vocabulary import Language

JA, EN = Language.JA, Language.EN
NUMBER = "KG-7Q4M-X2T9"
ON = date(2026, 11, 25)
RECEIVED = date(2026, 11, 12)
DESTROY_ON = date(2027, 11, 25)

HOSTILE = '*#[x]_ $y$ #eval("1+1") `z` <a> @b \\ // /* - + = ~'
RARE = "髙橋𠮷郎・辻󠄀が谷"


def operator(language: Language) -> model.Operator:
    def say(ja: str, en: str) -> str:
        return ja if language is JA else en

    return model.Operator(
        name=say("エムジーファクトリー株式会社", "MG Factory Co., Ltd."),
        representative=say("代表取締役　大沼 裕", "大沼 裕, Representative Director"),
        address=say(
            "〒108-8210 東京都港区港南2-15-3 品川インターシティC棟 12階",
            "12F Shinagawa Intercity Tower C, 2-15-3 Konan, Minato-ku, Tokyo 108-8210, Japan",
        ),
        desk=say("個人情報問合せ窓口担当", "Personal information desk"),
        email="mginfo@mgfactory.co.jp",
        tel="03-6846-1002",
        fax="06-6195-7748",
        complaints=model.ComplaintBody(
            name=say("一般社団法人JAPHICマーク認証機構", "JAPHIC Mark Certification Organization"),
            contact=say("JAPHIC個人情報相談センター", "JAPHIC Personal Information Consultation Center"),
            address=say("〒103-0027 東京都中央区日本橋2-1-17", "2-1-17 Nihonbashi, Chuo-ku, Tokyo 103-0027, Japan"),
            email="incident@japhic.or.jp",
            hours=say(
                "10:30～17:30、月曜日～金曜日（年末年始、その他所定の休日を除く）",
                "10:30-17:30, Monday to Friday (except year-end and other holidays)",
            ),
            note=say(
                "当社の商品・サービスに関する問い合わせ先ではございません",
                "Not for inquiries about our products and services",
            ),
        ),
    )


def letters(language: Language, *, extreme: bool = False) -> list[model.Paper]:
    """One of each."""
    long_ja = (
        "この情報を開示することにより、ほかの利用者の生命、身体、財産その他の権利利益を害するおそれがあるためです。"
    )
    long_en = "Disclosing this would be likely to harm the life, body, property or other rights of another person. "

    def say(ja: str, en: str) -> str:
        return ja if language is JA else en

    def much(ja: str, en: str, times: int = 12) -> str:
        """Once, or very often and with all that might break a page."""
        once = say(ja, en)
        return f"{HOSTILE} {RARE} " + once * times + " " + "W" * 120 if extreme else once

    def many(rows: list[Any], times: int = 9) -> tuple[Any, ...]:
        return tuple(rows * (times if extreme else 1))

    to = model.Addressee(
        name=RARE + "ジョージ・アレクサンダー・ヴィルヘルム" * 3 + "W" * 60
        if extreme
        else say("髙橋 𠮷子", "Taro O’Brien"),
        postcode="104-0045",
        address="東京都中央区築地一丁目" + "１２番地３４号グランドタワー築地リバーサイドコート" * 6 + "A棟 1203号室"
        if extreme
        else say("東京都中央区築地1-2-3\n築地マンション 405号室", "405 Tsukiji Mansion, 1-2-3 Tsukiji, Chuo-ku, Tokyo"),
        care_of="山田 太郎" if extreme else "",
    )
    post: dict[str, Any] = {"number": NUMBER, "operator": operator(language), "to": to, "on": ON}
    closed = {**post, "destroy_on": DESTROY_ON}
    bare: dict[str, Any] = {"number": NUMBER, "operator": operator(language)}
    kinds = (
        ("歩数", "血糖値", "血圧", "体重", "心拍数", "体温", "酸素飽和度", "睡眠")
        if language is JA
        else ("steps", "blood glucose", "blood pressure", "weight", "heart rate", "temperature", "oxygen", "sleep")
    )
    return [
        model.ApplicationForm(**bare, kinds=kinds, fee_yen=1000, kept_years=1),
        model.CoverLetter(
            **post,
            fee_yen=1000,
            return_by=date(2027, 2, 23),
            enclosed=many(
                [
                    model.Enclosed(much("個人情報開示等申請書", "Application form"), say("1部（3枚）", "1 (3 pages)")),
                    model.Enclosed(say("返信用封筒", "Envelope for your reply"), say("1枚", "1")),
                ]
            ),
        ),
        model.DefectNotice(
            **post,
            received_on=RECEIVED,
            reply_by=date(2026, 12, 25),
            missing=many(
                [
                    model.Missing(
                        much(
                            "本人確認書類の写しが同封されていません", "There is no copy of a paper showing who you are"
                        ),
                        much(
                            "運転免許証、旅券、マイナンバーカードの表面のいずれか1点の写しをお送りください。",
                            "Please send a copy of a driving licence, a passport or the like.",
                        ),
                    ),
                    model.Missing(
                        say("申請書の署名がありません", "The application is not signed"),
                        say(
                            "同封した申請書の9に署名してください。", "Please sign part 9 of the application we enclose."
                        ),
                    ),
                    model.Missing(
                        say("郵便切手1,000円分が同封されていません", "The stamps for 1,000 yen are missing"),
                        say(
                            "「開示」に必要です。ほかのお求めのお手続きは、切手がなくても進めております。",
                            "They are needed for disclosure. Your other requests go on without them.",
                        ),
                    ),
                ]
            ),
        ),
        answers.DecisionNotice(
            **closed,
            received_on=RECEIVED,
            items=many(
                [
                    answers.Decided(
                        request=say("開示", "Disclosure"),
                        outcome=answers.Outcome.PARTIAL,
                        done=much(
                            "保有する個人情報を電子データでお渡しします。別にお送りするメールのリンクからお受け取りください。",
                            "What we hold is handed over electronically, by the link in the e-mail we send you.",
                        ),
                        reason=say(
                            "ほかの方の氏名を含む記録1件を除きました。",
                            "One record with another person’s name is left out.",
                        ),
                    ),
                    answers.Decided(
                        request=say("消去", "Erasure"),
                        outcome=answers.Outcome.FULL,
                        done=say(
                            "測定データ、接続の情報、同意の設定を消去しました。",
                            "Measurements, connections and settings are erased.",
                        ),
                    ),
                    answers.Decided(
                        request=say("第三者提供記録の開示", "Records of provision"),
                        outcome=answers.Outcome.NOT_EXIST,
                        done=say("お調べしました。", "We searched for it."),
                        reason=say("第三者への提供はありませんでした。", "Nothing was provided to third parties."),
                    ),
                    answers.Decided(
                        request=say("利用目的の通知", "Notice of purposes"),
                        outcome=answers.Outcome.REFUSED,
                        done="",
                        reason=much(long_ja, long_en),
                    ),
                ]
            ),
        ),
        answers.RefusalNotice(
            **closed,
            received_on=RECEIVED,
            items=many(
                [
                    answers.Refusal(
                        request=say("開示", "Disclosure"),
                        part=not extreme,
                        what=much("お問い合わせの記録のうち1件", "One record of an inquiry"),
                        ground=say(
                            "本人または第三者の生命、身体、財産その他の権利利益を害するおそれがある場合",
                            "Risk of harm to the life, body, property or other rights of the person or a third party",
                        ),
                        article=say(
                            "個人情報の保護に関する法律第33条第2項第1号",
                            "Act on the Protection of Personal Information, Article 33(2)(i)",
                        ),
                        reason=much(long_ja, long_en),
                        substitute=say(
                            "その記録の要旨を文書でお伝えします。", "We tell you in writing what it is about."
                        ),
                    )
                ],
                3,
            ),
        ),
        model.ExtensionNotice(
            **post,
            received_on=RECEIVED,
            due_on=date(2026, 11, 26),
            extended_to=date(2026, 12, 10),
            reason=much(
                "対象となる記録が5年分にわたり、内容の確認に時間を要しているためです。",
                "The records cover five years, and checking them takes longer.",
            ),
        ),
        answers.PurposeNotice(
            **closed,
            received_on=RECEIVED,
            version="2026-10-01",
            purposes=many(
                [
                    answers.PurposeRow(
                        title=say("QOLMSサーバーへの送信・保存", "Sending to and storing at QOLMS"),
                        why=much(
                            "アプリで測定値をご覧いただくために、QOLMSサーバーへ送信し保存します。",
                            "To show you your measurements in the app.",
                            4,
                        ),
                        basis=say("同意", "Consent"),
                        kinds=kinds,
                        recipients=(say("QOLMSサービス", "QOLMS service"),),
                        retention=say("同意を撤回されるまで", "Until you withdraw your consent"),
                    ),
                    answers.PurposeRow(
                        title=say("お問い合わせ対応", "Answering inquiries"),
                        why=say("お問い合わせにお答えするため。", "To answer you."),
                        basis=say("通知・公表", "Notice"),
                        kinds=(),
                        recipients=(),
                        retention=say("回答から1年", "One year from the answer"),
                    ),
                ]
            ),
        ),
        answers.ProvisionNotice(
            **closed,
            received_on=RECEIVED,
            since=date(2023, 11, 25),
            until=ON,
            records=many(
                [
                    answers.Provided(
                        on=date(2026, 10, 3),
                        party=much("医療法人社団 築地みらいクリニック", "Tsukiji Mirai Clinic", 2),
                        address=say("東京都中央区築地3-4-5", "3-4-5 Tsukiji, Chuo-ku, Tokyo"),
                        kinds=kinds[1:4],
                        basis=say("ご本人の同意（保健指導）", "Your consent (health guidance)"),
                    ),
                    answers.Provided(
                        on=date(2019, 5, 1),
                        party=say("山田 花子 様（ご家族）", "Hanako Yamada (relative)"),
                        address="",
                        kinds=kinds[:1],
                        basis=say("ご本人の同意（見守り）", "Your consent (family watching)"),
                        received=True,
                    ),
                ],
                20,
            ),
        ),
        answers.NonExistenceNotice(
            **closed,
            received_on=RECEIVED,
            request=say("開示", "Disclosure"),
            sought=much("監視カメラの映像（2026年10月1日）", "Pictures of the security camera of 1 October 2026"),
            searched=many(
                [
                    say("会員の登録情報と測定データ", "Member records and measurements"),
                    say("お問い合わせの記録", "Records of inquiries"),
                    say("監視カメラの映像", "Camera pictures"),
                ]
            ),
        ),
        model.UnverifiedNotice(
            **closed,
            received_on=RECEIVED,
            reopen_until=date(2026, 12, 25),
            ways=many(
                [
                    model.Way(
                        say("本人確認書類の写しを郵送する", "Send a copy of a paper by post"),
                        much(
                            "運転免許証、旅券などの写し1点を、受付番号を書き添えてお送りください。",
                            "Send a copy of a driving licence, a passport or the like, with the reference.",
                        ),
                    ),
                    model.Way(
                        say("アプリから確認する", "Confirm in the app"),
                        say(
                            "アプリにログインし、「開示等のお求め」の画面で受付番号を入力してください。",
                            "Sign in to the app and enter the reference on the page for requests.",
                        ),
                    ),
                ]
            ),
        ),
        model.LapseNotice(
            **closed,
            awaited=much("個人情報開示等申請書のご返送", "Your application, filled in"),
            asked_on=date(2026, 8, 27),
            due_on=ON,
        ),
        model.WithdrawalNotice(
            **closed,
            withdrawn_on=date(2026, 11, 20),
            requests=many([much("開示", "Disclosure"), say("消去", "Erasure")]),
        ),
        model.ReferralNotice(
            **closed,
            received_on=RECEIVED,
            requests=(say("開示", "Disclosure"), say("消去", "Erasure")),
            entrusters=many(
                [
                    model.Entruster(
                        name=much("株式会社みらい健康保険サービス", "Mirai Health Insurance Services, Inc.", 3),
                        address=say("〒100-0005 東京都千代田区丸の内1-2-3", "1-2-3 Marunouchi, Chiyoda-ku, Tokyo"),
                        tel="03-0000-0000",
                        email="privacy@mirai.example",
                    )
                ]
            ),
        ),
        answers.AnswerCover(
            **closed,
            received_on=RECEIVED,
            delivery=say("本人限定受取郵便（特例型）", "Registered post, handed to the addressee alone"),
            enclosed=many(
                [
                    model.Enclosed(much("開示資料", "The information itself"), say("1部（48枚）", "1 (48 pages)")),
                    model.Enclosed(say("決定通知書", "Decision"), say("1部", "1")),
                ]
            ),
        ),
        model.CodeLetter(
            **closed,
            received_on=RECEIVED,
            requests=many([much("開示", "Disclosure"), say("第三者提供記録の開示", "Records of provision")]),
            code="ABCD-2345",
        ),
        answers.DestructionCertificate(
            **bare,
            certificate="KG-7Q4M-X2T9-D1",
            answered_on=ON,
            due_on=DESTROY_ON,
            destroyed_on=date(2027, 11, 26),
            papers=many(
                [
                    answers.Destroyed(
                        what=much("個人情報開示等申請書（原本）", "Application (original)"),
                        quantity=say("1部3枚", "1 (3 pages)"),
                        how=say("溶解処理（立会い）", "Pulped, with a witness"),
                    ),
                    answers.Destroyed(
                        what=say("申請書類の読取り画像", "Scans"),
                        quantity=say("4件", "4"),
                        how=say("暗号鍵の破棄による消去", "Erased by destroying their key"),
                    ),
                ]
            ),
            signers=(
                answers.Signer(
                    role=say("実施者", "Carried out by"),
                    name=much("佐藤 一郎", "Ichiro Sato", 1),
                    on=date(2027, 11, 26),
                ),
                answers.Signer(
                    role=say("立会者", "Witness"), name=say("鈴木 花子", "Hanako Suzuki"), on=date(2027, 11, 26)
                ),
            ),
        ),
        answers.ErasureCertificate(
            **closed,
            received_on=RECEIVED,
            erased_on=ON,
            unreadable_on=date(2026, 12, 2),
            erased=many(
                [
                    answers.Erased(
                        what=much("測定データ（8種類）", "Measurements (8 kinds)"),
                        how=say("データの削除と、暗号鍵の破棄", "Deleted, and their key destroyed"),
                    ),
                    answers.Erased(
                        what=say("Googleとの接続", "Connection to Google"),
                        how=say("許可の取消しと、削除", "Permission revoked, and deleted"),
                    ),
                ]
            ),
            kept=many(
                [
                    answers.Kept(
                        what=say("第三者提供の記録", "Records of provision"),
                        why=say(
                            "個人情報の保護に関する法律第29条",
                            "Act on the Protection of Personal Information, Article 29",
                        ),
                        until=date(2029, 10, 3),
                    ),
                    answers.Kept(
                        what=say("お手続きの記録（個人を特定しない形）", "Record of this request, naming nobody"),
                        why=say("消去したことを示すため", "To show that it was erased"),
                    ),
                ]
            ),
        ),
    ]
