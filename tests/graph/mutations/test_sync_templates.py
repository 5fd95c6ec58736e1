"""Reading templates from WhatsApp: all pages, only news, nothing lost, by itself too."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from models import Account, HealthState, Template
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.fields import change_value, load_change, make_entry, post, reload
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.templates import add_template, get_template, sync
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.conftest import settle as settle  # noqa: PLC0414 - a fixture
from whatsapp.templates.sync import PAGE_SIZE

ORDER_SHIPPED = "1034765432109876"
BODY = {"type": "BODY", "text": "Hello"}


def count_lists(meta: FakeMeta) -> int:
    return len(meta.requests.find({"endpoint": "templates"}))


def change_template(meta: FakeMeta, name: str, **values: Any) -> None:
    shelf = meta.templates.templates
    meta.templates.templates = [
        dataclasses.replace(one, **values) if one.name == name else one for one in shelf
    ]


async def test_sync_stores_all_template_fields(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    done = await sync(agent, account)

    assert (done["created"], done["updated"], done["removed"]) == (
        len(meta.templates.templates),
        0,
        0,
    )
    assert done["account"]["templateSync"]["syncedAt"] is not None
    offer = await get_template("spring_offer")
    assert (offer.category, offer.status, offer.quality_score) == (
        "MARKETING",
        "APPROVED",
        "YELLOW",
    )
    assert offer.parameter_format == "NAMED"
    [at_meta] = [one for one in meta.templates.templates if one.name == "spring_offer"]
    assert offer.components == list(at_meta.components)
    rejected = await get_template("cheap_loans")
    assert (rejected.status, rejected.status_reason) == ("REJECTED", "ABUSIVE_CONTENT")


async def test_pages_are_read_by_cursor(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    template = meta.templates.templates[0]
    meta.templates.templates = [
        dataclasses.replace(template, id=str(number), name=f"page_{number}")
        for number in range(2 * PAGE_SIZE + 1)
    ]

    done = await sync(agent, account)

    total = len(meta.templates.templates)
    assert (done["created"], count_lists(meta)) == (total, 3)
    assert await Template.count() == total


async def test_second_sync_changes_nothing(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    hidden = {"synced_at"}
    before = [one.model_dump(exclude=hidden) for one in await Template.find().to_list()]

    done = await sync(agent, account)

    assert (done["created"], done["updated"], done["removed"]) == (0, 0, 0)
    assert [one.model_dump(exclude=hidden) for one in await Template.find().to_list()] == before


async def pass_a_second(account: Account) -> None:
    """As if the last sync had been a minute ago: Meta's clock has steps of a second."""
    earlier = utc_now() - timedelta(minutes=1)
    change = {"synced_at": earlier, "created_at": earlier}
    await collection(Template).update_many({"account_id": account.id}, {"$set": change})


async def test_changed_and_deleted_templates_are_counted(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    await sync(agent, account)
    await pass_a_second(account)
    change_template(meta, "hello_world", status="PAUSED")
    gone = [one for one in meta.templates.templates if one.name != "invoice"]
    meta.templates.templates = gone
    add_template(meta, "brand_new", BODY)

    done = await sync(agent, account)

    assert (done["created"], done["updated"], done["removed"]) == (1, 1, 1)
    assert (await get_template("hello_world")).status == "PAUSED"
    assert (await get_template("invoice", "de")).status == "DELETED"
    assert (await get_template("brand_new")).status == "APPROVED"


async def tell_status(
    webhook: WebhookClient, settle: Settle, event: str, *, at: float, **values: Any
) -> None:
    told = {"message_template_id": int(ORDER_SHIPPED), "event": event, **values}
    change = change_value(load_change("template_approved"), **told)
    await post(webhook, settle, make_entry(change, at=int(at)))


async def test_webhook_that_came_later_is_not_turned_back(
    agent: GraphQLClient, account: Account, webhook: WebhookClient, settle: Settle
) -> None:
    later = (utc_now() + timedelta(minutes=5)).timestamp()
    await tell_status(webhook, settle, "PAUSED", at=later)

    await sync(agent, account)

    found = await Template.find_one({"template_id": ORDER_SHIPPED})
    assert found is not None
    assert (found.status, found.category) == ("PAUSED", "UTILITY")


async def test_older_webhook_changes_nothing(
    agent: GraphQLClient, account: Account, webhook: WebhookClient, settle: Settle
) -> None:
    await sync(agent, account)
    before = await get_template("order_shipped")

    earlier = (utc_now() - timedelta(minutes=5)).timestamp()
    await tell_status(webhook, settle, "REJECTED", at=earlier)
    found = await get_template("order_shipped")
    assert (found.status, found.updated_at) == ("APPROVED", before.updated_at)

    later = (utc_now() + timedelta(minutes=5)).timestamp()
    await tell_status(webhook, settle, "PAUSED", at=later)
    assert (await get_template("order_shipped")).status == "PAUSED"


async def test_what_webhook_explained_stays_explained(
    agent: GraphQLClient, account: Account, meta: FakeMeta, webhook: WebhookClient, settle: Settle
) -> None:
    change_template(meta, "order_shipped", status="REJECTED", rejected_reason="INVALID_FORMAT")
    earlier = int((utc_now() - timedelta(minutes=5)).timestamp())
    told = change_value(load_change("template_rejected"), message_template_id=int(ORDER_SHIPPED))
    await post(webhook, settle, make_entry(told, at=earlier))

    await sync(agent, account)

    found = await Template.find_one({"template_id": ORDER_SHIPPED})
    assert found is not None
    assert found.recommendation == "Give a sample for each variable."
    assert int(found.changed_at["status"].timestamp()) == earlier


async def test_template_of_webhook_during_sync_is_kept(
    agent: GraphQLClient, account: Account, webhook: WebhookClient, settle: Settle
) -> None:
    later = (utc_now() + timedelta(minutes=5)).timestamp()
    await tell_status(webhook, settle, "APPROVED", at=later, message_template_id=77)
    change = {"created_at": utc_now() - timedelta(hours=1)}
    await collection(Template).update_one({"template_id": "77"}, {"$set": change})

    done = await sync(agent, account)

    assert done["removed"] == 0


FAILURES = [
    (FaultRule(kind=FaultKind.ERROR, endpoint="templates", code=10), "META_REFUSED"),
    (FaultRule(kind=FaultKind.RESET_BEFORE, endpoint="templates"), "META_UNREACHABLE"),
    (FaultRule(kind=FaultKind.HTML, endpoint="templates"), "META_UNREACHABLE"),
    (FaultRule(kind=FaultKind.TRUNCATED, endpoint="templates", accept=True), "META_UNREACHABLE"),
]


@pytest.mark.parametrize(("rule", "code"), FAILURES, ids=lambda one: str(getattr(one, "kind", "")))
async def test_failed_sync_removes_nothing(
    agent: GraphQLClient, account: Account, meta: FakeMeta, rule: FaultRule, code: str
) -> None:
    await sync(agent, account)
    await pass_a_second(account)
    meta.faults.add(rule.model_copy())

    done = await sync(agent, account)

    assert [error["code"] for error in done["userErrors"]] == [code]
    assert done["account"] is None
    assert await Template.find({"status": "DELETED"}).count() == 0
    assert (await reload(account)).template_sync.error == done["userErrors"][0]["message"]


async def test_malformed_lists_keep_templates(
    agent: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    await sync(agent, account)
    await pass_a_second(account)
    odd: list[dict[str, Any]] = [
        {},
        {"data": {}},
        {"data": [], "paging": {"next": "https://elsewhere.example/", "cursors": {}}},
        {"data": [], "paging": {"next": "x", "cursors": {"after": "same"}}},
    ]
    for answer in odd:
        with subtests.test(answer=answer):
            shown = dict(answer)
            monkeypatch.setattr(meta.templates, "list_page", lambda *_, shown=shown, **__: shown)

            done = await sync(agent, account)

            assert [error["code"] for error in done["userErrors"]] == ["META_UNREACHABLE"]
    assert await Template.find({"status": "DELETED"}).count() == 0
    hosts = {request.headers["host"] for request in meta.requests.requests}
    assert hosts == {"meta.test"}


async def test_what_is_no_template_is_left_out(
    agent: GraphQLClient, account: Account, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = {"id": "1", "name": "odd", "components": [{"type": "BODY", "$a.b": 2**64 - 1}, 7]}
    page = {"data": [None, 7, {"name": "x"}, {"id": 5, "name": "x"}, strange]}
    monkeypatch.setattr(meta.templates, "list_page", lambda *_, **__: page)

    assert (await sync(agent, account))["created"] == 1

    assert (await get_template("odd", None)).components == [  # type: ignore[arg-type]
        {"type": "BODY", "＄a．b": str(2**64 - 1)}
    ]


CREATE = "mutation ($i: CreateAccountInput!) { createAccount(input: $i) { account { id } } }"
ENABLE = "mutation ($id: ID!) { enableAccount(input: {accountId: $id}) { account { id } } }"
UPDATE = "mutation ($i: UpdateAccountInput!) { updateAccount(input: $i) { account { id } } }"
STATE = "query ($id: ID!) { account(id: $id) { templateSync { syncedAt error dueAt } } }"


async def test_new_account_gets_its_templates_by_itself(
    admin: GraphQLClient, meta: FakeMeta
) -> None:
    values = {
        "name": "Shop",
        "phoneNumberId": NUMBER.phone_number_id,
        "businessAccountId": NUMBER.business_account_id,
        "accessToken": NUMBER.access_token,
    }
    made = (await admin(CREATE, i=values))["createAccount"]["account"]

    async def is_synced() -> Any:
        state = (await admin(STATE, id=made["id"]))["account"]["templateSync"]
        return state["syncedAt"] and state["dueAt"]

    await eventually(is_synced)
    assert await Template.count() == len(meta.templates.templates)


async def test_sync_with_new_token_follows_refusal(
    admin: GraphQLClient, account: Account, numbers: NumberDirectory
) -> None:
    numbers.add(dataclasses.replace(NUMBER, access_token="renewed"))
    await admin(ENABLE, id=id_of(account))

    async def has_failed() -> bool:
        seen = await reload(account)
        # Where the check of the account is first, it stops it, and nothing is read any more.
        return bool(seen.template_sync.error) or seen.health.state is HealthState.STOPPED

    await eventually(has_failed)
    await admin(UPDATE, i={"accountId": id_of(account), "accessToken": "renewed"})

    async def is_well() -> bool:
        state = (await reload(account)).template_sync
        return state.synced_at is not None and state.error is None

    await eventually(is_well)


async def test_enabling_account_reads_its_templates(admin: GraphQLClient, account: Account) -> None:
    await admin(ENABLE, id=id_of(account))

    async def are_there() -> int:
        return await Template.count()

    await eventually(are_there)


async def set_sync(account: Account, **values: Any) -> None:
    change = {f"template_sync.{name}": value for name, value in values.items()}
    await collection(Account).update_one({"_id": account.id}, {"$set": change})


async def test_it_happens_again_when_it_is_due(account: Account, meta: FakeMeta) -> None:
    await set_sync(account, due_at=utc_now())

    async def is_next_planned() -> bool:
        state = (await reload(account)).template_sync
        return state.synced_at is not None and state.leased_until is None

    await eventually(is_next_planned)
    due_at = (await reload(account)).template_sync.due_at
    assert due_at is not None
    assert due_at - utc_now() > timedelta(hours=23)
    assert count_lists(meta) == 1


async def test_account_that_was_forgotten_is_synced(account: Account) -> None:
    due_at = (await reload(account)).template_sync.due_at
    assert due_at is not None
    assert timedelta(0) < due_at - utc_now() <= timedelta(minutes=10)
    await set_sync(account, due_at=utc_now())

    async def are_there() -> int:
        return await Template.count()

    await eventually(are_there)


async def test_changed_text_is_read_whole_soon(
    agent: GraphQLClient, account: Account, webhook: WebhookClient, settle: Settle
) -> None:
    await sync(agent, account)
    told = change_value(load_change("template_components"), message_template_id=int(ORDER_SHIPPED))
    later = int((utc_now() + timedelta(seconds=2)).timestamp())
    await post(webhook, settle, make_entry(told, at=later))
    stale_at = (await reload(account)).template_sync.stale_at
    assert stale_at is not None

    # The time between a webhook and the reading is long in tests: as if it had passed.
    await set_sync(account, stale_at=stale_at - timedelta(hours=2))

    async def is_read() -> bool:
        return (await reload(account)).template_sync.stale_at is None

    await eventually(is_read)


async def test_status_alone_makes_no_work(
    agent: GraphQLClient, account: Account, webhook: WebhookClient, settle: Settle
) -> None:
    await sync(agent, account)

    await tell_status(webhook, settle, "PAUSED", at=utc_now().timestamp() + 60)

    assert (await reload(account)).template_sync.stale_at is None
