"""Our documents in Firestore's messages, where the contract suite cannot look."""

import pytest
from google.cloud.firestore_v1.types import CommitRequest
from google.protobuf.timestamp_pb2 import Timestamp

from shared.cloud.documents import Delete, Expect, Put
from shared.cloud.firestore_messages import commit_request, version_of

DATABASE = "projects/p/databases/(default)"


@pytest.mark.parametrize("nanos", [0, 1, 123_456_789, 123_456_000, 999_999_999])
def test_a_version_is_the_moment_of_change_to_the_nanosecond(nanos):
    moment = Timestamp(seconds=1_795_409_705, nanos=nanos)
    for write in (Put("users/u1", {}, version_of(moment)), Delete("users/u1", version_of(moment))):
        request = CommitRequest.pb(commit_request(DATABASE, [write]))
        assert request.writes[0].current_document.update_time == moment


def test_expectations_become_preconditions_and_nothing_else_does():
    request = CommitRequest.pb(
        commit_request(DATABASE, [Put("users/u1", {"n": 1}), Put("users/u2", {}, Expect.ABSENT), Delete("users/u3")])
    )
    assert [w.HasField("current_document") for w in request.writes] == [False, True, False]
    assert request.writes[1].current_document.WhichOneof("condition_type") == "exists"
    assert not request.writes[1].current_document.exists
    assert request.writes[0].update.name == f"{DATABASE}/documents/users/u1"
    assert not request.writes[0].HasField("update_mask")  # without a mask the whole document is replaced
    assert request.writes[2].delete == f"{DATABASE}/documents/users/u3"


def test_a_deleted_document_has_no_version():
    assert version_of(Timestamp()) == ""
