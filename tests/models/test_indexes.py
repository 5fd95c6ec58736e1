"""Builds of indexes, which may take longer than any other command."""

from pathlib import Path

from beanie import init_beanie

from models import DOCUMENTS, Contact
from models.connection import create_client
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
