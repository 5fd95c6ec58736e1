"""Any order, repetition and split of a set of webhooks ends in equal documents."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models import Account, ParkedItem
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message, make_status
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import create_sent, empty_database, list_differences, take_snapshot

AT = 1_750_000_000
SENDERS = ("16505550101", "16505550102", "5511987654321")
Kinded = tuple[str, dict[str, Any]]

wamids = st.sampled_from([f"wamid.{number}" for number in range(4)])
senders = st.sampled_from(SENDERS)


@st.composite
def draw_items(draw: st.DrawFn) -> list[Kinded]:
    """Draws messages and their updates, with distinct times.

    Only the author edits or deletes a message, as with WhatsApp.
    """
    writers = draw(st.lists(senders, min_size=1, max_size=4))
    said = [
        make_message(content={"body": f"said {number}"}, sender=sender, wamid=f"wamid.{number}")
        for number, sender in enumerate(writers)
    ]
    items: list[Kinded] = [("messages", message) for message in said]
    for number in range(draw(st.integers(1, 7))):
        target = draw(st.sampled_from(said))
        items.append(draw(_draw_change(target, f"wamid.change.{number}")))
    # Times do not follow the order in which they were drawn.
    times = draw(st.permutations(range(len(items))))
    return [
        (kind, item | {"timestamp": str(AT + time)})
        for (kind, item), time in zip(items, times, strict=True)
    ]


def _draw_change(target: dict[str, Any], wamid: str) -> st.SearchStrategy[Kinded]:
    writer, about = target["from"], {"original_message_id": target["id"]}
    bodies = st.sampled_from(["better", "best"])
    edits = bodies.map(
        lambda body: make_message(
            "edit",
            about | {"message": {"type": "text", "text": {"body": body}}},
            sender=writer,
            wamid=wamid,
        )
    )
    reactions = st.builds(
        lambda emoji, sender, sent: make_message(
            "reaction",
            {"message_id": "wamid.SENT" if sent else target["id"], "emoji": emoji},
            sender=sender,
            wamid=wamid,
        ),
        st.sampled_from(["👍", "🎉", ""]),
        senders,
        st.booleans(),
    )
    revokes = st.builds(make_message, st.just("revoke"), st.just(about), sender=st.just(writer))
    names = st.sampled_from(["sent", "delivered", "read", "played", "failed", "deleted"])
    statuses = names.map(lambda name: make_status(name, at=0, id="wamid.SENT"))
    amendments = st.one_of(edits, reactions, revokes.map(lambda one: one | {"id": wamid}))
    return st.one_of(
        amendments.map(lambda one: ("messages", one)), statuses.map(lambda one: ("statuses", one))
    )


@st.composite
def draw_posts(draw: st.DrawFn, items: Sequence[Kinded]) -> list[dict[str, Any]]:
    """Bodies that hold each item once or more, in any order, split anywhere."""
    repeated = draw(st.lists(st.sampled_from(items), max_size=3))
    ordered = draw(st.permutations([*items, *repeated]))
    bodies: list[dict[str, Any]] = []
    while ordered:
        size = draw(st.integers(1, len(ordered)))
        some, ordered = ordered[:size], ordered[size:]
        changes = [make_change(NUMBER, **{kind: [item]}) for kind, item in some]
        bodies.append(make_body(NUMBER, *changes))
    return bodies


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes, and the difference is short
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_any_arrangement_of_webhooks_gives_equal_documents(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    data: st.DataObject,
) -> None:
    items = data.draw(draw_items())
    in_order = sorted(items, key=lambda one: one[1]["timestamp"])
    plain = [make_body(NUMBER, make_change(NUMBER, **{kind: [one]})) for kind, one in in_order]
    arrangements = [plain, data.draw(draw_posts(items)), data.draw(draw_posts(items))]

    snapshots = []
    for bodies in arrangements:
        await empty_database()
        await create_sent(account, SENDERS[0])
        for body in bodies:
            assert (await webhook.post(body)).status_code == 200
        await settle()
        snapshots.append(await take_snapshot(admin))

    for snapshot in snapshots[1:]:
        assert list_differences(snapshots[0], snapshot) == []
    assert await ParkedItem.count() == 0
