"""Reads what the google provider accepts out of generated bindings: `python -m infra.provider_schema WHEEL`.

The wheel of cdktn-provider-google (PyPI, MPL-2.0) carries a typed description of the whole provider. From it come, for
the resources named here and no others, the attributes, their types and uses, the nested blocks, and the values of
closed lists. The result, infra/tofu/provider_schema.json, is kept, so that checking needs neither wheel nor network.

What the description does not tell: patterns, conflicts, and which repeated blocks are sets (all are taken for lists).
"""

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.manifest import ROOT

TARGET = ROOT / "infra" / "tofu" / "provider_schema.json"

RESOURCES = (
    "cloud_run_v2_service_iam_member",
    "cloud_scheduler_job",
    "cloud_tasks_queue",
    "cloud_tasks_queue_iam_member",
    "cloudfunctions2_function",
    "firebaserules_release",
    "firebaserules_ruleset",
    "firestore_backup_schedule",
    "firestore_database",
    "firestore_field",
    "firestore_index",
    "logging_metric",
    "logging_project_exclusion",
    "monitoring_alert_policy",
    "project_iam_member",
    "project_service",
    "secret_manager_secret",
    "secret_manager_secret_iam_member",
    "service_account",
    "service_account_iam_member",
    "storage_bucket",
    "storage_bucket_object",
)

PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
Types = dict[str, Any]


def extract(types: Types, wanted: Sequence[str] = RESOURCES) -> dict[str, Any]:
    """The schema of the provider and of the resources `wanted`, from the description's types by full name."""
    named = {kind["name"]: kind for kind in types.values()}
    resources = {f"google_{name}": _resource(types, named, name) for name in wanted}
    provider = _block(types, named["GoogleProviderConfig"])
    for name in [name for name in provider["attributes"] if name.endswith("_custom_endpoint")]:
        del provider["attributes"][name]  # one per Google service, and none of ours
    return {"provider": provider, "resources": resources}


def _resource(types: Types, named: Types, resource: str) -> dict[str, Any]:
    link = f"/docs/resources/{resource}#"
    config = next(
        kind
        for kind in types.values()
        if kind["kind"] == "interface" and kind["name"].endswith("Config") and _links_itself(kind, link)
    )
    block = _block(types, config)
    return _with_outputs(types, block, named[config["name"].removesuffix("Config")])


def _links_itself(kind: dict[str, Any], link: str) -> bool:
    """Whether the attributes' documentation is that of the resource at `link`, and the type is the whole of it."""
    bases = kind.get("interfaces", [])
    return "cdktn.TerraformMetaArguments" in bases and any(
        link in prop.get("docs", {}).get("remarks", "") for prop in kind.get("properties", [])
    )


def _block(types: Types, struct: dict[str, Any]) -> dict[str, Any]:
    """What may be written in a block: its attributes, and the blocks within."""
    block: dict[str, Any] = {"attributes": {}, "blocks": {}}
    for prop in struct.get("properties", []):
        name, optional = _snake(prop), prop.get("optional", False)
        inner, repeated = _struct(types, prop["type"])
        if inner is None:
            block["attributes"][name] = _attribute(prop, optional=optional)
            continue
        nested = _block(types, inner)
        timeouts = name == "timeouts"
        nested |= {
            "nesting": "single" if timeouts else "list",
            "min": 0 if optional else 1,
            "max": 0 if repeated or timeouts else 1,
        }
        block["blocks"][name] = nested
    return block


def _attribute(prop: dict[str, Any], *, optional: bool) -> dict[str, Any]:
    # Most optional attributes get a value from the provider when none is written; the core must allow for that.
    attribute: dict[str, Any] = {
        "type": _plain(prop["type"]),
        "use": "optional_computed" if optional else "required",
    }
    docs = prop.get("docs", {})
    listed = re.search(r"Possible values: (\[[^\]]*\])", f"{docs.get('summary', '')} {docs.get('remarks', '')}")
    if listed and attribute["type"] == "string":
        attribute["one_of"] = json.loads(listed[1].replace("\n", " "))
    return attribute


def _with_outputs(types: Types, block: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """Add what only the provider decides: properties of the made object that nobody may write."""
    for prop in made.get("properties", []):
        name = _underscored(prop["name"])
        if prop.get("static") or name.endswith("_input") or name in {*block["attributes"], "fqn", "internal_value"}:
            continue
        fqn = prop["type"].get("fqn", "")
        if name in block["blocks"]:
            reference = types.get(re.sub(r"List$", "OutputReference", fqn))
            if reference:
                _with_outputs(types, block["blocks"][name], reference)
        elif not fqn or fqn.startswith("cdktn."):
            kind = "dynamic" if fqn else _plain(prop["type"])
            block["attributes"][name] = {"type": kind, "use": "computed"}
    return block


def _struct(types: Types, given: dict[str, Any]) -> tuple[dict[str, Any] | None, bool]:
    """The structure that `given` is, or is a list of; and whether it may be given many times."""
    for option in given.get("union", {}).get("types", [given]):
        element = option.get("collection", {}).get("elementtype", option)
        found = types.get(element.get("fqn", ""))
        if found and found["kind"] == "interface":
            return found, "collection" in option
    return None, False


def _plain(given: dict[str, Any]) -> Any:
    """A type as the protocol writes it: a word, or ["list", …] or ["map", …]."""
    for option in given.get("union", {}).get("types", [given]):
        if "primitive" in option:
            return PRIMITIVES[option["primitive"]]
        if "collection" in option:
            inner = _plain(option["collection"]["elementtype"])
            return [{"array": "list", "map": "map"}[option["collection"]["kind"]], inner]
    return "dynamic"


def _snake(prop: dict[str, Any]) -> str:
    """An attribute's own name, which its documentation's link ends with."""
    linked = re.search(r"#(\w+) [\w-]+#", prop.get("docs", {}).get("remarks", ""))
    return linked[1] if linked else _underscored(prop["name"])


def _underscored(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1]}", name).lower()


def main(wheel: str) -> None:
    """Read the wheel and write the schema."""
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(inner)), mode="r:gz") as bundle:
            member = bundle.extractfile("package/.jsii")
            if member is None:
                sys.exit("the wheel holds no description")
            described = json.load(member)
    version = re.search(
        r"/google/([\d.]+)/docs", json.dumps(described["types"]["@cdktn/provider-google.provider.GoogleProviderConfig"])
    )
    schema = {
        "source": f"{described['name']} {described['version']}, {described['license']}",
        "provider_version": version[1] if version else "unknown",
        **extract(described["types"]),
    }
    TARGET.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {len(schema['resources'])} resources of provider {schema['provider_version']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).as_posix())
