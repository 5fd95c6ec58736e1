"""A PDF of a page, for the demo's invoice."""

LINES = (
    (22, "Demo shop"),
    (12, "Rue du Marche 12"),
    (12, ""),
    (16, "Rechnung 2041"),
    (12, "Bestellung A-1031"),
    (12, "1 x Stiefel, braun, 42        189,00 EUR"),
    (12, "1 x Pflegeset                   9,50 EUR"),
    (12, "Summe                         198,50 EUR"),
)


def make_invoice() -> bytes:
    """Returns the file: a catalog, a page, a font and the text."""
    text = "BT 60 760 Td " + " ".join(
        f"/F {size} Tf ({line}) Tj 0 -{size + 10} Td" for size, line in LINES
    )
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(text) + 3} >>\nstream\n{text} ET\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + f"xref\n0 6\n0000000000 65535 f \n{table}" + end).encode("ascii")
