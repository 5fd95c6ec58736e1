"""Conversations of today, most of them open."""

from sandbox.demo_shop.story import (
    DAY,
    HOUR,
    ME,
    Json,
    Step,
    Story,
    present,
    press,
    react,
    say,
    show,
    write,
)

_PLACE = {
    "latitude": 37.44221,
    "longitude": -122.16165,
    "name": "Philz Coffee",
    "address": "101 Forest Ave, Palo Alto, CA 94301",
}
_CARD = {
    "name": {"formatted_name": "Omar Haddad", "first_name": "Omar", "last_name": "Haddad"},
    "phones": [{"phone": "+44 7700 900456", "wa_id": "447700900456", "type": "CELL"}],
}
_BOOTS = """We do! Brown and black, both in 38: https://shop.example/ankle

- leather lining
- _resoled for free_ in the first year"""
_RESERVED = "Here they are, *reserved* for you."
_MISSED = {"event": "terminate", "status": "FAILED"}
_CHOSEN = {"id": "sat-10", "title": "10 h 00", "description": "Avec Ana"}
_SLOTS = {
    "interactive": {
        "list": {
            "header": {"text": "Essayage"},
            "body": "Quand voulez-vous passer au magasin ?",
            "footer": "Rue du Marché 12",
            "button": "Choisir une heure",
            "sections": [
                {
                    "title": "Samedi",
                    "rows": [
                        {"id": "sat-10", "title": "10 h 00", "description": "Avec Ana"},
                        {"id": "sat-15", "title": "15 h 30", "description": "Avec Ben"},
                    ],
                }
            ],
        }
    }
}
_SHIPPED = {
    "template": {
        "reference": {"byName": {"name": "order_shipped", "language": "en_US"}},
        "parameters": {
            "body": [{"value": {"text": "Priya"}}, {"value": {"text": "A-1042"}}],
            "buttons": [{"index": 0, "value": {"urlSuffix": "A-1042"}}],
        },
    }
}


def _order(product: str, *, quantity: int, price: float) -> Json:
    return {
        "product_retailer_id": product,
        "quantity": quantity,
        "item_price": price,
        "currency": "EUR",
    }


SHEENA = Story(
    "16505551234",
    "Sheena Nelson",
    [
        say(3 * DAY, "I saw ankle boots in your window. Do you have them in *38*?"),
        write(3 * DAY - 6, _BOOTS, quotes=0),
        react("customer", 3 * DAY - 7, "❤️", to=1),
        say(3 * DAY - 9, "Wonderful, I take the brown ones"),
        show(3 * DAY - 10, "sticker", "sticker.webp"),
        present(3 * DAY - 12, "image", "boots.jpg", caption=_RESERVED),
        say(55, "Hi! Do you deliver?"),
        say(54, "To Palo Alto"),
    ],
    assignee=ME,
    tags=["boots", "delivery"],
)  # fmt: skip

TODAY = [
    Story(
        "447700900123",
        "Amir Haddad",
        [
            say(DAY + 3 * HOUR, "Can I pick up order A-1007 today?"),
            write(DAY + 3 * HOUR - 4, "Sure, the store is open until 7 pm."),
            react("customer", DAY + 3 * HOUR - 5, "😊", to=1),
            show(34, "audio", "voice.ogg", voice=True),
            Step("customer", {"type": "contacts", "contacts": [_CARD]}, 32),
            Step("customer", {"type": "location", "location": _PLACE}, 30),
            say(29, "I'm waiting here ☕"),
        ],
        assignee="Ana Silva",
        tags=["pick-up"],
        notes=[("Ana Silva", "His brother Omar may come instead, the card is above.")],
    ),
    Story(
        "5511987654321",
        "Lucía Gómez",
        [
            say(20 * HOUR, "Hola, ¿el bolso rojo sigue disponible?"),
            present(20 * HOUR - 3, "image", "bag.jpg", caption="Sí, quedan *dos*, a 129 €."),
            react("customer", 20 * HOUR - 4, "😍", to=1),
            say(5, "¿Tienen en otro color?", quotes=1),
        ],
        tags=["español"],
    ),
    Story(
        "971501234567",
        "ليلى منصور",
        [
            say(3 * HOUR, "مرحبا، هل لديكم هذا الحذاء بمقاس ٣٩؟"),
            show(3 * HOUR - 1, "image", "boots.jpg"),
            write(3 * HOUR - 7, "أهلاً ليلى! نعم، متوفر بمقاس ٣٩ باللونين البني والأسود."),
            say(2 * HOUR, "ممتاز، أريد البني من فضلكم"),
        ],
        assignee="Ben Okafor",
        tags=["boots"],
    ),
    Story(
        "393331234567",
        "Marco Rossi",
        [
            show(70, "image", "parcel.jpg", caption="È arrivato così 😕"),
            say(69, "Dentro sembra tutto a posto, ma la scatola è rotta."),
        ],
        assignee=ME,
        tags=["complaint", "urgent"],
        notes=[
            ("Ben Okafor", "The parcel service opened case 88213. They want photos."),
            ("Ana Silva", "A new box is ready at the counter."),
        ],
    ),
    Story(
        "33612345678",
        "Chloé Martin",
        [
            say(50, "Bonjour ! Je voudrais essayer les bottines samedi."),
            Step("Ana Silva", _SLOTS),
            press(0, "list_reply", _CHOSEN, on=1),
        ],
        assignee="Ana Silva",
        tags=["appointment"],
        state="read",
    ),
    Story(
        "919812345678",
        "Priya Raman",
        [
            Step(
                "customer",
                {
                    "type": "order",
                    "order": {
                        "catalog_id": "1949",
                        "text": "Please wrap the bag as a gift.",
                        "product_items": [
                            _order("BAG-RED", quantity=1, price=129),
                            _order("CARE-KIT", quantity=2, price=9.5),
                        ],
                    },
                },
                5 * HOUR,
            ),
            write(5 * HOUR - 9, "Thank you, Priya! It leaves our store *today*."),
            Step("Ben Okafor", _SHIPPED),
            react("customer", 0, "❤️", to=2),
        ],
        assignee="Ben Okafor",
        tags=["order", "gift"],
        state="read",
    ),
    Story(
        "12025550147",
        "Tom Becker",
        [
            Step("customer", {"type": "call", "call": _MISSED}, 96),
            say(95, "I just tried to call you. Do you repair zips?"),
        ],
    ),
]  # fmt: skip
