"""The audit of mutations: `@audited` writes down who does what, before it is done."""

import dataclasses
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import strawberry
from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry import relay
from strawberry.types.base import StrawberryContainer, get_object_definition
from strawberry.utils.str_converters import to_camel_case

from graph.core.context import Info, get_viewer
from graph.core.ids import split_id
from graph.execution.extensions import run_without_deadline
from models import AuditAction, AuditEntry, AuditOutcome, AuditTarget
from whatsapp.auth.audit import AuditedAction, find_target_accounts, to_audit_actor
from whatsapp.errors import Refused

logger = logging.getLogger(__name__)

MAX_TARGETS = 100
MAX_TYPE = 32
MAX_ID = 64
Arguments = ParamSpec("Arguments")
PayloadT = TypeVar("PayloadT")
Mutation = Callable[Arguments, Awaitable[PayloadT]]


def audited(
    action: AuditAction,
) -> Callable[[Mutation[Arguments, PayloadT]], Mutation[Arguments, PayloadT]]:
    """Writes an audit entry before the mutation runs and its outcome afterwards.

    The targets are the global ids of the input or, where it has none, what the payload shows.
    """

    def decorate(resolver: Mutation[Arguments, PayloadT]) -> Mutation[Arguments, PayloadT]:
        @functools.wraps(resolver)
        async def resolve(*args: Arguments.args, **kwargs: Arguments.kwargs) -> PayloadT:
            info: Any = kwargs["info"]
            entry = await _begin(info, action, kwargs["input"])
            try:
                payload = await resolver(*args, **kwargs)
            except Exception as error:
                await _finish(info, entry, *_judge(error))
                raise
            await _finish(info, entry, AuditOutcome.DONE, payload=payload)
            return payload

        resolve.audit_action = action  # type: ignore[attr-defined]  # for the policy of the schema
        return resolve

    return decorate


async def _begin(info: Info, action: AuditAction, given: object) -> AuditEntry:
    viewer = get_viewer(info)
    targets = list(_list_targets(given))[:MAX_TARGETS]
    act = AuditedAction(
        action=action,
        actor=to_audit_actor(viewer),
        targets=targets,
        account_ids=await find_target_accounts(viewer, targets),
        fields=_list_fields(given),
        request_id=info.context.request_id,
    )
    return await info.context.services.audit.begin(act)


def _judge(error: Exception) -> tuple[AuditOutcome, str | None]:
    if isinstance(error, Refused):
        return AuditOutcome.REFUSED, error.code
    if isinstance(error, GraphQLError) and error.extensions:
        return AuditOutcome.REFUSED, str(error.extensions.get("code"))
    return AuditOutcome.FAILED, None


async def _finish(
    info: Info,
    entry: AuditEntry,
    outcome: AuditOutcome,
    refusal: str | None = None,
    *,
    payload: object = None,
) -> None:
    async def write() -> None:
        viewer = get_viewer(info)
        made = [] if entry.targets else _find_made(payload)
        try:
            await info.context.services.audit.finish(
                entry,
                outcome,
                refusal=refusal,
                targets=made,
                account_ids=await find_target_accounts(viewer, made),
            )
        except PyMongoError as error:
            # The act is done or not, whatever this says; the entry remains, as STARTED.
            logger.error(
                "The outcome %s of audit entry %s was not written (%s)",
                outcome,
                entry.id,
                type(error).__name__,
            )

    # What was done late is written down all the same.
    await run_without_deadline(write())


def _list_targets(given: Any) -> Iterator[AuditTarget]:
    for name in _list_target_names(type(given)):
        value = getattr(given, name)
        for one in value if isinstance(value, list) else [value]:
            type_name, document_id = split_id(one or "") or ("", "")
            if type_name.isalnum():
                yield AuditTarget(type=type_name[:MAX_TYPE], id=document_id[:MAX_ID])


def _list_fields(given: Any) -> list[str]:
    """What was given besides the targets, in the names of the graph; values stay out."""
    targets = _list_target_names(type(given))
    # What an input leaves out is None, also where a given null would be something else.
    names = [field.name for field in dataclasses.fields(given)]
    return [to_camel_case(one) for one in names if one not in targets and _is_given(given, one)]


def _is_given(given: object, name: str) -> bool:
    return getattr(given, name) is not None


def _list_target_names(input_class: type) -> list[str]:
    """The fields that say what to act on: `contactId`, `ids`; not WhatsApp's ids, which are text.

    The accounts of a new API key are what it is given, and not what is acted on.
    """
    fields = get_object_definition(input_class, strict=True).fields
    wanted = [one for one in fields if one.name == "ids" or one.name.endswith("_id")]
    return [one.name for one in wanted if _unwrap(one.type) is strawberry.ID]


def _unwrap(field_type: Any) -> Any:
    while isinstance(field_type, StrawberryContainer):
        field_type = field_type.of_type
    return field_type


def _find_made(payload: object) -> list[AuditTarget]:
    """The nodes that the payload shows."""
    shown = [] if payload is None else list(vars(payload).values())
    nodes: list[Any] = [value for value in shown if isinstance(value, relay.Node)]
    return [AuditTarget(type=type(node).__name__, id=str(node.node_id)) for node in nodes]
