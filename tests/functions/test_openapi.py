"""openapi.yaml is held to the code: routes, callers, shapes, codes."""

import datetime as dt
import importlib
import json
import types
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from functions.erasure.main import Erase, Run
from functions.mail.main import Send
from functions.sync_user.main import Task
from shared import edge
from shared.audit.sealing import Sealed
from shared.connection.messages import Confirm, Return, Revoke, Start, Sync
from shared.connection.model import LinkState
from shared.connection.steps import Started
from shared.connection.view import ConnectionView, KindView
from shared.consent.asking import Asked, Pending
from shared.consent.family_acts import Relations, RelationView
from shared.consent.invitations import Invited
from shared.consent.messages import Accept, Decide, Invite, OnBehalf
from shared.consent.model import Decision, Giver, Method, Role, State
from shared.consent.view import CellView, Decided, EventView, History, RecipientView, Stands
from shared.disclosure import acts, agents, codes, evidence, identity, messages, view
from shared.disclosure import model as cases
from shared.disclosure.corrections import Correction, Holder, ProfileFix
from shared.disclosure.handing_acts import Fetch, Print
from shared.disclosure.package.model import Ground, Redaction
from shared.disclosure.proofs.model import SentLink, Use
from shared.disclosure.proofs.page import Follow, FollowWithCode
from shared.erasure.model import ErasureView, Progress
from shared.mail.tick import MailTally
from shared.measurement import model, summary
from shared.measurement.corrections import Does, PointFix
from shared.measurement.messages import Ask, Zone
from shared.measurement.rows import Coded, PointRow
from shared.measurement.service import PAGE_ROWS, DaySummaries, PointsPage
from shared.policy.model import NoticeRef, RecipientType, Words
from shared.policy.view import NoticeView, PurposeView
from shared.problems import PROBLEMS
from shared.profile.messages import Give, GivenAddress, HeldFor, ProfileView
from shared.profile.model import Address, Profile
from shared.release.model import Ended, Form, MayRead, People, PersonView, ProvisionState
from shared.release.told import KnownAs, Provisions, ProvisionView
from shared.retention.model import Tally as RetentionTally
from shared.sync.dispatch import Tally
from shared.sync.model import Outcome
from shared.vocabulary import Kind, Language, Provider, Purpose
from tests.journeys.contract import Contract

CONTRACT = Contract()
ANY_DAY = dt.date(2026, 11, 23)
SCHEMAS = CONTRACT.document["components"]["schemas"]
FUNCTIONS = (
    "audit_checkpoint",
    "case_work",
    "connection",
    "consent",
    "disclosure",
    "erasure",
    "mail",
    "measurement",
    "oauth_callback",
    "oauth_start",
    "profile",
    "release",
    "retention",
    "sync_dispatch",
    "sync_user",
)
SHAPES: tuple[type, ...] = (
    *(Invite, Invited, Accept, RelationView, Relations),
    *(Start, Started, Confirm, Sync, Revoke, ConnectionView, KindView, LinkState),
    *(Asked, Decide, Decision, OnBehalf, Purpose, Kind, Provider, Language),
    *(Stands, CellView, RecipientView, RecipientType, Words, Pending, State),
    *(Decided, EventView, History, Giver, Role, Method, NoticeRef, NoticeView, PurposeView),
    *(Erase, ErasureView, Progress, Run),
    *(Give, GivenAddress, Address, Profile, HeldFor, ProfileView),
    *(Send, MailTally),
    *(MayRead, Ended, PersonView, People, Form, ProvisionState, ProvisionView, Provisions, KnownAs),
    *(Zone, PointRow, PointsPage, Coded, Task, Outcome, Tally, Sealed),
    *(summary.Spread, summary.Stages, summary.Sleep, summary.StepsDay, summary.HeartRateDay),
    *(summary.BloodGlucoseDay, summary.BloodPressureDay, summary.WeightDay, summary.BodyTemperatureDay),
    *(summary.OxygenSaturationDay, summary.SleepDay),
    *(messages.Begin, messages.Open, messages.OpenedAt, messages.Do, messages.FileRequest, messages.TakeBack),
    *(messages.Run, view.Row, view.CaseView, view.ItemView, view.Mine, view.MineItem, view.MineLetter),
    *(acts.Contact, acts.Wish, acts.Form, *messages.StaffAct.__args__),
    *(codes.Category, codes.Channel, codes.By, codes.RequestType, codes.Stage, codes.Step, codes.Outcome, codes.Way),
    *(codes.Ground, codes.Defect, cases.Scope, cases.Person, cases.Item, cases.Verdict, cases.Decision, cases.Proof),
    *(cases.Stamps, cases.Letter, cases.Scan, Ground, Redaction),
    *(evidence.Document, evidence.SignIn, evidence.MailLink, evidence.Match, evidence.Paper, evidence.Shown),
    *(SentLink, Use, cases.Job, Follow, FollowWithCode, Fetch, Print, RetentionTally),
    *(Correction, ProfileFix, PointFix, Does, Holder),
    *(identity.Way, agents.Agent, agents.AgentKind, agents.Mandate),
)
CALLED = {
    # those of which there is another of the same name
    messages.Run: "CaseTask",
    acts.Form: "PaperForm",
    acts.Decide: "DecideItem",
    cases.Decision: "ItemDecision",
    codes.Outcome: "ItemOutcome",
    codes.Ground: "RefusalGround",
    Ground: "RedactionGround",
    codes.Way: "AnswerWay",
    identity.Way: "ProofWay",
    Use: "LinkUse",
    RetentionTally: "RetentionTally",
}
NARROWER = {
    # strings in the code, and a closed list all the same
    ("Outcome", "outcome"): None,
    ("KindView", "last_error"): None,
    ("ConnectionView", "last_error"): None,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enough to build every function's routes; nothing is called."""
    from shared import config

    settings = {
        "DOCUMENTS": "sqlite:unused",
        "PUBLIC_URL": "http://127.0.0.1:1",
        "FIREBASE_PROJECT": "p",
        "SCHEDULER_ACCOUNT": "scheduler@p",
        "TASKS_ACCOUNT": "tasks@p",
        "GOOGLE_CLIENT_ID": "c",
        "APP_LINK": "https://app.example",
        "DEVELOPMENT": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()
    yield
    config.settings.cache_clear()


def modules() -> Iterator[tuple[str, types.ModuleType]]:
    for name in FUNCTIONS:
        yield name, importlib.import_module(f"functions.{name}.main")


def routes() -> dict[tuple[str, str], edge.Route]:
    """Every route of every function by (method, path below the platform's address)."""
    found = {}
    for name, module in modules():
        for route in module.routes():
            found[route.method, f"/{name}{route.pattern.rstrip('/')}"] = route
    return found


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): operation for method, path, operation in CONTRACT.operations()}


def test_it_is_a_valid_openapi_document():
    validate(json.loads(json.dumps(CONTRACT.document)))


def test_the_functions_are_those_there_are():
    from infra.manifest import load

    assert set(FUNCTIONS) == set(load().functions)


def test_the_routes_are_those_of_the_functions(environment):
    assert operations().keys() == routes().keys()


def test_each_route_names_its_caller(environment):
    callers = {"app_user": ["appUser"], "tasks": ["tasks"], "scheduler": ["scheduler"]}
    callers |= {"reader": ["appUser", "institution"], "member": ["staff"], "poster": ["staff"]}
    for where, route in routes().items():
        names = callers.get(route.caller.__name__, [])
        assert operations()[where]["security"] == [{name: []} for name in names], where
        assert names or route.caller is edge.anyone


def test_bodies_and_queries_are_the_types_the_routes_decode(environment):
    for where, route in routes().items():
        operation = operations()[where]
        body = operation.get("requestBody", {})
        assert bool(body) == (route.body is not None), where
        if ours_alone(operation):
            kind = "StaffFiles" if route.files else "StaffForm"
            assert route.body is None or body == {"$ref": f"#/components/requestBodies/{kind}"}, where
        elif route.body is not None:
            media = "application/x-www-form-urlencoded" if route.form else "application/json"
            assert body["content"][media]["schema"] == {"$ref": f"#/components/schemas/{name(route.body)}"}
            accepts_nothing = not any(field.required for field in msgspec.structs.fields(route.body))
            assert body.get("required", False) is not accepts_nothing, where
        asked = {p["name"]: p for p in map(CONTRACT.resolved, operation.get("parameters", [])) if p["in"] == "query"}
        fields = msgspec.structs.fields(route.query) if route.query else ()
        assert asked.keys() == {field.encode_name for field in fields}, where
        for field in fields:
            assert asked[field.encode_name].get("required", False) == field.required


def ours_alone(operation: dict[str, Any]) -> bool:
    """Whether it is a page of staff, whose forms are its own affair."""
    return bool(operation["tags"] == ["pages"])


def test_the_queries_enums_and_defaults_are_the_codes():
    asked = {p["name"]: p["schema"] for p in operations()["GET", "/measurement"]["parameters"] if "name" in p}
    assert asked["kind"] == {"$ref": "#/components/schemas/Kind"}
    assert asked["resolution"]["enum"] == ["day", "point"]
    assert asked["resolution"]["default"] == Ask(Kind.STEPS, ANY_DAY, ANY_DAY).resolution
    for parameter in operations()["GET", "/oauth_callback"]["parameters"]:
        if "name" in parameter:
            assert parameter["schema"]["default"] == getattr(Return(), parameter["name"])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: CALLED.get(shape, shape.__name__))
def test_a_schema_is_the_shape_of_its_type(shape: type):
    ours, theirs = SCHEMAS[name(shape)], schemas_of_types()[name(shape)]
    if "enum" in theirs:
        assert set(ours["enum"]) == set(theirs["enum"])
        return
    answered = not is_sent(shape)
    required = set(theirs["properties"]) - omitted(shape) if answered else set(theirs.get("required", ()))
    assert set(ours.get("required", ())) == required
    assert ours["properties"].keys() == theirs["properties"].keys()
    forbids = theirs.get("additionalProperties") is False
    assert (ours.get("additionalProperties") is False) == (forbids or answered)
    for member, schema in theirs["properties"].items():
        if (shape.__name__, member) not in NARROWER:
            assert plain(ours["properties"][member]) == plain(schema), member
            if not answered:
                assert bounds(ours["properties"][member]) == bounds(schema), member
            if not answered and member not in required:
                assert ours["properties"][member].get("default") == schema.get("default"), member


def bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """What a text has to be like, so far as the type says it."""
    return {name: schema[name] for name in ("minLength", "maxLength", "pattern") if name in schema}


def is_sent(shape: type) -> bool:
    """Whether it comes to us, rather than going out."""
    sent = (Start, Confirm, Sync, Revoke, Decide, Asked, OnBehalf, NoticeRef, Erase, Run, Zone, Task)
    at_desk = (messages.Begin, messages.Open, messages.Do, messages.FileRequest, messages.TakeBack, messages.Run)
    in_them = (acts.Contact, acts.Wish, acts.Form, cases.Scope, cases.Person, Redaction, agents.Agent, agents.Mandate)
    papers = (evidence.Document, evidence.SignIn, evidence.MailLink, evidence.Match)
    by_link = (Follow, FollowWithCode, Fetch, Print)
    known = (*by_link, *sent, *at_desk, *in_them, *papers, Invite, Accept, Give, GivenAddress, Send)
    return shape in known or issubclass(shape, acts.Act)


def omitted(shape: type) -> set[str]:
    """Members that are left out of an answer where they say nothing."""
    config = getattr(shape, "__struct_config__", None)
    if config is not None and config.omit_defaults:
        return {field.encode_name for field in msgspec.structs.fields(shape) if not field.required}
    return {"word"} if shape is Coded else {"salt"} if shape is PointsPage else set()


def name(shape: type) -> str:
    return CALLED.get(shape, shape.__name__)


@cache
def schemas_of_types() -> dict[str, dict[str, Any]]:
    """What msgspec says of every shape, under our names, also where they refer to each other."""
    _, components = msgspec.json.schema_components(SHAPES, ref_template="#/components/schemas/{name}")
    ours = {f"{shape.__module__}.{shape.__qualname__}": name(shape) for shape in SHAPES}
    ours |= {shape.__name__: name(shape) for shape in SHAPES if shape.__name__ in components}
    written = json.dumps({ours.get(theirs, theirs): schema for theirs, schema in components.items()})
    for theirs in components:
        written = written.replace(f'schemas/{theirs}"', f'schemas/{ours.get(theirs, theirs)}"')
    found: dict[str, dict[str, Any]] = json.loads(written)
    return found


def plain(schema: dict[str, Any]) -> Any:
    """What a schema says about types alone: alternatives as a set, references followed to what is plain."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        known = SCHEMAS.get(target, {})
        return plain(known) if known.get("type") in ("string", "integer") and "enum" not in known else f"-> {target}"
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return plain(schema["allOf"][0])
    if "anyOf" in schema:
        found = frozenset().union(*(alternatives(plain(part)) for part in schema["anyOf"]))
        return found - {("integer", "")} if ("number", "") in found else found  # every integer is a number
    if "const" in schema or "type" not in schema:
        return ("one of", frozenset([schema["const"]] if "const" in schema else schema["enum"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return frozenset(one_kind(kind, schema) for kind in kinds) if len(kinds) > 1 else one_kind(kinds[0], schema)


def alternatives(found: Any) -> frozenset[Any]:
    return found if isinstance(found, frozenset) else frozenset([found])


def one_kind(kind: str, schema: dict[str, Any]) -> Any:
    if kind == "array":
        return ("array", plain(schema["items"]))
    if kind == "object":
        return ("object", plain(schema["additionalProperties"]))
    # an offset, a unit of time, or a pattern narrows a string without changing what it is
    return (kind, "date" if kind == "string" and schema.get("format") == "date" else "")


def test_day_summaries_are_of_every_kind_and_no_other():
    listed = {one["$ref"].rpartition("/")[2] for one in SCHEMAS["DaySummaries"]["properties"]["days"]["items"]["oneOf"]}
    assert listed == {shape.__name__ for shape in summary.DaySummary.__args__}
    fields = {field.encode_name for field in msgspec.structs.fields(DaySummaries)}
    assert SCHEMAS["DaySummaries"]["properties"].keys() == fields == {*SCHEMAS["DaySummaries"]["required"], "salt"}


def test_the_names_of_values_are_those_of_the_fields():
    listed = SCHEMAS["PointRow"]["properties"]["values"]["propertyNames"]["enum"]
    assert set(listed) == {field.name for fields in model.FIELDS.values() for field in fields}
    assert SCHEMAS["PointsPage"]["properties"]["points"]["maxItems"] == PAGE_ROWS


def documented() -> Iterator[tuple[str, str]]:
    """(status, code) of every problem that some route, or any address, may answer."""
    for _, _, operation in CONTRACT.operations():
        for status, response in operation["responses"].items():
            yield from ((status, code) for code in CONTRACT.codes(response))
    everywhere = CONTRACT.document["components"]["responses"]
    yield from (("404", code) for code in CONTRACT.codes(everywhere["NoSuchRoute"]))
    yield from (("405", code) for code in CONTRACT.codes(everywhere["MethodNotAllowed"]))


def test_each_code_is_answered_with_its_status():
    for status, code in documented():
        queued = status == "503" and code in ("precondition_failed", "case_moved_on")  # the queue's word for "later"
        assert queued or PROBLEMS[code].status == int(status), code


def test_every_problem_is_told_somewhere_and_nothing_else_is():
    told = {code for _, code in documented()}
    told |= {"evidence_missing", "not_registered", "registration_invalid"}  # by the commands of staff alone
    told |= {"aws_refused", "aws_unavailable", "aws_unknown"}  # kept with what was being done, which is done again
    told |= {"anchor_differs", "anchors_refused", "anchors_unavailable", "audit_differs"}
    told |= {"mail_address_invalid", "mail_forgotten", "mail_too_large", "mail_unknown"}  # to staff
    told |= {"correction_invalid", "correction_unmatched", "too_many_corrections"}  # at the desk
    told |= {"glyph_missing", "paper_too_long", "paper_faulty", "redaction_unmatched"}  # of papers: kept with the job
    told |= {"power_missing", "auditor_acts", "one_manager", "self_change"}  # of the roster
    told |= {"not_staff", "posted_from_elsewhere", "power_missing"}  # by staff routes: pages, told to people alone
    told |= {"file_too_large", "form_unreadable", "too_many_files"}  # the same
    told |= set(SCHEMAS["ErrorCode"]["enum"]) | set(SCHEMAS["LinkResult"]["enum"]) - {"success"}
    assert told == PROBLEMS.keys()


def test_every_route_documents_what_can_happen_to_any_route_of_its_caller(environment):
    for where, route in routes().items():
        said = {code for r in operations()[where]["responses"].values() for code in CONTRACT.codes(r)}
        if route.fault_told and "303" in operations()[where]["responses"]:  # a browser is sent on, with the code
            said |= set(SCHEMAS["LinkResult"]["enum"])
        expected = {"unexpected"}
        if route.caller is not edge.anyone:
            expected |= {"unauthenticated", "keys_unavailable", "store_unavailable"}
        if route.files:
            expected |= {"form_unreadable", "file_too_large", "too_many_files"}
        if route.body and not route.queue:
            expected |= {"body_invalid", "body_not_json", "body_too_large"}
        if route.query:
            expected |= {"query_invalid"}
        assert expected <= said, where
        if route.queue:  # what can never succeed is acknowledged
            statuses = {s for s, r in operations()[where]["responses"].items() if CONTRACT.codes(r)}
            assert statuses <= {"401", "429", "500", "502", "503"}
