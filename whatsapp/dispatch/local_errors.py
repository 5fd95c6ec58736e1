"""Errors of messages that this server did not send."""

from models import MessageError
from whatsapp.cloud_api.error_codes import LOCAL_ERROR_CODE, WINDOW_CLOSED_CODE

NOT_SENT = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="The server was interrupted before it could send the message. It was not sent.",
    retryable=True,
)
NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="WhatsApp could not be reached for too long. The message was not sent.",
    retryable=True,
)
FILE_NOT_REACHED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file could not be uploaded to WhatsApp for too long. The message was not sent.",
    retryable=True,
)
FILE_GONE = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Not sent",
    details="Its file is no longer in the media store. The message was not sent.",
)
WINDOW_CLOSED = MessageError(
    code=WINDOW_CLOSED_CODE,
    title="Window closed",
    details="The 24-hour customer service window closed before the message was sent.",
)
CONTACT_BLOCKED = MessageError(
    code=LOCAL_ERROR_CODE,
    title="Contact blocked",
    details="The contact was blocked before the message was sent.",
)
