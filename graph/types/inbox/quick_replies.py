"""Quick replies in the graph, for agents."""

import re
from typing import Annotated, Any, Self

import strawberry
from beanie import PydanticObjectId
from strawberry import relay

import models
from graph.core.context import Info, IsAgent, get_viewer
from graph.core.pages import BY_SHORTCUT
from graph.core.searching import check_search, match_prefix
from graph.core.stored import QUICK_REPLIES, UPLOADS, linked, registers_type, stored
from graph.types.accounts import HasAccount
from graph.types.connection_field import DocumentList, connection_field, limit_to_account
from graph.types.timestamped import Timestamped
from graph.types.uploaded_media import UploadedMedia
from models import Role
from whatsapp.outbox.quick_replies import make_shortcut_key


@registers_type(models.QuickReply)
@strawberry.type(description="Prepared answer of an account, which agents find by its shortcut.")
class QuickReply(relay.Node, HasAccount, Timestamped):
    node_id: relay.NodeID[str]
    shortcut: str = stored(
        "shortcut", description="Shortcut; unique in the account, ignoring case."
    )
    text: str | None = stored(
        "text", description="Text of the message, or caption of the file; null for a file alone."
    )
    upload: UploadedMedia | None = linked(
        "upload_id",
        UPLOADS,
        description="File of the message; pass its id as `uploadId` to send it. It is kept while"
        " the quick reply has it.",
    )
    document: strawberry.Private[models.QuickReply]

    @classmethod
    def from_document(cls, document: models.QuickReply) -> Self:
        return cls(node_id=str(document.id), document=document)


async def load_quick_reply(
    info: Info, quick_reply_id: PydanticObjectId
) -> models.QuickReply | None:
    """Loads a quick reply; None for callers below the role AGENT."""
    if not get_viewer(info).has_role(Role.AGENT):
        return None
    return await QUICK_REPLIES.load(info, quick_reply_id)


@strawberry.type
class QuickReplyQueries:
    @connection_field(
        QuickReply,
        permission_classes=[IsAgent],
        description="Lists the quick replies of an account by shortcut. Requires role AGENT.",
    )
    async def quick_replies(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the account.")],
        shortcut_prefix: Annotated[
            str | None,
            strawberry.argument(
                description="Returns only quick replies whose shortcut begins with this text,"
                " ignoring case."
            ),
        ] = None,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Returns only quick replies whose shortcut or text contains this text,"
                " ignoring case; at most 200 characters."
            ),
        ] = None,
    ) -> DocumentList:
        conditions: list[dict[str, Any]] = [await limit_to_account(info, account_id)]
        if searched := check_search(search or ""):
            conditions.append(_match_text(searched))
        if prefix := make_shortcut_key(check_search(shortcut_prefix or "")):
            conditions.append({"shortcut_key": match_prefix(prefix)})
        return DocumentList(models.QuickReply, {"$and": conditions}, BY_SHORTCUT)


def _match_text(text: str) -> dict[str, Any]:
    """Returns the filter for a part of the shortcut or text. It reads one account's replies."""
    key, words = re.escape(make_shortcut_key(text)), re.escape(text)
    return {
        "$or": [{"shortcut_key": {"$regex": key}}, {"text": {"$regex": words, "$options": "i"}}]
    }
