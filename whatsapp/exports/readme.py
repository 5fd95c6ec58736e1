"""The file README.txt of an export."""

from datetime import datetime

from whatsapp.exports.html_pages import format_time
from whatsapp.exports.records import LEFT_OUT, LEFT_OUT_DOCUMENTS

_TEXT = """\
Everything that is stored about one contact, exported at {time}.

Begin with index.html: open it in a browser. It works without a network connection.

  index.html          the contact, and links to the pages
  pages/0001.html …   messages, notes and changes, oldest first, {page_items} items a page
  contact.json        the contact, its person, conversation, merges and pending updates
  timeline/0001.json … the same items as in pages/, with all fields; "item" says what each is
  audit.json          audited actions of your staff on the contact
  files/              received and sent files, byte for byte; a message names its file by "path"

Times are in UTC. Fields have the names of the database. A "raw" text is JSON as WhatsApp sent it.
In timeline/, "status" is the status shown to staff, and "status_times" has the time of each status.
"original" has a message before its first edit. A message that its sender deleted still has its
content in timeline/, but not in pages/.

Notes, audit.json and the names of your staff are internal: check whether the reader of this archive
may get them. The archive has no password; store and send it like any personal data.
Files come from customers: names that could start a program end in ".bin", and no file is checked
for viruses.

Not in this archive:

{left_out}
"""


def write_readme(time: datetime, *, page_items: int) -> bytes:
    fields = [
        f"  {document_class.__name__}.{name}: {reason}"
        for document_class, names in LEFT_OUT.items()
        for name, reason in names.items()
    ]
    documents = [f"  {kind.__name__}: {reason}" for kind, reason in LEFT_OUT_DOCUMENTS.items()]
    left_out = "\n".join([*documents, *fields])
    text = _TEXT.format(time=format_time(time), page_items=page_items, left_out=left_out)
    return text.encode()
