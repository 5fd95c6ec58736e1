"""How long the text of a document is in tokens: counted before it is parsed, which takes longer."""

import re

# Names, numbers, strings and punctuators. Each alternative that has begun also ends, with or
# without its terminator, so that no text is read twice.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]|\\[^\n\r])*+"?'
    r"|(?P<comment>\#[^\n\r]*+)"
    r"|[_A-Za-z][_A-Za-z0-9]*+"
    r"|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
    r"|\.\.\.|[!$&()\[\]{}:=|@]",
    re.ASCII,
)


def count_tokens(text: str, *, most: int) -> tuple[int, int]:
    """The numbers of tokens and of comments, which are parsed too. Counting ends beyond `most`."""
    tokens = comments = 0
    for found in _TOKEN.finditer(text):
        if found.lastgroup is None:
            tokens += 1
        else:
            comments += 1
        if max(tokens, comments) > most:
            break
    return tokens, comments
