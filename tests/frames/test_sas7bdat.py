"""SAS7BDAT reading, tried on a file made here byte by byte, since pyreadstat does not write that format.

Layout after Shotwell MS, "SAS7BDAT Database Binary Format" (2013), the 32-bit little-endian uncompressed case: a header
of 1024 bytes, one page of metadata subheaders, one page of rows. It shows that our reading is right about types, dates,
blanks and labels; it does not stand in for files of every SAS release.
"""

import struct
from datetime import date, datetime

import polars as pl

from equipoise.frames.sdtm import read_sdtm
from equipoise.frames.transport import read_sas

PAGE = 4096
MAGIC = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
MISSING = bytes.fromhex("0000000000feffff")


def header(pages):
    raw = bytearray(1024)
    raw[0:32] = MAGIC
    raw[32], raw[35], raw[37], raw[39] = 0x22, 0x22, 0x01, ord("1")
    raw[70] = 20  # UTF-8
    raw[84:92] = b"SAS FILE"
    raw[92:124] = b"DM".ljust(32)
    raw[156:164] = b"DATA    "
    raw[164:180] = struct.pack("<2d", 0.0, 0.0)
    raw[196:208] = struct.pack("<3I", 1024, PAGE, pages)
    raw[216:224] = b"9.0401M6"
    raw[224:240] = b"Linux".ljust(16)
    return bytes(raw)


def page(kind, blocks, body, subheaders=0):
    head = struct.pack("<16xHHHxx", kind, blocks, subheaders)
    return (head + body).ljust(PAGE, b"\0")


class Texts:
    """The column text subheader: every name, format and label, referred to by offset and length."""

    def __init__(self):
        self.blob = bytearray(struct.pack("<H10x", 0))

    def reference(self, text):
        raw = text.encode()
        offset = len(self.blob)
        self.blob += raw.ljust(-(-len(raw) // 4) * 4, b"\0")
        return struct.pack("<3H", 0, offset if raw else 0, len(raw))

    def subheader(self):
        raw = struct.pack("<I", 0xFFFFFFFD) + bytes(self.blob) + bytes(8)
        return raw[:4] + struct.pack("<H", len(raw) - 12) + raw[6:]


def metadata_page(columns, row_length, row_count):
    texts = Texts()
    size = len(columns)
    names, attributes, formats, offset = b"", b"", [], 0
    for name, kind, width, form, label in columns:
        names += texts.reference(name) + b"\0\0"
        attributes += struct.pack("<IIHBx", offset, width, 0, 1 if kind == "number" else 2)
        text = texts.reference(form) + texts.reference(label)
        formats.append(struct.pack("<I30x", 0xFFFFFBFE) + text + bytes(6))
        offset += width
    row = bytearray(struct.pack("<I", 0xF7F7F7F7).ljust(480, b"\0"))
    row[20:28] = struct.pack("<II", row_length, row_count)
    row[60:64] = struct.pack("<I", row_count)
    parts = [
        bytes(row),
        struct.pack("<II4x", 0xF6F6F6F6, size),
        texts.subheader(),
        struct.pack("<IHH4x", 0xFFFFFFFF, 8 * size + 8, 0) + names + bytes(8),
        struct.pack("<IHH4x", 0xFFFFFFFC, 12 * size + 8, 0) + attributes + bytes(8),
        *formats,
    ]
    pointers, body, end = b"", b"", PAGE
    for part in parts:
        end -= len(part)
        pointers += struct.pack("<IIBBxx", end, len(part), 0, 0)
        body = part + body
    gap = PAGE - 24 - len(pointers) - len(body)
    return page(0x0000, len(parts), pointers + bytes(gap) + body, len(parts))


def cell(value, kind, width):
    if kind == "text":
        return value.encode().ljust(width)
    return MISSING if value is None else struct.pack("<d", value)


def sas7bdat(columns, rows):
    data = b"".join(
        cell(value, kind, width) for row in rows for value, (_, kind, width, *_) in zip(row, columns, strict=True)
    )
    row_length = sum(width for _, _, width, *_ in columns)
    return header(2) + metadata_page(columns, row_length, len(rows)) + page(0x0100, len(rows), data)


COLUMNS = [
    ("STUDYID", "text", 8, "", "Study Identifier"),
    ("USUBJID", "text", 8, "", "Unique Subject Identifier"),
    ("AGE", "number", 8, "", "Age in Years"),
    ("RFSTDTC", "number", 8, "DATE", "Start"),
    ("RFENDTC", "number", 8, "DATETIME", "End"),
    ("COUNTRY", "text", 8, "", ""),
    ("ARM", "text", 16, "", ""),
]
ROWS = [
    ("P", "P-1", 61.0, 21974.0, 21974.0 * 86400 + 13 * 3600 + 17 * 60, "NA", "Palbociclib"),
    ("P", "P-2", None, None, None, "", "naïve"),
]


def test_types_dates_blanks_and_labels(tmp_path):
    path = tmp_path / "dm.sas7bdat"
    path.write_bytes(sas7bdat(COLUMNS, ROWS))
    frame, labels = read_sas(path)
    assert frame.schema["RFSTDTC"] == pl.Date
    assert frame.rows() == [
        ("P", "P-1", 61.0, date(2020, 2, 29), datetime(2020, 2, 29, 13, 17), "NA", "Palbociclib"),
        ("P", "P-2", None, None, None, None, "naïve"),
    ]
    assert labels["AGE"] == "Age in Years"


def test_a_domain_read_from_it_is_text_and_numbers(tmp_path):
    (tmp_path / "DM.SAS7BDAT").write_bytes(sas7bdat(COLUMNS, ROWS))
    data = read_sdtm(tmp_path)
    assert data.tables["dm"].select("AGE", "RFSTDTC", "RFENDTC", "COUNTRY").rows() == [
        (61.0, "2020-02-29", "2020-02-29T13:17:00", "NA"),
        (None, None, None, None),
    ]
    assert data.labels["dm"]["RFSTDTC"] == "Start"


def test_a_table_without_rows(tmp_path):
    (tmp_path / "dm.sas7bdat").write_bytes(sas7bdat(COLUMNS, []))
    frame = read_sdtm(tmp_path).tables["dm"]
    assert (frame.height, frame.schema["AGE"], frame.schema["ARM"]) == (0, pl.Float64(), pl.String())
