"""The table of spans in the operator's guide: complete, and true."""

import re
from pathlib import Path

from graph.fanout.groups import Groups
from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.files import JPEG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.uploads import upload
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER
from tests.graph.live_kit import wait_for_listeners
from tests.graph.socket_kit import open_socket
from tests.telemetry.traces.span_kit import Spans, get_attributes
from whatsapp.auth.api_keys import create_api_key

GUIDE = Path(__file__).parents[3] / "docs" / "operate.md"
PLACEHOLDERS = {
    "METHOD route": r"(GET|POST) /(graphql|webhooks)\S*",
    "Type.field": r"[A-Z]\w+\.\w+",
    "command collection": r"[a-z]\w+( [a-z_.]+)?",
    "METHOD /version/path": r"(GET|POST|DELETE) /v\d+\.\d\S*",
}
ADDED = "subscription { messageAdded { message { text conversation { contact { name } } } } }"
SEND = """mutation Send($account: ID!) {
  sendMessage(input: {
    accountId: $account, to: { phoneNumber: "+16505551234" }, content: { text: { body: "Hi" } }
  }) { message { id } userErrors { code } } }"""
INBOX = "{ conversations(first: 5) { edges { node { contact { name } unreadCount } } } }"


def read_table() -> list[tuple[str, set[str]]]:
    """Returns a pattern and the attributes of each span, names without placeholders first."""
    section = GUIDE.read_text().partition("| span | attributes |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?`) \| (`.*?`) \| ", section, re.MULTILINE)
    table = [
        (PLACEHOLDERS.get(name, re.escape(name)), set(re.findall(r"`(.*?)`", attributes)))
        for names, attributes in rows
        for name in re.findall(r"`(.*?)`", names)
    ]
    # A pattern of commands fits other names too.
    return sorted(table, key=lambda row: row[0] in PLACEHOLDERS.values())


async def test_table_lists_all_spans(
    admin: GraphQLClient,
    webhook: WebhookClient,
    account: Account,
    spans: Spans,
    port: int,
    live_groups: Groups,
    meta: FakeMeta,
) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="live", role=Role.ADMIN)
    async with open_socket(port, token=token) as socket:
        await socket.subscribe(ADDED)
        await wait_for_listeners(live_groups, 1)
        file = meta.media.add(JPEG, phone_number_id=NUMBER.phone_number_id, mime_type="image/jpeg")
        image = {"id": file.id, "mime_type": "image/jpeg"}
        await webhook.post_messages(make_message("image", image, sender="16505551234"))
        await socket.take(1)
    await spans.wait_for("download media")
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026, endpoint="messages"))
    await admin(SEND, account=id_of(account))
    await spans.wait_for("send message")
    await upload(admin, account)
    for _ in range(2):
        await admin(INBOX)
    await admin.post("{ unknownField }")

    table = read_table()
    seen: dict[str, set[str]] = {pattern: set() for pattern, _ in table}
    for span in spans.all:
        pattern = next((each for each, _ in table if re.fullmatch(each, span.name)), None)
        assert pattern is not None, span.name
        seen[pattern] |= get_attributes(span).keys() | {"name"}
    for pattern, attributes in table:
        assert seen[pattern], pattern
        assert seen[pattern] - {"name"} <= attributes, pattern
