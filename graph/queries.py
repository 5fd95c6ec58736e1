"""The root type Query: the queries of every noun."""

from strawberry.tools import merge_types

from graph.nodes import NodeQueries
from graph.types.accounts import AccountQueries
from graph.types.api_keys import ApiKeyQueries
from graph.types.audit_log import AuditQueries
from graph.types.contacts import ContactQueries
from graph.types.conversations import ConversationQueries
from graph.types.messages import MessageQueries
from graph.types.parked_items import ParkedItemQueries
from graph.types.template_preview import TemplatePreviewQueries
from graph.types.templates import TemplateQueries
from graph.types.users import UserQueries
from graph.types.viewer import ViewerQueries

Query = merge_types(
    "Query",
    (
        ViewerQueries,
        NodeQueries,
        AccountQueries,
        ContactQueries,
        ConversationQueries,
        MessageQueries,
        UserQueries,
        TemplateQueries,
        TemplatePreviewQueries,
        ParkedItemQueries,
        ApiKeyQueries,
        AuditQueries,
    ),
)
