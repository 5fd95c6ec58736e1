"""Message templates: what WhatsApp told of them, how one is filled in, what the customer reads.

- `records.py` stores what is told, `sync.py` reads all of an account, `background.py` by itself
- `lookup.py` finds the one to send and says why it can't be sent
- `definition.py` reads its parts, `form.py` lists what is to be filled in
- `consent.py` knows to whom one may not go
- `values.py` is what somebody filled in, `filling.py` and `buttons.py` make a message of both
"""
