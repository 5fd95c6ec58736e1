"""Recipients of messages."""

import strawberry
from strawberry import Maybe

from graph.core.ids import require_id
from whatsapp.outbox.recipients import Recipient


@strawberry.input(one_of=True, description="Recipient; exactly one field must be given.")
class RecipientInput:
    phone_number: Maybe[str] = strawberry.field(
        description='Phone number with country code; "+" and punctuation are optional.'
        " Requires `accountId`."
    )
    business_scoped_user_id: Maybe[str] = strawberry.field(
        description="WhatsApp's id of the person for your business. Requires `accountId`."
    )
    contact_id: Maybe[strawberry.ID] = strawberry.field(description="Id of a contact.")
    conversation_id: Maybe[strawberry.ID] = strawberry.field(description="Id of a conversation.")

    def to_recipient(self) -> Recipient:
        """Raises NotFound if an id is not the id of a contact or conversation."""
        contact, conversation = self.contact_id, self.conversation_id
        return Recipient(
            phone_number=self.phone_number.value if self.phone_number else None,
            bsuid=self.business_scoped_user_id.value if self.business_scoped_user_id else None,
            contact_id=require_id(contact.value, "Contact", "to", "contactId") if contact else None,
            conversation_id=(
                require_id(conversation.value, "Conversation", "to", "conversationId")
                if conversation
                else None
            ),
        )
