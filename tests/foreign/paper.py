"""Documents of our own making, as people hand them in."""


def bill(meter, units):
    """An electricity bill of that meter as one page of PDF."""
    lines = ("Consumer No.: 170012345678", "Meter No.: %s" % meter, "Sanctioned Load: 5.00 kW",
             "Bill Period: 01-10-2026 to 31-10-2026", "Units Consumed: %d" % units)
    text = "BT /F1 11 Tf 50 780 Td 16 TL %s ET" % " ".join("(%s) Tj T*" % line for line in lines)
    parts = ("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
             "/Resources << /Font << /F1 5 0 R >> >> >>",
             "<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
             "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    file, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(file))
        file += "%d 0 obj\n%s\nendobj\n" % (number, part)
    table = "".join("%010d 00000 n \n" % place for place in places)
    file += "xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        table, len(file))
    return file.encode()
