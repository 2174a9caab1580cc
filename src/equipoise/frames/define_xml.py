"""CDISC Define-XML 2.1: what the variables of analysis data sets are, where they come from and by which method.

After the Define-XML Specification 2.1 (CDISC), an extension of ODM 1.3.2. Elements stand in the order of its schema;
every OID is unique and every reference resolves. OIDs: IG.<data set>, IT.<data set>.<variable>,
IT.<data set>.<variable>.<n> for values by parameter, VL., WC., CL., MT., COM., and LF. for files.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from equipoise.frames.adam_schemas import schema, variable
from equipoise.frames.codelists import CodeList
from equipoise.frames.dataset_json import FIXED_CREATION, group_oid, is_whole, item_oid, metadata_oid
from equipoise.frames.keys import record_keys

VERSION = "2.1.0"
DEFINE_FILE = "define.xml"
STANDARD, ADAM_TERMS, SDTM_TERMS = "STD.ADAMIG", "STD.CT.ADAM", "STD.CT.SDTM"
# The implementation guide and the packages of controlled terminology that names and words are taken from.
_STANDARDS = (
    {"OID": STANDARD, "Name": "ADaMIG", "Type": "IG", "Version": "1.3", "Status": "Final"},
    {"OID": ADAM_TERMS, "Name": "CDISC/NCI", "Type": "CT", "PublishingSet": "ADaM", "Version": "2024-09-27"},
    {"OID": SDTM_TERMS, "Name": "CDISC/NCI", "Type": "CT", "PublishingSet": "SDTM", "Version": "2024-09-27"},
)
_ODM = "http://www.cdisc.org/ns/odm/v1.3"
_DEF = "http://www.cdisc.org/ns/def/v2.1"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_CLASSES = {"ADSL": "SUBJECT LEVEL ANALYSIS DATASET", "ADAE": "OCCURRENCE DATA STRUCTURE"}
_MOST_DECIMALS = 15

OriginKind = Literal["Derived", "Assigned", "Predecessor", "Protocol"]


@dataclass(frozen=True)
class Origin:
    """Where a variable comes from: "Predecessor" with the variable it is copied from, "Derived" with its method, ..."""

    kind: OriginKind
    text: str


@dataclass(frozen=True)
class ValueOrigin:
    """Where the value of some parameters comes from, and the code list it is a word of, if it is one."""

    parameters: tuple[str, ...]
    origin: Origin
    codelist: CodeList | None = None


@dataclass(frozen=True)
class Definition:
    """What is to be said of a study's analysis data beside what the data show.

    `study`: its OID and name; `origins`, `values` and `codelists` by (data set, variable), upper case; `comments` by
    data set; `documents`: file name and title of files that go with the data.
    """

    study: str
    title: str
    origins: Mapping[tuple[str, str], Origin]
    values: Mapping[tuple[str, str], tuple[ValueOrigin, ...]] = field(default_factory=dict)
    codelists: Mapping[tuple[str, str], CodeList] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    documents: Sequence[tuple[str, str]] = ()


def write_define(
    tables: Mapping[str, pl.DataFrame],
    path: Path,
    definition: Definition,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    *,
    ending: str = "xpt",
    created: datetime = FIXED_CREATION,
) -> None:
    """Write the Define-XML 2.1 file of a set of analysis data sets; the same data and definition give the same bytes.

    Arguments: frames by data set name, as `conform` leaves them; the path; the definition; labels of variables that no
    schema knows, by data set in lower case; the ending of the data files it describes; the date/time of creation.
    """
    for prefix, address in (("", _ODM), ("def", _DEF), ("xlink", _XLINK)):
        ET.register_namespace(prefix, address)
    document = _Document(definition, labels or {}, ending)
    for name, frame in sorted(tables.items(), key=lambda item: (item[0].upper() != "ADSL", item[0].upper())):
        document.add_dataset(name.upper(), frame)
    tree = ET.ElementTree(document.to_element(created))
    ET.indent(tree, " ")
    with path.open("wb") as file:
        tree.write(file, encoding="UTF-8", xml_declaration=True)
        file.write(b"\n")


def _tag(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{_DEF if prefix == 'def' else _ODM}}}{local}"


def _attribute(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return {"def": f"{{{_DEF}}}{local}", "xlink": f"{{{_XLINK}}}{local}", "xml": f"{{{_XML}}}{local}"}.get(prefix, name)


# A character that XML 1.0 does not know, as a collected text may hold one.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _element(name: str, attributes: Mapping[str, Any] | None = None, *children: ET.Element | None) -> ET.Element:
    """An element; attributes that are None and children that are None are left out."""
    given = {
        _attribute(key): _NOT_XML.sub("\ufffd", str(value))
        for key, value in (attributes or {}).items()
        if value is not None
    }
    made = ET.Element(_tag(name), given)
    made.extend(child for child in children if child is not None)
    return made


def _described(text: str) -> ET.Element:
    return _element("Description", None, _translated(text))


def _translated(text: str) -> ET.Element:
    made = _element("TranslatedText", {"xml:lang": "en"})
    made.text = _NOT_XML.sub("\ufffd", text)
    return made


def _origin(origin: Origin) -> ET.Element:
    if origin.kind == "Predecessor":
        return _element("def:Origin", {"Type": origin.kind}, _described(origin.text))
    return _element("def:Origin", {"Type": origin.kind, "Source": "Sponsor"})


def _leaf(identity: str, file: str, title: str) -> ET.Element:
    named = _element("def:title")
    named.text = title
    return _element("def:leaf", {"ID": identity, "xlink:href": file}, named)


class _Document:
    """The parts of MetaDataVersion as they come together, data set by data set."""

    def __init__(self, definition: Definition, labels: Mapping[str, Mapping[str, str]], ending: str) -> None:
        self._definition, self._labels, self._ending = definition, labels, ending
        self._groups: list[ET.Element] = []
        self._items: list[ET.Element] = []
        self._lists: list[ET.Element] = []
        self._clauses: list[ET.Element] = []
        self._comments: list[ET.Element] = []
        # Methods by text: variables made alike share one.
        self._methods: dict[str, tuple[str, str]] = {}
        self._codelists: dict[str, tuple[CodeList, dict[str, None]]] = {}

    def add_dataset(self, name: str, frame: pl.DataFrame) -> None:
        known = schema(name)
        keys = record_keys(name, frame.columns)
        comment = self._definition.comments.get(name)
        if comment:
            self._comments.append(_element("def:CommentDef", {"OID": f"COM.{name}"}, _described(comment)))
        references = [
            self._add_item(name, column, frame, place, keys) for place, column in enumerate(frame.columns, start=1)
        ]
        self._groups.append(
            _element(
                "ItemGroupDef",
                {
                    "OID": group_oid(name),
                    "Name": name,
                    "Repeating": "No" if name == "ADSL" else "Yes",
                    "IsReferenceData": "No",
                    "SASDatasetName": name[:8],
                    "Purpose": "Analysis",
                    "def:Structure": _structure(name, frame),
                    "def:ArchiveLocationID": f"LF.{name}",
                    "def:StandardOID": STANDARD,
                    "def:HasNoData": None if frame.height else "Yes",
                    "def:CommentOID": f"COM.{name}" if comment else None,
                },
                _described(known.label if known else name),
                *references,
                _data_class(name, frame),
                _leaf(f"LF.{name}", f"{name.lower()}.{self._ending}", f"{name.lower()}.{self._ending}"),
            )
        )

    def _add_item(self, name: str, column: str, frame: pl.DataFrame, place: int, keys: Sequence[str]) -> ET.Element:
        known = variable(column, name)
        label = self._labels.get(name.lower(), {}).get(column) or (known.label if known else column)
        values = frame.get_column(column)
        by_parameter = self._definition.values.get((name, column), ())
        origin = self._definition.origins.get((name, column), Origin("Derived", f"Derived: {label}."))
        listed = self._listed(name, column, frame)
        self._items.append(
            _element(
                "ItemDef",
                {"OID": item_oid(name, column), "Name": column, "SASFieldName": column[:8], **_item_type(values)},
                _described(label),
                _element("CodeListRef", {"CodeListOID": listed}) if listed else None,
                None if by_parameter else _origin(origin),
                _element("def:ValueListRef", {"ValueListOID": f"VL.{name}.{column}"}) if by_parameter else None,
            )
        )
        if by_parameter:
            self._add_values(name, column, frame, by_parameter)
        derived = origin.kind == "Derived" and not by_parameter
        return _element(
            "ItemRef",
            {
                "ItemOID": item_oid(name, column),
                "OrderNumber": place,
                "Mandatory": "Yes" if column in keys or (known is not None and known.required) else "No",
                "KeySequence": keys.index(column) + 1 if column in keys else None,
                "MethodOID": self._method(f"{name}.{column}", origin.text) if derived else None,
            },
        )

    def _add_values(self, name: str, column: str, frame: pl.DataFrame, by_parameter: Sequence[ValueOrigin]) -> None:
        references: list[ET.Element] = []
        for place, value in enumerate(by_parameter, start=1):
            oid, clause = f"{item_oid(name, column)}.{place}", f"WC.{name}.{column}.{place}"
            rows = frame.filter(pl.col("PARAMCD").is_in(list(value.parameters))).get_column(column)
            listed = self._use_codelist(value.codelist, rows) if value.codelist else None
            label = f"{column} of {', '.join(value.parameters)}"
            self._items.append(
                _element(
                    "ItemDef",
                    {"OID": oid, "Name": column, "SASFieldName": column[:8], **_item_type(rows)},
                    _described(label),
                    _element("CodeListRef", {"CodeListOID": listed}) if listed else None,
                    _origin(value.origin),
                )
            )
            self._clauses.append(_where_clause(clause, item_oid(name, "PARAMCD"), value.parameters))
            method = self._method(f"{name}.{column}.{place}", value.origin.text)
            references.append(
                _element(
                    "ItemRef",
                    {
                        "ItemOID": oid,
                        "OrderNumber": place,
                        "Mandatory": "No",
                        "MethodOID": method if value.origin.kind == "Derived" else None,
                    },
                    _element("def:WhereClauseRef", {"WhereClauseOID": clause}),
                )
            )
        self._lists.append(_element("def:ValueListDef", {"OID": f"VL.{name}.{column}"}, *references))

    def _method(self, place: str, text: str) -> str:
        return self._methods.setdefault(text, (f"MT.{place}", f"Algorithm for {place}"))[0]

    def _listed(self, name: str, column: str, frame: pl.DataFrame) -> str | None:
        """The code list of a variable: the one it is a word of; for PARAMCD its parameters."""
        if column == "PARAMCD":
            pairs = (
                frame.select("PARAMCD", "PARAM").drop_nulls("PARAMCD").unique("PARAMCD", keep="first").sort("PARAMCD")
            )
            terms = {code: label or code for code, label in pairs.iter_rows()}
            own = CodeList(f"{name}.PARAMCD", f"Parameter Code of {name}", terms, {})
            return self._use_codelist(own, frame.get_column(column)) if terms else None
        codelist = self._definition.codelists.get((name, column))
        return self._use_codelist(codelist, frame.get_column(column)) if codelist else None

    def _use_codelist(self, codelist: CodeList, values: pl.Series) -> str:
        """Take a code list into the document, with the words that the data hold beside it."""
        _, extra = self._codelists.setdefault(codelist.name, (codelist, {}))
        words = values.drop_nulls().cast(pl.String).unique().sort().to_list()
        extra.update(dict.fromkeys(word for word in words if word not in codelist.terms))
        return f"CL.{codelist.name}"

    def to_element(self, created: datetime) -> ET.Element:
        study = self._definition.study
        names = [("StudyName", study), ("StudyDescription", self._definition.title), ("ProtocolName", study)]
        described = [_element(tag) for tag, _ in names]
        for element, (_, text) in zip(described, names, strict=True):
            element.text = text
        version = _element(
            "MetaDataVersion",
            {"OID": metadata_oid(study), "Name": f"{study}, analysis data", "def:DefineVersion": VERSION},
            *self._parts(),
        )
        stamp = created.strftime("%Y-%m-%dT%H:%M:%S")
        about = {"ODMVersion": "1.3.2", "FileOID": f"{study}.define", "FileType": "Snapshot", "CreationDateTime": stamp}
        body = _element("Study", {"OID": study}, _element("GlobalVariables", None, *described), version)
        return _element("ODM", {**about, "SourceSystem": "equipoise", "def:Context": "Other"}, body)

    def _parts(self) -> list[ET.Element]:
        """What MetaDataVersion holds, in the order of the schema."""
        documents = list(self._definition.documents)
        files = [_leaf(f"LF.DOC.{place}", file, title) for place, (file, title) in enumerate(documents, start=1)]
        named = [_element("def:DocumentRef", {"leafID": file.get("ID")}) for file in files]
        methods = [
            _element("MethodDef", {"OID": oid, "Name": name, "Type": "Computation"}, _described(text))
            for text, (oid, name) in self._methods.items()
        ]
        return [
            _element(
                "def:Standards", None, *(_element("def:Standard", {"Status": "Final", **one}) for one in _STANDARDS)
            ),
            *([_element("def:SupplementalDoc", None, *named)] if named else []),
            *self._lists,
            *self._clauses,
            *self._groups,
            *self._items,
            *(_codelist(codelist, extra) for codelist, extra in self._codelists.values()),
            *methods,
            *self._comments,
            *files,
        ]


def _structure(name: str, frame: pl.DataFrame) -> str:
    if name == "ADSL":
        return "One record per subject"
    if name == "ADTTE":
        return "One record per subject per parameter"
    if "PARAMCD" in frame.columns:
        return "One record per subject per parameter per analysis visit"
    return "One record per subject per event"


def _data_class(name: str, frame: pl.DataFrame) -> ET.Element:
    by_parameter = "BASIC DATA STRUCTURE" if "PARAMCD" in frame.columns else "ADAM OTHER"
    sub = {"ADTTE": "TIME-TO-EVENT", "ADAE": "ADVERSE EVENT"}.get(name)
    return _element(
        "def:Class",
        {"Name": _CLASSES.get(name, by_parameter)},
        _element("def:SubClass", {"Name": sub}) if sub else None,
    )


def _where_clause(oid: str, item: str, values: Sequence[str]) -> ET.Element:
    checks = []
    for value in values:
        check = _element("CheckValue")
        check.text = value
        checks.append(check)
    comparator = "EQ" if len(values) == 1 else "IN"
    check = _element("RangeCheck", {"Comparator": comparator, "SoftHard": "Soft", "def:ItemOID": item}, *checks)
    return _element("def:WhereClauseDef", {"OID": oid}, check)


def _item_type(values: pl.Series) -> dict[str, Any]:
    """The type, length and format of a variable, as a transport file holds it."""
    if values.dtype == pl.Date:
        return {"DataType": "integer", "Length": 8, "def:DisplayFormat": "DATE9."}
    if isinstance(values.dtype, pl.Datetime):
        return {"DataType": "integer", "Length": 8, "def:DisplayFormat": "DATETIME20."}
    if values.dtype == pl.Float64:
        if is_whole(values):
            return {"DataType": "integer", "Length": 8}
        return {"DataType": "float", "Length": 8, "SignificantDigits": _decimals(values)}
    longest = values.str.len_bytes().max() if values.dtype == pl.String else None
    return {"DataType": "text", "Length": max(int(longest) if isinstance(longest, int) else 0, 1)}


def _decimals(numbers: pl.Series) -> int:
    """Digits after the decimal point, as far as a double tells them apart."""
    for digits in range(1, _MOST_DECIMALS):
        if bool((numbers.round(digits) == numbers).all()):
            return digits
    return _MOST_DECIMALS


def _codelist(codelist: CodeList, extra: Mapping[str, None]) -> ET.Element:
    standard = {"ADaM": ADAM_TERMS, "SDTM": SDTM_TERMS}.get(PUBLISHED.get(codelist.name, ""))
    items = [
        _element("CodeListItem", {"CodedValue": term}, _element("Decode", None, _translated(decode)))
        for term, decode in codelist.terms.items()
    ]
    extended = "Yes" if standard else None
    items += [
        _element(
            "CodeListItem",
            {"CodedValue": word, "def:ExtendedValue": extended},
            _element("Decode", None, _translated(word)),
        )
        for word in extra
    ]
    return _element(
        "CodeList",
        {
            "OID": f"CL.{codelist.name}",
            "Name": codelist.label,
            "DataType": "text",
            "def:StandardOID": standard,
            "def:IsNonStandard": None if standard else "Yes",
        },
        *items,
    )


# Code lists of controlled terminology, by their short names, with the package they are published in. Others are this
# program's own, or hold only part of a published list.
PUBLISHED: Mapping[str, str] = {
    **dict.fromkeys(("SEX", "AGEU", "RACE", "ETHNIC", "AESEV", "OUT", "ACN", "NY"), "SDTM"),
    **dict.fromkeys(("DATEFL", "TIMEFL"), "ADaM"),
}
