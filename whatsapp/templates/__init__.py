"""Message templates: storage, sync with Meta, look-up, and filling in.

- `records.py` stores templates; `sync.py` reads all templates of an account in the background
- `lookup.py` finds the template to send
- `definition.py` reads its parts; `form.py` lists its parameters
- `values.py` holds values for the parameters; `filling.py` and `buttons.py` build the message
- `echoes.py` describes templates that other programs sent
"""
