"""To whom a message goes."""

import strawberry
from strawberry import Maybe

from graph.core.ids import require_id
from whatsapp.outbox.recipients import Recipient


@strawberry.input(one_of=True, description="To whom; exactly one.")
class RecipientInput:
    phone_number: Maybe[str] = strawberry.field(
        description="A phone number with its country code; "
        '"+" and punctuation are optional. Needs `accountId`.'
    )
    business_scoped_user_id: Maybe[str] = strawberry.field(
        description="WhatsApp's id of a person for your business; needs `accountId`."
    )
    contact_id: Maybe[strawberry.ID] = strawberry.field(description="A contact.")
    conversation_id: Maybe[strawberry.ID] = strawberry.field(description="A conversation.")

    def to_recipient(self) -> Recipient:
        """Raises NotFound: an id is none of a contact or conversation."""
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
