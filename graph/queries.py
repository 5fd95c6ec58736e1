"""The root type Query, and its fields `node` and `nodes`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import strawberry
from beanie import Document, PydanticObjectId
from strawberry import relay
from strawberry.tools import merge_types

from graph.core.context import Info, IsViewerOrOperator, get_viewer
from graph.core.errors import bad_input
from graph.core.ids import parse_object_id, split_id
from graph.core.stored import (
    load_agent,
    load_contact,
    load_conversation,
    load_conversation_change,
    load_message,
    load_note,
    load_template,
    load_upload,
    load_user,
    load_workspace,
    to_node,
)
from graph.types.accounts import AccountQueries, find_account_event
from graph.types.auth.agents import AgentQueries
from graph.types.auth.api_keys import ApiKey, ApiKeyQueries, find_api_key
from graph.types.auth.audit_log import AuditQueries, find_audit_entry
from graph.types.auth.viewer import ViewerQueries
from graph.types.auth.workspaces import WorkspaceQueries
from graph.types.contacts import ContactQueries
from graph.types.conversations import ConversationQueries
from graph.types.id_arguments import load_kept_account
from graph.types.inbox.contact_exports import ContactExportQueries, find_contact_export
from graph.types.inbox.conversation_counts import ConversationCountQueries
from graph.types.inbox.message_search import MessageSearchQueries
from graph.types.inbox.quick_replies import QuickReplyQueries, load_quick_reply
from graph.types.inbox.tags import TagQueries
from graph.types.messages import MessageQueries
from graph.types.parked_items import ParkedItem, ParkedItemQueries, find_parked_items
from graph.types.template_preview import TemplatePreviewQueries
from graph.types.templates import TemplateQueries
from graph.types.users import UserQueries
from models import Role
from telemetry.global_ids import encode_id

MAX_NODES = 100


async def find_node(info: Info, global_id: str) -> relay.Node | None:
    """Loads an object by its global id; None if it is malformed, unknown or not visible."""
    type_name, document_id = split_id(global_id) or ("", "")
    find = _FINDERS.get(type_name)
    return await find(info, document_id) if find else None


def _by_object_id(
    load: Callable[[Info, PydanticObjectId], Awaitable[Document | None]],
) -> Callable[[Info, str], Awaitable[Any]]:
    async def find(info: Info, document_id: str) -> Any:
        object_id = parse_object_id(document_id)
        return to_node(await load(info, object_id)) if object_id else None

    return find


async def _find_api_key(info: Info, document_id: str) -> ApiKey | None:
    viewer = get_viewer(info)
    if not viewer.has_role(Role.ADMIN):
        return None
    document = await find_api_key(viewer, encode_id("ApiKey", document_id))
    return ApiKey.from_document(document) if document else None


async def _find_parked_item(info: Info, document_id: str) -> ParkedItem | None:
    viewer = get_viewer(info)
    if not (viewer.has_role(Role.ADMIN) or viewer.has_role(Role.OPERATOR)):
        return None
    (document,) = await find_parked_items(viewer, [encode_id("ParkedItem", document_id)])
    return ParkedItem.from_document(document) if document else None


_FINDERS: Mapping[str, Callable[[Info, str], Awaitable[Any]]] = {
    "Account": _by_object_id(load_kept_account),
    "AccountEvent": find_account_event,
    "Agent": _by_object_id(load_agent),
    "ApiKey": _find_api_key,
    "AuditEntry": find_audit_entry,
    "Contact": _by_object_id(load_contact),
    "ContactExport": find_contact_export,
    "Conversation": _by_object_id(load_conversation),
    "ConversationChange": _by_object_id(load_conversation_change),
    "Message": _by_object_id(load_message),
    "Note": _by_object_id(load_note),
    "ParkedItem": _find_parked_item,
    "QuickReply": _by_object_id(load_quick_reply),
    "Template": _by_object_id(load_template),
    "UploadedMedia": _by_object_id(load_upload),
    "User": _by_object_id(load_user),
    "Workspace": _by_object_id(load_workspace),
}


@strawberry.type
class NodeQueries:
    @strawberry.field(
        permission_classes=[IsViewerOrOperator],
        description="Returns the object with this global id, or null. Requires role VIEWER or"
        " OPERATOR.",
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")],
    ) -> relay.Node | None:
        return await find_node(info, id)

    @strawberry.field(
        permission_classes=[IsViewerOrOperator],
        description="Returns the objects with these global ids in the given order, up to 100."
        " Requires role VIEWER or OPERATOR.",
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")],
    ) -> list[relay.Node | None] | None:
        if len(ids) > MAX_NODES:
            raise bad_input(f"Use at most {MAX_NODES} ids.")
        return await asyncio.gather(*(find_node(info, global_id) for global_id in ids))


Query = merge_types(
    "Query",
    (
        ViewerQueries,
        NodeQueries,
        AccountQueries,
        ContactQueries,
        ContactExportQueries,
        ConversationQueries,
        ConversationCountQueries,
        MessageQueries,
        MessageSearchQueries,
        UserQueries,
        TagQueries,
        TemplateQueries,
        TemplatePreviewQueries,
        QuickReplyQueries,
        ParkedItemQueries,
        AgentQueries,
        ApiKeyQueries,
        AuditQueries,
        WorkspaceQueries,
    ),
)
