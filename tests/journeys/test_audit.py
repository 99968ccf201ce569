"""The audit log of a town: sealed day by day as it is lived in, and whole."""

import asyncio
from datetime import timedelta

from shared.audit.verify import main
from shared.cloud.documents import Delete
from shared.cloud.stores import open_documents


async def test_what_happened_is_sealed_each_day_and_proven(town, capsys):
    hana = town.person("hana", days=2)
    await hana.link()
    await town.platform.advance(timedelta(days=2, hours=4))
    await hana.call("DELETE", "/consent")
    settings = town.platform.settings
    log = ["--documents", settings["DOCUMENTS"], "--project", settings["PROJECT"], "--anchors", settings["ANCHORS"]]
    assert await asyncio.to_thread(main, log) == 0
    assert "WHOLE" in capsys.readouterr().out
    # Once more: nothing is left to do.
    answer = await town.call("POST", "/audit_checkpoint", token=town.service_token("scheduler", "audit_checkpoint"))
    assert (answer.status, answer.json["days"], answer.json["finished"]) == (200, 0, True)
    documents = open_documents(settings["DOCUMENTS"], project=settings["PROJECT"])
    first = next(one for one in await entries(documents) if one.startswith("link."))
    await documents.commit([Delete(f"audit/{first}")])
    await documents.close()
    assert await asyncio.to_thread(main, log) == 1
    assert f"- {first}\n" in capsys.readouterr().out


async def entries(documents) -> list[str]:
    from shared.audit.store import every_entry

    return [one.id async for one in every_entry(documents)]
