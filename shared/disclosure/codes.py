"""The closed lists that cases speak in: where they stand, what is asked for, what comes of it."""

from enum import StrEnum


class Category(StrEnum):
    """In what relation to the operator the data subject stands (the policy's table of purposes)."""

    CUSTOMER = "customer"
    PARTNER = "partner"
    APPLICANT = "applicant"
    EMPLOYEE = "employee"
    INQUIRER = "inquirer"
    ENTRUSTED = "entrusted"
    """Whose data the operator holds for somebody else, who then answers."""
    CAMERA = "camera"
    OTHER = "other"


class RequestType(StrEnum):
    """What is asked for: the seven of the law, and complaints."""

    PURPOSE = "purpose_notice"
    """利用目的の通知 (個人情報保護法 art. 32(2))."""
    DISCLOSE = "disclosure"
    """開示 (art. 33(1))."""
    RECORD = "provision_records"
    """第三者提供記録の開示 (art. 33(5))."""
    CORRECT = "correction"
    """訂正・追加・削除 (art. 34)."""
    CEASE = "cease_use"
    """利用停止 (art. 35(1), (5))."""
    ERASE = "erasure"
    """消去 (art. 35(1), (5))."""
    STOP = "stop_provision"
    """第三者提供の停止 (art. 35(3), (5))."""
    COMPLAINT = "complaint"
    """苦情 (art. 40)."""


HANDS_OUT = frozenset({RequestType.DISCLOSE, RequestType.RECORD})
"""What hands data out, for which two people must have approved."""
TELLS = HANDS_OUT | {RequestType.PURPOSE}
"""Whose answer tells of the person's data, and reaches an agent only while they may act."""
FREEZES = frozenset({RequestType.CEASE, RequestType.ERASE, RequestType.STOP})
"""What is provisionally followed from the moment the person's identity is proven."""


class Channel(StrEnum):
    """How somebody got in touch."""

    PHONE = "phone"
    MAIL = "mail"
    FAX = "fax"
    POST = "post"
    COUNTER = "counter"
    APP = "app"


class By(StrEnum):
    """Who makes the request."""

    SELF = "self"
    STATUTORY = "statutory_agent"
    """A parent or guardian."""
    DELEGATED = "delegated_agent"
    """With 委任状 and 印鑑証明."""


class Stage(StrEnum):
    """Where a case stands."""

    CONTACTED = "contacted"
    FORM_SENT = "form_sent"
    RECEIVED = "received"
    DEFECT = "defect"
    VERIFYING = "verifying"
    HANDLING = "handling"
    """The person's identity is proven; each item goes its own way."""
    ANSWERED = "answered"
    LAPSED = "lapsed"
    UNVERIFIED = "unverified"
    WITHDRAWN = "withdrawn"
    REFERRED = "referred"
    RETAINED = "retained"
    """Over. Its papers wait for the day of their destruction."""
    DESTROYED = "destroyed"


CLOSED = frozenset({Stage.ANSWERED, Stage.LAPSED, Stage.UNVERIFIED, Stage.WITHDRAWN, Stage.REFERRED})
"""Over, with an answer date, by which its papers are kept and destroyed."""
OVER = CLOSED | {Stage.RETAINED, Stage.DESTROYED}


class Step(StrEnum):
    """Where an item stands, once its case is handled."""

    WAITING = "waiting"
    """The case is not that far."""
    SCOPING = "scoping"
    COLLECTING = "collecting"
    COLLECTED = "collected"
    MYNUMBER_REVIEW = "mynumber_review"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    EXECUTING = "executing"
    NOTIFYING = "notifying"
    ANSWERED = "answered"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


FINISHED = frozenset({Step.ANSWERED, Step.REFERRED, Step.WITHDRAWN, Step.LAPSED})


class Outcome(StrEnum):
    """What was decided."""

    FULL = "full"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_EXIST = "not_exist"


class Ground(StrEnum):
    """Why something is not done in full. `GROUNDS` says for which requests each may be given, by which article."""

    HARM = "harm"
    """生命、身体、財産その他の権利利益を害するおそれ."""
    HINDRANCE = "hindrance"
    """業務の適正な実施に著しい支障."""
    OTHER_LAW = "other_law"
    """他の法令違反."""
    PURPOSE_KNOWN = "purpose_known"
    """利用目的が明らか、または通知により権利利益を害するおそれ (art. 32(2), 21(4))."""
    NOT_UNTRUE = "not_untrue"
    """内容が事実でないとは認められない."""
    OPINION = "opinion"
    """評価・意見であり、事実に関する情報でない."""
    NO_VIOLATION = "no_violation"
    """違反・不要・漏えい・権利侵害のおそれのいずれにも当たらない."""
    SUBSTITUTE = "substitute"
    """多額の費用等により困難で、代わるべき措置をとる."""
    LAW_REQUIRES_KEEPING = "law_requires_keeping"
    MY_NUMBER = "my_number"
    """番号法により開示等できない."""


class Way(StrEnum):
    """How the person wants to be answered."""

    ELECTRONIC = "electronic"
    PAPER = "paper"


class Defect(StrEnum):
    """What an application may lack. A missing fee is none: it holds up its own items alone."""

    NAME = "name"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    REQUEST = "request"
    SCOPE = "scope"
    SIGNATURE = "signature"
    IDENTITY_PAPERS = "identity_papers"
    NUMBER_VISIBLE = "number_visible"
    """個人番号 or 保険者番号 can be read on an enclosure; a masked copy is asked for."""
    MANDATE = "mandate"
    SEAL_CERTIFICATE = "seal_certificate"
    STATUTORY_PAPERS = "statutory_papers"
    CORRECTION_GROUNDS = "correction_grounds"
