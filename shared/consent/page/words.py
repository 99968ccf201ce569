"""Everything the consent page says by itself, in both languages; the rest of its words stand in the notices."""

WORDS: dict[str, tuple[str, str]] = {
    # around everything
    "title": ("データの利用と同意", "Your data and your consent"),
    "nav": ("ページの切り替え", "Parts of this page"),
    "nav.cells": ("同意", "Consent"),
    "nav.history": ("履歴", "History"),
    "nav.notice": ("説明", "Notice"),
    "other_language": ("English", "日本語"),
    "back": ("戻る", "Back"),
    "ticket": (
        "この画面は{time}まで使えます。過ぎたときは、アプリからもう一度開いてください。",
        "This page can be used until {time}. After that, please open it again from the app.",
    ),
    "ending": (
        "この画面はまもなく使えなくなります。続けるには、上の「同意」「履歴」「説明」のどれかを押してください。",
        "This page is about to expire. To go on using it, press Consent, History or Notice above.",
    ),
    "failed": (
        "いま送信できませんでした。通信の状態を確かめて、もう一度お試しください。",
        "This could not be sent just now. Please check your connection and try again.",
    ),
    "contact": ("個人情報の取扱いについてのお問合せ", "Questions about your personal data"),
    "complaints": ("苦情の解決の申し出先（認定個人情報保護団体）", "Complaints (accredited organization)"),
    "tel": ("電話", "Telephone"),
    "hours": ("受付時間", "Hours"),
    # where things stand
    "sees.none": ("いま、あなたの測定値を見られる相手はありません。", "Nobody can see your measurements at present."),
    "sees.some": ("いま、あなたの測定値を見られる相手", "Who can see your measurements now"),
    "sees.frozen": (
        "現在、あなたのデータの取扱いはすべて停止されています。下の設定にかかわらず、どこにも提供されません。",
        "All handling of your data is suspended at present. Whatever is set below, nothing is provided to anybody.",
    ),
    "under": (
        "ここで同意すると、{date}版の説明への同意として記録されます。",
        "Whatever you consent to here is recorded under the notice of {date}.",
    ),
    "under.read": ("説明を読む", "Read the notice"),
    "free": (
        "同意はいつでも、同じ手数でやめられます。同意しなくても、ほかの機能はそのまま使えます。",
        "You can stop at any time, just as easily. Without your consent, every other function stays as it is.",
    ),
    "retention": ("保存期間：{words}", "Kept: {words}"),
    "lasts": ("同意は{days}日で自動的に終わります", "Ends by itself after {days} days"),
    "count": ("{most}種類のうち{on}種類に同意中：{kinds}", "{on} of {most} kinds: {kinds}"),
    "count.asked": ("返事を待っているもの：{kinds}", "Waiting for an answer: {kinds}"),
    "count.none": ("同意しているものはありません", "Nothing is consented to"),
    "nobody.institution": (
        "医療機関はまだ選ばれていません。アプリで医療機関を選ぶと、ここで種類ごとに決められます。",
        "You have not chosen an institution yet. Once you choose one in the app, you can decide here for each kind.",
    ),
    "nobody.relative": (
        "見守る家族はまだいません。アプリから招待すると、ここで種類ごとに決められます。",
        "Nobody watches over you yet. Once you invite somebody in the app, you can decide here for each kind.",
    ),
    "recipient.unknown": ("登録されていない提供先", "A recipient that is registered no more"),
    "recipient.inactive": (
        "この提供先には、いまは何も提供されません。新しく同意することもできません。",
        "Nothing is provided to this recipient at present, and nothing new can be consented to.",
    ),
    "relative.invited": ("{date}に招待しました", "Invited on {date}"),
    "relative.watches": ("{date}から見守っています", "Watching since {date}"),
    "invitation.open": (
        "まだ招待に応じていないため、何も見られません。返事の期限は{date}です。",
        "They have not accepted yet and can see nothing. The invitation can be accepted until {date}.",
    ),
    "invitation.over": (
        "招待の期限（{date}）が過ぎたため、何も見られません。アプリからもう一度招待できます。",
        "The invitation ran out on {date}; they can see nothing. You can invite them again in the app.",
    ),
    "purpose.gone": (
        "この使い道は、いまの説明にはありません。新しく同意することはできません。",
        "This purpose is not in the present notice. Nothing new can be consented to.",
    ),
    # one cell
    "state.none": ("まだ決めていません", "Not decided yet"),
    "state.requested": ("相手の返事を待っています", "Waiting for an answer"),
    "state.given": ("同意しています", "You consent"),
    "state.reconfirmed": ("同意しています", "You consent"),
    "state.kept": ("同意しています", "You consent"),
    "state.refused": ("同意していません", "You do not consent"),
    "state.withdrawn": ("同意をやめました", "You stopped"),
    "state.expired": ("期限が切れました", "Ended by time"),
    "state.invalidated": ("終わりました", "Ended"),
    "state.erasing": ("保存されたデータを消去しています", "What is stored is being erased"),
    "state.erased": ("保存されたデータを消去しました", "What was stored has been erased"),
    "since": ("{date}から", "since {date}"),
    "on_date": ("{date}", "{date}"),
    "until": ("{date}まで", "until {date}"),
    "cancel": ("取り消す", "Cancel"),
    "locked": ("いまは変更できません", "Cannot be changed at present"),
    "switch": ("{kind}を{recipient}に提供（{purpose}）", "{kind} for {recipient} ({purpose})"),
    "stop_card": ("{recipient}への提供をすべてやめる", "Stop everything for {recipient}"),
    "uninvite": ("{recipient}への招待を取り消す", "Cancel the invitation: {recipient}"),
    # what is pending
    "pending": ("確認していただきたいこと", "Please have a look"),
    "new_purpose": (
        "この使い道については、まだ決めていません。種類ごとに同意するか、断ることができます。",
        "You have not decided about this purpose yet. You can consent to each kind, or decline.",
    ),
    "new_purpose.do": ("この使い道を断る", "Decline this purpose"),
    "new_words": (
        (
            "{kinds}は前の版の説明（{date}版）で同意されています。以前の内容のまま有効ですが、"
            "いまの説明（{now}版）を読んで、あらためて決めることもできます。"
        ),
        (
            "{kinds}: you consented under an earlier notice ({date}). That stays as it was; "
            "you can also read the present notice ({now}) and decide anew."
        ),
    ),
    "new_words.do": ("いまの説明で同意しなおす", "Consent under the present notice"),
    "new_words.leave": ("前の説明のままにする", "Leave it as it was"),
    "ends_soon": ("{kinds}への同意は{date}に終わります。", "{kinds}: your consent ends on {date}."),
    "ends_soon.do": ("同意を続ける", "Keep consenting"),
    "expired": ("{kinds}への同意は{date}に期限が切れました。", "{kinds}: your consent ended on {date}."),
    "expired.do": ("もう一度同意する", "Consent again"),
    "authority_ended": (
        "{kinds}への同意は、代わりに決めた方の権限が{date}に終わったため、効力がなくなりました。",
        "{kinds}: this consent ended on {date}, with the authority of whoever gave it for you.",
    ),
    "authority_ended.do": ("自分で同意する", "Consent yourself"),
    # purposes that need no consent
    "others": ("同意によらない取扱い", "What is done without asking for consent"),
    "basis.notice": ("お知らせのうえで", "On notice"),
    "basis.contract": ("契約にもとづく", "By contract"),
    "basis.law": ("法律にもとづく", "By law"),
    "others.touch": ("測定値も対象になります", "Measurements are included"),
    "others.never": ("測定値は使いません", "Measurements are never used"),
    # stop everything
    "stop": ("すべてやめる", "Stop everything"),
    "stop.title": ("すべての同意をやめますか？", "Stop everything?"),
    "stop.what": (
        "次の提供先への提供と、Googleからの取得を、いますぐすべて終わらせます。",
        "This ends, at once, everything that is provided to these recipients, and fetching from Google.",
    ),
    "stop.sent": (
        "すでに送り終えたものを取り戻すことはできません。",
        "What has been sent already cannot be called back.",
    ),
    "stop.stored": (
        "保存されているデータは、これだけでは消えません。消去するかどうかは、このあと別にお尋ねします。",
        "What is stored is not erased by this. You are asked about that separately, afterwards.",
    ),
    "stop.do": ("すべてやめる", "Stop everything"),
    "stop.not": ("やめずに戻る", "Go back, stop nothing"),
    "stop.none": ("いま、有効な同意はありません。", "There is nothing to stop."),
    # erasing what is stored
    "erase.title": ("保存されているデータも消しますか？", "Erase what is stored as well?"),
    "erase.what": (
        "{kinds}：新しく取得されることはもうありませんが、これまでのデータは、まだ保存されているかもしれません。",
        "{kinds}: nothing new is fetched any more, but data from before may still be stored.",
    ),
    "erase.keep": ("残しておく場合は、何もする必要はありません。", "To keep it, you need not do anything."),
    "erase.choose": ("消去するデータを選ぶ", "Choose what to erase"),
    "erase.ask": ("どのデータを消しますか？", "What shall be erased?"),
    "erase.sure": (
        "押したデータは{hours}時間以内に消えます。消したデータは元に戻せません。",
        "What you press is erased within {hours} hours. Erasing cannot be undone.",
    ),
    "erase.do": ("消去する", "Erase"),
    "erase.one": ("{kind}を消去する", "Erase: {kind}"),
    "erase.all": ("上のデータをすべて消去する", "Erase all of the above"),
    "erase.everything": ("保存されたデータをすべて消去する", "Erase everything that is stored"),
    "erase.not": ("消さずに戻る", "Go back, erase nothing"),
    "erase.none": ("いま消去できるデータはありません。", "There is nothing to erase at present."),
    # what came of it
    "done.give": ("{kinds}を{recipient}に提供することに同意しました。", "You consented to: {kinds}, for {recipient}."),
    "done.withdraw": (
        "{kinds}の{recipient}への提供をやめました。",
        "Stopped: {kinds}, for {recipient}.",
    ),
    "done.leave": (
        "{recipient}について、{kinds}への同意は、前の説明のまま続きます。",
        "{recipient}: your consent to {kinds} goes on as it was.",
    ),
    "done.refuse": ("この使い道を断りました。", "You declined this purpose."),
    "done.erase": (
        "{kinds}の消去を始めました。{hours}時間以内に終わります。",
        "Erasing has begun: {kinds}. It is finished within {hours} hours.",
    ),
    "done.stop": ("すべての同意をやめました。", "Everything is stopped."),
    "already": ("すでにそのようになっています。", "That is how it stands already."),
    "stale": (
        (
            "この画面を開いたあとに、同意の状態が変わっています。いまの状態を表示しました。まだ何も変えていません。"
            "よろしければ、もう一度操作してください。"
        ),
        (
            "Your consents have changed since this page was opened. This is how they stand now; "
            "nothing has been changed yet. If you still want to, please press again."
        ),
    ),
    "notice_moved": (
        "説明が新しくなっています。新しい説明を読んでから、もう一度操作してください。まだ何も変えていません。",
        "There is a newer notice. Please read it, then press again. Nothing has been changed yet.",
    ),
    # history, receipts
    "history.title": ("これまでの決定", "What was decided"),
    "history.none": ("まだ何も記録されていません。", "Nothing is recorded yet."),
    "history.more": ("前の記録を見る", "Earlier entries"),
    "history.newest": ("新しい記録に戻る", "Back to the newest"),
    "receipt": ("控えを見る", "Receipt"),
    "receipt.of": ("{time}の控えを見る", "Receipt of {time}"),
    "receipt.title": ("同意の控え", "Receipt"),
    "receipt.number": ("控えの番号", "Receipt number"),
    "receipt.at": ("日時", "When"),
    "receipt.by": ("決めた人", "Decided by"),
    "receipt.how": ("方法", "How"),
    "receipt.language": ("表示言語", "Language shown"),
    "receipt.notice": ("説明の版", "Notice"),
    "receipt.sha256": ("説明の照合値（SHA-256）", "SHA-256 of the notice"),
    "receipt.controller": ("事業者", "Controller"),
    "receipt.what": ("決めたこと", "What was decided"),
    "receipt.hash": ("記録{number}の照合値", "Hash of entry {number}"),
    "receipt.withdraw": (
        "この画面かアプリで、いつでも、同じ手数でやめられます。",
        "Can be withdrawn at any time, on this page or in the app, just as easily.",
    ),
    "receipt.signed": ("署名つきの控え（JWS）", "Signed receipt (JWS)"),
    "receipt.proof": (
        "いつ何を決めたかの証拠です。ほかの場所にも保存しておくと、あとで示すことができます。",
        "Your proof of what was decided, and when. Kept in another place as well, it can be shown later.",
    ),
    "receipt.copy": ("コピーする", "Copy"),
    "receipt.copied": ("コピーしました", "Copied"),
    "receipt.save": ("ファイルに保存する", "Save as a file"),
    "receipt.unsigned": (
        "いまは署名できません。しばらくしてから、もう一度開いてください。",
        "It cannot be signed just now. Please open it again a little later.",
    ),
    "receipt.check": ("この控えが本物か確かめる方法", "How to check that it is genuine"),
    "receipt.check.how": (
        (
            "だれでも、当社に問い合わせずに確かめられます。控えを{file}として、公開鍵をkeys.jsonとして保存し、"
            "公開されているプログラムで次のように確かめます。"
        ),
        (
            "Anybody can check it without asking us. Save the receipt as {file} and the public keys as keys.json, "
            "then run our program:"
        ),
    ),
    "receipt.keys": ("公開鍵を保存する", "Save the public keys"),
    "receipt.unknown": ("この控えは見つかりません。", "There is no such receipt."),
    "everything": ("すべて", "Everything"),
    "event.requested": ("招待しました", "Invited"),
    "event.given": ("同意しました", "Consented"),
    "event.reconfirmed": ("あらためて同意しました", "Consented again"),
    "event.kept": ("前のままにしました", "Left as it was"),
    "event.refused": ("断りました", "Declined"),
    "event.withdrawn": ("やめました", "Stopped"),
    "event.expired": ("期限が切れました", "Ended by time"),
    "event.invalidated": ("終わりました", "Ended"),
    "event.erasing": ("消去を始めました", "Erasure begun"),
    "event.erased": ("消去しました", "Erased"),
    "event.frozen": ("取扱いを停止しました", "Handling suspended"),
    "event.thawed": ("取扱いを再開しました", "Handling resumed"),
    "role.self": ("ご本人", "Yourself"),
    "role.guardian": ("保護者など法定代理人", "Parent or other statutory agent"),
    "role.agent": ("代理人", "Agent"),
    "role.relative": ("見守る家族", "The relative"),
    "role.staff": ("担当者", "Staff"),
    "role.system": ("システム", "The system"),
    "method.link": ("Googleとの連携", "By connecting to Google"),
    "method.app": ("アプリ", "In the app"),
    "method.page": ("この画面", "On this page"),
    "method.invitation": ("招待", "By invitation"),
    "method.staff": ("担当者による登録", "Entered by staff"),
    "method.system": ("ほかの決定の結果", "Followed from another event"),
    "language.ja": ("日本語", "Japanese"),
    "language.en": ("英語", "English"),
    # the notice
    "notice.version": ("{date}版", "Notice of {date}"),
    "notice.now": ("いま有効な説明です。", "This is the notice in force."),
    "notice.then": ("いま有効な説明ではありません。", "This is not the notice in force."),
    "notice.versions": ("すべての版", "All versions"),
    "notice.sha256": ("照合値（SHA-256）", "SHA-256"),
    "notice.unknown": ("その版の説明はありません。", "There is no such version."),
    # instead of the page
    "fault.title": ("表示できません", "This page cannot be shown"),
    "fault.out": (
        "この画面を閉じて、アプリからもう一度開いてください。データや同意が失われることはありません。",
        "Close this page and open it again from the app. Nothing about your data or consents is lost.",
    ),
}
