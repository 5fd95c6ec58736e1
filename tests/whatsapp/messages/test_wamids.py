"""Messages are found by each of their wamids, without reading others of the account."""

from models import Account, Message
from models.database.base import collection
from tests.fixtures.said import write_message
from whatsapp.messages.wamids import match_wamids

OTHERS = 50


async def test_wamids_are_found_by_indexes(account: Account) -> None:
    messages = [await write_message(account, "16505551234", str(n)) for n in range(OTHERS)]
    sent_twice = {"$set": {"duplicate_wamids": ["wamid.second"]}}
    await collection(Message).update_one({"_id": messages[0].id}, sent_twice)
    wamids = ["wamid.second", messages[1].wamid or "", "wamid.unknown"]

    plan = await collection(Message).database.command(
        {
            "explain": {
                "find": collection(Message).name,
                "filter": match_wamids(account.id, wamids) | {"direction": "INBOUND"},
            },
            "verbosity": "executionStats",
        }
    )

    work = plan["executionStats"]
    assert (work["nReturned"], work["totalDocsExamined"]) == (2, 2)
