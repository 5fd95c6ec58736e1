"""Files beyond the quota of stored bytes: received files wait, uploads are refused."""

from models import Account, Media, MediaState, Message, UploadedMedia
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.quotas import add_other_workspace, get_usage, set_quotas
from tests.fixtures.said import id_of
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.uploads import list_uploads, upload
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import PNG, SendFile, Settled
from whatsapp.workspaces.usage import measure_workspace


async def is_waiting(message: Message) -> bool:
    media = await Media.get(message.id)
    return media is not None and media.waits_for_storage and media.next_attempt_at is None


async def is_shown_waiting(viewer: GraphQLClient, message: Message) -> bool:
    query = """query ($id: ID!) { node(id: $id) { ... on Message { content {
      ... on MediaContent { waitsForStorage } } } } }"""
    shown: bool = (await viewer(query, id=id_of(message)))["node"]["content"]["waitsForStorage"]
    return shown


async def test_received_file_waits_until_quota_is_raised(
    admin: GraphQLClient, account: Account, send_file: SendFile, settled: Settled
) -> None:
    first = await settled(await send_file())
    await measure_workspace(DEFAULT_WORKSPACE_ID)
    await set_quotas(stored_bytes=len(PNG))

    async def find_waiting() -> Message | None:
        message = await send_file(caption="The text is stored.")
        return message if await eventually(lambda: is_handled(message)) == "waits" else None

    async def is_handled(message: Message) -> str | None:
        media = await Media.get(message.id)
        if media is not None and media.state is MediaState.STORED:
            return "stored"  # the quota is not known yet
        return "waits" if await is_waiting(message) else None

    message = await eventually(find_waiting)
    assert message is not None
    shown = await Message.get(message.id)
    media = await Media.get(message.id)
    assert first.state is MediaState.STORED
    assert shown is not None
    assert shown.media_state is MediaState.PENDING
    assert shown.content["caption"] == "The text is stored."
    assert media is not None
    assert media.attempts == 0
    assert await is_shown_waiting(admin, message)

    await set_quotas(stored_bytes=100 * len(PNG))

    assert (await settled(message)).state is MediaState.STORED
    assert not await is_shown_waiting(admin, message)


async def test_upload_beyond_quota_is_refused(
    admin: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await set_quotas(stored_bytes=1)

    async def find_refusal() -> list[dict[str, object]] | None:
        errors: list[dict[str, object]] = (await upload(admin, account))["userErrors"]
        return errors or None

    errors = await eventually(find_refusal)
    assert errors is not None
    count, passed_on = await UploadedMedia.find_all().count(), len(list_uploads(meta))
    again = await upload(admin, account)

    (error,) = errors
    assert error["code"] == "QUOTA_EXCEEDED"
    assert error["field"] == ["file"]
    assert again["upload"] is None
    assert await UploadedMedia.find_all().count() == count
    assert len(list_uploads(meta)) == passed_on


async def test_files_stored_since_the_measurement_count(
    admin: GraphQLClient, account: Account
) -> None:
    await measure_workspace(DEFAULT_WORKSPACE_ID)
    size = (await upload(admin, account))["upload"]["sizeBytes"]
    # What was stored before this process knew of a quota is found by the next measurement.
    await set_quotas(stored_bytes=size * 2)

    async def find_refusal() -> bool:
        return bool((await upload(admin, account))["userErrors"])

    await eventually(find_refusal)

    usage = await measure_workspace(DEFAULT_WORKSPACE_ID)
    assert size * 2 <= usage.stored_bytes <= size * 4


@with_timeouts(media_deadline_seconds=60.0)
async def test_downloads_at_once_are_limited_by_quota(
    meta: FakeMeta, account: Account, send_file: SendFile, settled: Settled
) -> None:
    await set_quotas(media_downloads=1)
    await settled(await send_file())  # until the process knows the quota
    silence = FaultRule(kind=FaultKind.TIMEOUT, endpoint="node", times=None, seconds=60.0)
    meta.faults.add(silence)
    files = [await send_file() for _ in range(3)]

    async def count_taken() -> int:
        return await Media.find({"fence": {"$gte": 1}, "state": "PENDING"}).count()

    async def is_taken() -> bool:
        return await count_taken() == 1

    await eventually(is_taken)
    assert await count_taken() == 1
    meta.faults.clear()

    assert [(await settled(file)).state for file in files] == [MediaState.STORED] * 3


@with_timeouts(usage_poll_seconds=0.2, usage_interval_seconds=0.5)
async def test_usage_is_measured_in_the_background(
    admin: GraphQLClient, account: Account, send_file: SendFile, settled: Settled
) -> None:
    other = await add_other_workspace()

    async def is_measured() -> bool:
        return await get_usage(other.id) is not None

    await eventually(is_measured)
    await settled(await send_file())
    uploaded = (await upload(admin, account))["upload"]

    async def has_all() -> bool:
        usage = await get_usage()
        return usage is not None and usage.stored_bytes == len(PNG) + uploaded["sizeBytes"]

    await eventually(has_all)
    usage, usage_of_other = await get_usage(), await get_usage(other.id)
    assert usage is not None
    assert (usage.messages, usage.contacts, usage.files) == (1, 1, 2)
    assert usage_of_other is not None
    assert (usage_of_other.messages, usage_of_other.stored_bytes) == (0, 0)

    await other.delete()

    async def is_forgotten() -> bool:
        return await get_usage(other.id) is None

    await eventually(is_forgotten)
