"""Tells the deployment which indexes the store needs: `python -m infra.indexes` writes infra/tofu/indexes.json.

The list itself is shared/cloud/indexes.py; a test fails when the file no longer says the same.
"""

import json

from infra.manifest import ROOT
from shared.cloud.indexes import COMPOSITES, SINGLES

TARGET = ROOT / "infra" / "tofu" / "indexes.json"


def listed() -> str:
    """The indexes as the deployment reads them."""
    composites = [
        {
            "collection": index.collection,
            "group": index.group,
            "fields": [
                {"field": field.removeprefix("-"), "descending": field.startswith("-")} for field in index.fields
            ],
        }
        for index in COMPOSITES
    ]
    singles = [
        {"collection": index.collection, "field": index.field, "within": index.within, "across": index.across}
        for index in SINGLES
    ]
    return json.dumps({"composites": composites, "singles": singles}, indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(listed(), encoding="utf-8")
