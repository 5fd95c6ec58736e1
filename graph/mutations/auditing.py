"""Audit log of mutations: `@audited` writes an entry before a mutation runs."""

import dataclasses
import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import strawberry
from graphql import GraphQLError
from pymongo.errors import PyMongoError
from strawberry import Some, relay
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
    """Writes an audit entry before the mutation runs, and its outcome afterwards.

    The targets are the global ids of the input and the nodes of the payload.
    """

    def decorate(resolver: Mutation[Arguments, PayloadT]) -> Mutation[Arguments, PayloadT]:
        @functools.wraps(resolver)
        async def resolve(*args: Arguments.args, **kwargs: Arguments.kwargs) -> PayloadT:
            info: Any = kwargs["info"]
            entry = await _begin_entry(info, action, kwargs["input"])
            try:
                payload = await resolver(*args, **kwargs)
            except Exception as error:
                await _finish_entry(info, entry, *_classify_error(error))
                raise
            await _finish_entry(info, entry, AuditOutcome.DONE, payload=payload)
            return payload

        resolve.audit_action = action  # type: ignore[attr-defined]  # read by the schema tests
        return resolve

    return decorate


async def _begin_entry(info: Info, action: AuditAction, input_object: object) -> AuditEntry:
    viewer = get_viewer(info)
    targets = list(_list_targets(input_object))[:MAX_TARGETS]
    audited_action = AuditedAction(
        action=action,
        actor=to_audit_actor(viewer),
        workspace_id=viewer.workspace_id,
        targets=targets,
        account_ids=await find_target_accounts(viewer, targets),
        fields=_list_fields(input_object),
        request_id=info.context.request_id,
    )
    return await info.context.services.audit.begin(audited_action)


def _classify_error(error: Exception) -> tuple[AuditOutcome, str | None]:
    if isinstance(error, Refused):
        return AuditOutcome.REFUSED, error.code
    if isinstance(error, GraphQLError) and error.extensions:
        return AuditOutcome.REFUSED, str(error.extensions.get("code"))
    return AuditOutcome.FAILED, None


async def _finish_entry(
    info: Info,
    entry: AuditEntry,
    outcome: AuditOutcome,
    refusal: str | None = None,
    *,
    payload: object = None,
) -> None:
    async def write() -> None:
        viewer = get_viewer(info)
        nodes = [node for node in _list_nodes(payload) if node not in entry.targets]
        targets = [*entry.targets, *nodes] if nodes else []
        try:
            await info.context.services.audit.finish(
                entry,
                outcome,
                refusal=refusal,
                targets=targets,
                account_ids=await find_target_accounts(viewer, targets),
            )
        except PyMongoError as error:
            # The mutation has run; its entry stays STARTED.
            logger.error(
                "The outcome %s of an audit entry was not written (%s)",
                outcome,
                type(error).__name__,
                extra={"audit_entry_id": entry.id},
            )

    # The outcome is recorded even after the deadline of the operation.
    await run_without_deadline(write())


def _list_targets(input_object: Any) -> Iterator[AuditTarget]:
    for name in _list_target_names(type(input_object)):
        given = getattr(input_object, name)
        value = given.value if isinstance(given, Some) else given
        for global_id in value if isinstance(value, list) else [value]:
            type_name, document_id = split_id(global_id or "") or ("", "")
            if type_name.isalnum():
                yield AuditTarget(type=type_name[:MAX_TYPE], id=document_id[:MAX_ID])


def _list_fields(input_object: Any) -> list[str]:
    """Returns the GraphQL names of the given fields, except targets. Values are not stored."""
    targets = _list_target_names(type(input_object))
    # Omitted fields are None; a given null is `Some(None)`.
    names = [field.name for field in dataclasses.fields(input_object)]
    return [
        to_camel_case(name)
        for name in names
        if name not in targets and _is_given(input_object, name)
    ]


def _is_given(input_object: object, name: str) -> bool:
    return getattr(input_object, name) is not None


def _list_target_names(input_class: type) -> list[str]:
    """Returns the fields with global ids, such as `contactId` or `ids`; WhatsApp's ids are text.

    `accountIds` of a new API key is a value of the key, not a target.
    """
    fields = get_object_definition(input_class, strict=True).fields
    targets = [field for field in fields if field.name == "ids" or field.name.endswith("_id")]
    return [field.name for field in targets if _unwrap(field.type) is strawberry.ID]


def _unwrap(field_type: Any) -> Any:
    while isinstance(field_type, StrawberryContainer):
        field_type = field_type.of_type
    return field_type


def _list_nodes(payload: object) -> list[AuditTarget]:
    """Returns the nodes in the payload."""
    values = [] if payload is None else list(vars(payload).values())
    nodes: list[Any] = [value for value in values if isinstance(value, relay.Node)]
    return [AuditTarget(type=type(node).__name__, id=str(node.node_id)) for node in nodes]
