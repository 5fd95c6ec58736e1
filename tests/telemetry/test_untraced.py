"""Traces that are off leave nothing in the database."""

from models import Account, Message
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message

SEND = """mutation ($account: ID!) {
  sendMessage(input: {
    accountId: $account, to: { phoneNumber: "+16505551234" }, content: { text: { body: "Hi" } }
  }) { message { id } userErrors { code } } }"""


async def test_messages_have_no_traceparent(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    await webhook.post_messages(make_message(sender="16505551234"))
    await eventually(lambda: collection(Message).find_one({}))
    answer = await admin(SEND, account=id_of(account))

    assert answer["sendMessage"]["userErrors"] == []
    assert await collection(Message).count_documents({}) == 2
    assert await collection(Message).count_documents({"traceparent": {"$exists": True}}) == 0
    assert {message.traceparent async for message in Message.find_all()} == {None}
