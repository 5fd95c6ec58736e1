"""Many new customers in a body: each gets a contact, a user and a conversation."""

from models import Account, Contact, Conversation, Message, ParkedItem, User
from models.database.base import DEFAULT_WORKSPACE_ID, collection, to_bson
from tests.fixtures.webhooks import WebhookClient, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle

OBJECT = "whatsapp_business_account"


async def test_new_customers_get_user_and_conversation(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    known = User(
        workspace_id=DEFAULT_WORKSPACE_ID, name="Ana", phone="+5511987654321", account_ids=[]
    )
    await collection(User).insert_one(to_bson(known))
    senders = [
        *(f"165055501{number:02}" for number in range(12)),
        # The user's number, and the other form of a number that it has.
        "5511987654321",
        "551187654321",
        "5491155550000",
        "541155550000",
    ]
    messages = [make_message(sender=sender, wamid=f"wamid.{sender}") for sender in senders]
    reaction = make_message(
        "reaction", {"message_id": "wamid.NONE", "emoji": "🎉"}, sender="16505550200"
    )
    changes = [make_change(NUMBER, messages=[one]) for one in (*messages, reaction)]

    for _ in range(2):
        body = {"object": OBJECT, "entry": [{"id": NUMBER.business_account_id, "changes": changes}]}
        assert (await webhook.post(body)).status_code == 200
        await settle()

    contacts = await Contact.find().to_list()
    conversations = await Conversation.find().to_list()
    stored = await Message.find().to_list()
    assert await ParkedItem.find().count() == 0
    # Two numbers came in two forms each; a contact with only a reaction gets no conversation.
    assert len(contacts) == 12 + 1 + 1 + 1
    assert {one.contact_id for one in conversations} == {
        one.id for one in contacts if one.wa_id != "16505550200"
    }
    assert sorted(str(one.wamid) for one in stored) == sorted(f"wamid.{one}" for one in senders)
    users = {one.id: one for one in await User.find().to_list()}
    assert len(users) == len(contacts)
    assert all(account.id in users[one.user_id].account_ids for one in contacts if one.user_id)
    assert all(one.user_id and one.search_keys for one in contacts)
    [brazilian] = [one for one in contacts if one.user_id == known.id]
    assert str(brazilian.wa_id) in {"5511987654321", "551187654321"}
