"""The offline check of the deployment finds what it is there to find."""

import json
import shutil
from pathlib import Path

import pytest

from infra import tofu_check
from infra.provider_schema import TARGET, extract
from infra.provider_stand_in import faults

CORE = tofu_check.at_hand() or (tofu_check.as_library() if (tofu_check.LIBRARY / ".installed").exists() else None)
needs_core = pytest.mark.skipif(CORE is None, reason="neither tofu nor terraform here; `make check-tofu` brings one")

SCHEMA = json.loads(TARGET.read_text(encoding="utf-8"))


def with_mistakes(folder: Path, *mistakes: tuple[str, str, str]) -> str:
    """What the check says of the deployment where these words stand in the place of those, in these files."""
    shutil.copytree(tofu_check.TOFU, folder / "tofu")
    for file, written, instead in mistakes:
        path = folder / "tofu" / file
        text = path.read_text(encoding="utf-8")
        assert written in text
        path.write_text(text.replace(written, instead), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        tofu_check.check(CORE or [], folder / "tofu", shown=1_000_000)
    return str(stopped.value)


@needs_core
@pytest.mark.parametrize(
    ("file", "written", "instead", "said"),
    [
        ("functions.tf", "available_memory ", "available_memry  ", "Unsupported argument"),
        ("functions.tf", '"ALLOW_INTERNAL_ONLY"', '"ALLOW_NOBODY_ATALL"', "is not one of"),
        ("main.tf", "    REGION                 = local.region\n", "", "Invalid index"),
    ],
)
def test_a_mistake_in_the_deployment_ends_its_check(tmp_path, file, written, instead, said):
    assert said in with_mistakes(tmp_path, (file, written, instead))


BROKEN_RULES = {
    "not reachable from outside": ("functions.tf", '"ALLOW_INTERNAL_ONLY"', '"ALLOW_ALL"'),
    "may read its keys, and write none": ("main.tf", "contains(try(f.reads_only, []), d)", "false"),
    "The rules allow nothing": ("firestore.rules", "if false", "if request.auth != null"),
    "the name that Firestore looks for": (
        "firestore.tf",
        '"cloud.firestore/${each.value.name}"',
        '"cloud.firestore"',
    ),
    "and of nothing else": ("logs.tf", '"browser"', '"app_user"'),
    "no line of ours": ("logs.tf", "run.googleapis.com/requests", "run.googleapis.com/stderr"),
}
"""Mistakes that keep nothing from being deployed, by what the rule says that each of them breaks."""


@needs_core
def test_every_rule_of_the_deployment_that_is_broken_is_told(tmp_path):
    told = with_mistakes(tmp_path, *BROKEN_RULES.values())
    assert [said for said in BROKEN_RULES if said not in told] == []
    assert told.count("Error: Test assertion failed") == told.count("Error: ") == len(BROKEN_RULES), "and no other"


def test_the_stand_in_refuses_values_outside_a_list_and_values_only_the_provider_decides():
    block = SCHEMA["resources"]["google_cloudfunctions2_function"]
    config = {"url": "x", "service_config": [{"ingress_settings": "ALLOW_NOBODY"}]}
    found = list(faults(block, config, "f"))
    assert len(found) == 2
    assert any("f.url" in fault for fault in found)
    assert any("f.service_config.ingress_settings" in fault for fault in found)
    assert list(faults(block, {"name": "x", "service_config": [{"ingress_settings": "ALLOW_ALL"}]}, "f")) == []


def test_the_schema_tells_what_is_required_nested_and_decided_by_the_provider():
    function = SCHEMA["resources"]["google_cloudfunctions2_function"]
    assert function["attributes"]["location"] == {"type": "string", "use": "required"}
    assert function["attributes"]["url"]["use"] == "computed"
    service = function["blocks"]["service_config"]
    assert (service["max"], service["blocks"]["secret_environment_variables"]["max"]) == (1, 0)
    assert service["attributes"]["environment_variables"]["type"] == ["map", "string"]


def test_a_schema_is_read_out_of_a_description_of_bindings():
    docs = {"remarks": "{@link https://x/docs/resources/thing#max_size Thing#max_size}"}
    types = {
        "p.ThingConfig": {
            "kind": "interface",
            "name": "ThingConfig",
            "interfaces": ["cdktn.TerraformMetaArguments"],
            "properties": [
                {"name": "maxSize", "type": {"primitive": "number"}, "docs": docs},
                {"name": "rules", "optional": True, "type": {"collection": {"elementtype": {"fqn": "p.Rule"}}}},
            ],
        },
        "p.Rule": {
            "kind": "interface",
            "name": "Rule",
            "properties": [
                {
                    "name": "mode",
                    "optional": True,
                    "type": {"primitive": "string"},
                    "docs": {"summary": 'How. Possible values: ["A", "B"]'},
                }
            ],
        },
        "p.Thing": {
            "kind": "class",
            "name": "Thing",
            "properties": [{"name": "selfLink", "type": {"primitive": "string"}}],
        },
        "p.GoogleProviderConfig": {"kind": "interface", "name": "GoogleProviderConfig", "properties": []},
    }
    thing = extract(types, ("thing",))["resources"]["google_thing"]
    assert thing["attributes"] == {
        "max_size": {"type": "number", "use": "required"},
        "self_link": {"type": "string", "use": "computed"},
    }
    assert thing["blocks"]["rules"]["attributes"]["mode"]["one_of"] == ["A", "B"]
    assert (thing["blocks"]["rules"]["min"], thing["blocks"]["rules"]["max"]) == (0, 0)
