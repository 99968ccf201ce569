"""What neither validation nor a provider that only pretends can tell of the deployment."""

import re

from infra.tofu_check import TOFU

RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
WITHOUT_API = {"google_project_service"}


def test_nothing_is_made_before_googles_services_are_switched_on():
    found = [match for file in sorted(TOFU.glob("*.tf")) for match in RESOURCE.findall(file.read_text())]
    assert len(found) > 20
    at_once = [
        f"{kind}.{name}"
        for kind, name, body in found
        if kind not in WITHOUT_API and not re.search(r"\bgoogle_\w+\.\w+", body)
    ]
    assert at_once == []


def test_services_that_only_the_deployment_itself_calls_are_switched_on_too():
    main = (TOFU / "main.tf").read_text()
    for service in ("cloudresourcemanager", "iam", "storage"):
        assert f'"{service}.googleapis.com",' in main
