"""Builds of indexes, which may take longer than any other command."""

from pathlib import Path

from beanie import init_beanie

from models import DOCUMENTS, Contact, ContactMerge
from models.connection import create_client
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id
from models.indexes import list_missing_indexes
from tests.fixtures.replica_set import FailingMongod

BUILD_MILLISECONDS = 2000


async def test_index_build_outlasts_operation_deadline(tmp_path: Path) -> None:
    with FailingMongod(tmp_path) as mongod:
        async with create_client(mongod.uri, operation_seconds=1.0) as client:
            database = client["wagraph"]
            await init_beanie(database=database, document_models=DOCUMENTS, skip_indexes=True)
            index = next(
                index for index in await list_missing_indexes() if index.document_class is Contact
            )
            mongod.set_fail_point(
                "failCommand",
                {"times": 1},
                failCommands=["createIndexes"],
                blockConnection=True,
                blockTimeMS=BUILD_MILLISECONDS,
            )

            await index.build()

            assert (
                index.name.removeprefix("contacts.")
                in await database["contacts"].index_information()
            )


async def test_merge_is_found_by_conversation_in_index(database: object) -> None:
    """Any id of a conversation that does not exist is looked up there."""
    await ContactMerge(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=new_id(),
        into_id=new_id(),
        conversation_id=new_id(),
    ).insert()

    plan = await collection(ContactMerge).find({"conversation_id": new_id()}).explain()

    assert "'indexName': 'of_conversation'" in str(plan["queryPlanner"]["winningPlan"])
