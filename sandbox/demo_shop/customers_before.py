"""Conversations of the days before, most of them finished."""

from sandbox.demo_shop.story import DAY, HOUR, Step, Story, react, say, show, write

_INVOICE = {"document": {"file": "Rechnung-2041.pdf", "caption": "Ihre Rechnung zu A-1031"}}
_DELIVERY = {
    "interactive": {
        "buttons": {
            "body": "Your boots are back from the cobbler. How do you want them?",
            "buttons": [
                {"id": "pick-up", "title": "Pick-up"},
                {"id": "delivery", "title": "Delivery"},
            ],
        }
    }
}
_STAINS = """1. Brush off the salt
2. Wipe with `water and a little vinegar`
3. Let it dry, then wax"""

BEFORE = [
    Story(
        "491701234567",
        "Jonas Weber",
        [
            say(8 * HOUR, "Guten Morgen! Schicken Sie mir bitte die Rechnung zu A-1031?"),
            Step("Ben Okafor", _INVOICE),
            say(0, "Danke, das ging ja schnell!"),
        ],
        assignee="Ben Okafor",
        tags=["invoice"],
        state="read",
    ),
    Story(
        "14155550172",
        "Grace Liu",
        [
            say(22 * HOUR, "Are my boots ready? The ticket is 5512."),
            write(22 * HOUR - 15, "Almost! The new soles go on this afternoon."),
            say(21 * HOUR, "No hurry ☺"),
            Step("Ana Silva", _DELIVERY),
        ],
        assignee="Ana Silva",
        tags=["repair"],
        state="read",
    ),
    Story(
        "4790123456",
        "Emma Olsen",
        [
            say(2 * DAY, "Hei! What do you use against salt stains?"),
            write(2 * DAY - 11, _STAINS),
            say(2 * DAY - 20, "Worked like a charm, thank you!"),
            react("app", 2 * DAY - 22, "😊", to=2),
        ],
        assignee="Ana Silva",
        tags=["care"],
        state="closed",
    ),
    Story(
        "821012345678",
        "Daniel Kim",
        [
            say(4 * DAY + HOUR, "Is the store open on Sunday?"),
            write(4 * DAY + HOUR - 2, "No, but on *Saturday* from 10 am to 6 pm."),
            say(4 * DAY + HOUR - 3, "See you on Saturday then"),
            show(3 * DAY + 2 * HOUR, "image", "boots.jpg", caption="Best purchase of the year"),
            write(3 * DAY + 2 * HOUR - 30, "They look great on you! Come back any time.", quotes=3),
        ],
        assignee="Ben Okafor",
        tags=["boots"],
        state="closed",
    ),
    Story(
        "27821234567",
        "Thandi Nkosi",
        [
            say(DAY + 6 * HOUR, "My gift card does not work in the web shop."),
            write(DAY + 6 * HOUR - 25, "Sorry about that! It is fixed, please try again."),
            say(DAY + 5 * HOUR, "It works now. Thanks for the quick help ❤️"),
        ],
        assignee="Ben Okafor",
        tags=["web shop"],
        state="closed",
    ),
]  # fmt: skip
