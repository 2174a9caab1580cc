"""The admiral rules once more, slow and plain: dictionaries and loops, one record after the other.

Written from the rules' text and sharing nothing with the engine: dates are read by slicing text. Every function takes
lists of dictionaries as collected and returns lists of dictionaries.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

VALUES = {"CR": 1, "PR": 2, "SD": 3, "NON-CR/NON-PD": 4, "PD": 5, "NE": 6, "MISSING": 7}
WORST = ["PD", "NON-CR/NON-PD", "SD", "PR", "CR", "NE"]
CONTROL = ("CR", "PR", "SD", "NON-CR/NON-PD")


def to_date(text, level=None, last=False):
    """Imputation levels: none, D (day), M (month and day)."""
    if not text:
        return None
    parts = text.split("T")[0].split("-")
    year = int(parts[0])
    month = int(parts[1]) if len(parts) > 1 else None
    day = int(parts[2]) if len(parts) > 2 else None
    if month is None:
        if level != "M":
            return None
        return date(year, 12, 31) if last else date(year, 1, 1)
    if day is None:
        if level is None:
            return None
        day = calendar.monthrange(year, month)[1] if last else 1
    return date(year, month, day)


def flag_of(text, level):
    """D when the day was filled, M when the month was."""
    if not text:
        return None
    parts = text.split("T")[0].split("-")
    if len(parts) == 2 and level in ("D", "M"):
        return "D"
    if len(parts) == 1 and level == "M":
        return "M"
    return None


def duration(start, stop):
    if start is None or stop is None:
        return None
    days = (stop - start).days
    return days + 1 if days >= 0 else days


def by_subject(rows):
    found = {}
    for row in rows:
        found.setdefault(row["USUBJID"], []).append(row)
    return found


def missing_last(*keys):
    return tuple((key is None, 0 if key is None else key) for key in keys)


# --- ADSL ----------------------------------------------------------------------------------------------------------


def adsl(dm, ds, ex, ae, lb):
    ds_of, ex_of, ae_of, lb_of = by_subject(ds), by_subject(ex), by_subject(ae), by_subject(lb)
    out = []
    for subject in dm:
        who = subject["USUBJID"]
        row = {"USUBJID": who, "TRT01P": subject["ARM"], "TRT01A": subject["ACTARM"]}
        row |= exposure(ex_of.get(who, []))
        row |= disposition(ds_of.get(who, []))
        row |= death(subject, row)
        row |= cause(ae_of.get(who, []), ds_of.get(who, []))
        alive = [to_date(e[name], "M") for e in ae_of.get(who, []) for name in ("AESTDTC", "AEENDTC")]
        alive += [to_date(e["LBDTC"], "M") for e in lb_of.get(who, [])] + [row["TRTEDT"]]
        row["LSTALVDT"] = max((d for d in alive if d), default=None)
        row["RACEGR1"] = "White" if subject["RACE"] == "WHITE" else "Non-white"
        row["AGEGR1"] = "<18" if subject["AGE"] < 18 else "18-64" if subject["AGE"] <= 64 else ">64"
        row["REGION1"] = "NA" if subject["COUNTRY"] in ("CAN", "USA") else "RoW"
        out.append(row)
    return out


def exposure(records):
    doses = []
    for dose in records:
        amount = dose["EXDOSE"]
        if amount is not None and (amount > 0 or (amount == 0 and "PLACEBO" in (dose["EXTRT"] or ""))):
            doses.append(dose)
    start = min((d for d in (to_date(x["EXSTDTC"]) for x in doses) if d), default=None)
    end = max((d for d in (to_date(x["EXENDTC"]) for x in doses) if d), default=None)
    return {"TRTSDT": start, "TRTEDT": end, "TRTDURD": duration(start, end), "SAFFL": "Y" if doses else "N"}


def disposition(records):
    row = dict.fromkeys(("SCRFDT", "EOSDT", "FRVDT", "RANDDT")) | {"EOSSTT": "ONGOING"}
    for record in records:
        day, code = to_date(record["DSSTDTC"]), record["DSDECOD"]
        if record["DSCAT"] == "DISPOSITION EVENT" and code == "SCREEN FAILURE":
            row["SCRFDT"], row["EOSSTT"] = day, None
        elif record["DSCAT"] == "DISPOSITION EVENT":
            row["EOSDT"], row["EOSSTT"] = day, "COMPLETED" if code == "COMPLETED" else "DISCONTINUED"
        elif record["DSCAT"] == "OTHER EVENT" and code == "FINAL RETRIEVAL VISIT":
            row["FRVDT"] = day
        elif code == "RANDOMIZED":
            row["RANDDT"] = day
    return row


def death(subject, treated):
    day, first_dose, last_dose = to_date(subject["DTHDTC"], "M"), treated["TRTSDT"], treated["TRTEDT"]
    elapsed = (day - last_dose).days if day and last_dose else None
    soon = elapsed is not None and elapsed <= 30
    later = elapsed is not None and elapsed > 30
    early = day and first_dose and day <= first_dose + timedelta(days=30)
    return {
        "DTHDT": day,
        "DTHDTF": flag_of(subject["DTHDTC"], "M"),
        "DTHADY": duration(first_dose, day),
        "LDDTHELD": elapsed,
        "LDDTHGR1": "<= 30" if soon else "> 30" if later else None,
        "DTH30FL": "Y" if soon else None,
        "DTHA30FL": "Y" if later else None,
        "DTHB30FL": "Y" if early else None,
    }


def cause(events, records):
    for event in events:
        if event["AEOUT"] == "FATAL":
            return {"DTHCAUS": event["AEDECOD"], "DTHDOM": "AE", "DTHCGR1": "ADVERSE EVENT"}
    for record in records:
        if record["DSDECOD"] == "DEATH" and "DEATH DUE TO" in (record["DSTERM"] or ""):
            progressed = "PROGRESSIVE DISEASE" in record["DSTERM"] or "DISEASE RELAPSE" in record["DSTERM"]
            group = "PROGRESSIVE DISEASE" if progressed else "OTHER"
            return {"DTHCAUS": record["DSTERM"], "DTHDOM": "DS", "DTHCGR1": group}
    return {"DTHCAUS": None, "DTHDOM": None, "DTHCGR1": None}


# --- ADRS ----------------------------------------------------------------------------------------------------------


def overall_responses(rs, subjects):
    """Section 3.1: OVR records with flags, by subject, in the order ADT, RSSEQ."""
    randomized = {row["USUBJID"]: row["RANDDT"] for row in subjects}
    out = {}
    for record in rs:
        if record["RSTESTCD"] != "OVRLRESP" or record["RSEVAL"] != "INVESTIGATOR":
            continue
        out.setdefault(record["USUBJID"], []).append(
            {
                "USUBJID": record["USUBJID"],
                "ADT": to_date(record["RSDTC"], "D", last=True),
                "ADTF": flag_of(record["RSDTC"], "D"),
                "AVALC": record["RSSTRESC"],
                "AVAL": VALUES.get(record["RSSTRESC"]),
                "RSSEQ": record["RSSEQ"],
                "VISITNUM": record["VISITNUM"],
                "RANDDT": randomized.get(record["USUBJID"]),
                "ANL01FL": None,
                "ANL02FL": None,
            }
        )
    for records in out.values():
        records.sort(key=lambda r: missing_last(r["ADT"], r["RSSEQ"]))
        best = {}
        for record in records:
            if record["AVAL"] is None or record["ADT"] is None or record["RANDDT"] is None:
                continue
            if record["ADT"] < record["RANDDT"]:
                continue
            place = WORST.index(record["AVALC"]) if record["AVALC"] in WORST else len(WORST)
            held = best.get(record["ADT"])
            if held is None or (place, -record["RSSEQ"]) < (held[0], -held[1]["RSSEQ"]):
                best[record["ADT"]] = (place, record)
        for _, record in best.values():
            record["ANL01FL"] = "Y"
        progressed = False
        for record in records:
            record["ANL02FL"] = None if progressed else "Y"
            progressed = progressed or record["AVALC"] == "PD"
    return out


def is_confirmed(usable, place):
    """Section 3.3, read literally."""
    response = usable[place]
    if response["AVALC"] not in ("CR", "PR"):
        return False
    wanted = ("CR",) if response["AVALC"] == "CR" else ("CR", "PR")
    window = []
    for later in usable[place + 1 :]:
        window.append(later["AVALC"])
        if later["AVALC"] in wanted and later["ADT"] >= response["ADT"] + timedelta(days=28):
            break
    else:
        return False
    if window.count("NE") > 1 or any(held not in (*wanted, "NE") for held in window):
        return False
    if response["AVALC"] == "PR" and "CR" in window and "PR" in window:
        first_complete = window.index("CR")
        last_partial = len(window) - 1 - window[::-1].index("PR")
        return first_complete > last_partial
    return True


def best_response(usable, complete, partial):
    """The BOR cascade: the first rule that has a record, and its earliest record."""

    def late(r):
        return (r["ADT"] - r["RANDDT"]).days >= 42

    rules = [
        ("CR", complete),
        ("PR", partial),
        ("SD", lambda r: r["AVALC"] in ("CR", "PR", "SD") and late(r)),
        ("NON-CR/NON-PD", lambda r: r["AVALC"] == "NON-CR/NON-PD" and late(r)),
        ("PD", lambda r: r["AVALC"] == "PD"),
        ("NE", lambda r: r["AVALC"] in (*CONTROL, "NE")),
    ]
    for name, rule in rules:
        for record in usable:
            if rule(record):
                return {**record, "AVALC": name, "AVAL": VALUES[name]}
    return None


def first(records, condition):
    return next((record for record in records if condition(record)), None)


def adrs(subjects, rs, tu, baseline_visit="SCREENING"):
    overall = overall_responses(rs, subjects)
    measurable = set()
    for lesion in tu:
        if (lesion["TUEVAL"], lesion["TUSTRESC"], lesion["VISIT"]) == ("INVESTIGATOR", "TARGET", baseline_visit):
            measurable.add(lesion["USUBJID"])
    out = [{**record, "PARAMCD": "OVR"} for records in overall.values() for record in records]
    for subject in subjects:
        who = subject["USUBJID"]
        records = overall.get(who, [])
        flagged = [r for r in records if r["ANL01FL"] == "Y"]
        usable = [r for r in flagged if r["ANL02FL"] == "Y"]
        for place, record in enumerate(usable):
            record["confirmed"] = is_confirmed(usable, place)

        def lasting(r):
            return r["AVALC"] in CONTROL and (r["ADT"] - r["RANDDT"]).days >= 42

        def responded(r):
            return r["AVALC"] in ("CR", "PR")

        best = best_response(usable, lambda r: r["AVALC"] == "CR", lambda r: r["AVALC"] == "PR")
        best_confirmed = best_response(
            usable, lambda r: r["confirmed"] and r["AVALC"] == "CR", lambda r: r["confirmed"] and r["AVALC"] == "PR"
        )
        found = {
            "PD": first(flagged, lambda r: r["AVALC"] == "PD"),
            "RSP": first(usable, responded),
            "CB": first(usable, lambda r: responded(r) or lasting(r)),
            "BCP": best if best and best["AVALC"] in ("CR", "PR") else None,
            "CRSP": first(usable, lambda r: r["confirmed"]),
            "CCB": first(usable, lambda r: r["confirmed"] or lasting(r)),
            "CBCP": best_confirmed if best_confirmed and best_confirmed["AVALC"] in ("CR", "PR") else None,
        }
        for code, record in found.items():
            out.append(yes_no(who, code, record))
        for code, record in (("BOR", best), ("CBOR", best_confirmed)):
            out.append({**(record or {**empty(who), "AVALC": "MISSING", "AVAL": 7}), "PARAMCD": code, "ANL01FL": "Y"})
        last = flagged[-1] if flagged else empty(who)
        out.append({**last, "PARAMCD": "LSTA", "ANL01FL": "Y"})
        dead = subject["DTHDT"] is not None
        out.append({**yes_no(who, "DEATH", {} if dead else None), "ADT": subject["DTHDT"]})
        out.append(yes_no(who, "MDIS", {} if who in measurable else None))
    number(out)
    return out


def empty(who):
    return dict.fromkeys(("ADT", "ADTF", "AVALC", "AVAL", "RSSEQ", "VISITNUM", "ANL02FL")) | {"USUBJID": who}


def yes_no(who, code, record):
    found = record is not None
    row = {**empty(who), **(record or {}), "PARAMCD": code, "ANL01FL": "Y"}
    return {**row, "AVALC": "Y" if found else "N", "AVAL": 1 if found else 0}


def number(rows):
    """Section 3.4."""
    for records in by_subject(rows).values():
        records.sort(key=lambda r: (r["PARAMCD"], *missing_last(r["ADT"], r["VISITNUM"], r["RSSEQ"])))
        for place, record in enumerate(records, start=1):
            record["ASEQ"] = place


# --- ADTTE ---------------------------------------------------------------------------------------------------------


def adtte(subjects, responses):
    records = {(r["USUBJID"], r["PARAMCD"]): r for r in responses if r["PARAMCD"] != "OVR"}
    out = []
    for subject in subjects:
        who = subject["USUBJID"]

        def from_adrs(code, words, censoring, who=who):
            record = records[who, code]
            if record["ADT"] is None or (code != "LSTA" and record["AVALC"] != "Y"):
                return None
            return (record["ADT"], words, censoring, "ADRS", "ADT", record["ASEQ"])

        def from_adsl(name, words, censoring, subject=subject):
            return (subject[name], words, censoring, "ADSL", name, None) if subject[name] else None

        death = from_adrs("DEATH", "Death", None)
        progression = from_adrs("PD", "Disease Progression", None)
        assessed = from_adrs("LSTA", "Last Tumor Assessment", "Last Tumor Assessment")
        alive = from_adsl("LSTALVDT", "Alive", "Alive During Study")
        randomized = from_adsl("RANDDT", "Randomization", "Randomization")
        response = from_adrs("RSP", "", None)
        plans = [
            ("OS", subject["RANDDT"], True, [death], [alive, randomized]),
            ("PFS", subject["RANDDT"], True, [progression, death], [assessed, randomized]),
            ("RSD", response[0] if response else None, response is not None, [progression, death], [assessed]),
        ]
        for code, start, wanted, events, censorings in plans:
            row = one_endpoint(start, events, censorings) if wanted else None
            if row:
                out.append({"USUBJID": who, "PARAMCD": code, **row})
    return out


def one_endpoint(start, events, censorings):
    events, censorings = [e for e in events if e], [c for c in censorings if c]
    if events:
        chosen = events[0]
        for event in events[1:]:
            if event[0] < chosen[0]:
                chosen = event
        cnsr = 0
    elif censorings:
        chosen = censorings[0]
        for censoring in censorings[1:]:
            if censoring[0] >= chosen[0]:
                chosen = censoring
        cnsr = 1
    else:
        return None
    adt = max(chosen[0], start) if start else chosen[0]
    return {
        "STARTDT": start,
        "ADT": adt,
        "AVAL": (adt - start).days + 1 if start else None,
        "CNSR": cnsr,
        "EVNTDESC": chosen[1],
        "CNSDTDSC": chosen[2] if cnsr else None,
        "SRCDOM": chosen[3],
        "SRCVAR": chosen[4],
        "SRCSEQ": chosen[5],
    }


# --- ADAE ----------------------------------------------------------------------------------------------------------


def span(text):
    """The first and the last second that a collected date allows."""
    if not text:
        return None
    day, _, clock = text.partition("T")
    begin, end = to_date(day, "M"), to_date(day, "M", last=True)
    if not clock:
        return datetime.combine(begin, datetime.min.time()), datetime(end.year, end.month, end.day, 23, 59, 59)
    held = [int(part) for part in clock.split(":")]
    low, high = held + [0] * (3 - len(held)), held + [59] * (3 - len(held))
    return (
        datetime(begin.year, begin.month, begin.day, *low),
        datetime(begin.year, begin.month, begin.day, *high),
    )


def adae(ae, subjects, ex):
    subject_of = {row["USUBJID"]: row for row in subjects}
    days_of = {}
    for dose in ex:
        start, stop = to_date(dose["EXSTDTC"]), to_date(dose["EXENDTC"])
        if dose["EXDOSE"] in (0, 54) and start and stop:
            days = [start + timedelta(days=n) for n in range((stop - start).days + 1)]
            days_of.setdefault(dose["USUBJID"], []).extend((day, dose["EXDOSE"], dose["EXDOSU"]) for day in days)
    out = []
    for event in ae:
        subject = subject_of[event["USUBJID"]]
        row = {"USUBJID": event["USUBJID"], "AESEQ": event["AESEQ"], "AESTDTC": event["AESTDTC"]}
        begin, end = span(event["AESTDTC"]), span(event["AEENDTC"])
        dose = datetime.combine(subject["TRTSDT"], datetime.min.time()) if subject["TRTSDT"] else None
        start = begin[0] if begin else None
        if start and dose and begin[0] <= dose <= begin[1]:
            start = max(start, dose)
        stop = end[1] if end else None
        for name in ("DTHDT", "EOSDT"):
            if stop and subject[name]:
                limit = datetime(*subject[name].timetuple()[:3], 23, 59, 59)
                if end[0] <= limit <= end[1]:
                    stop = min(stop, limit)
        row["ASTDTM"], row["AENDTM"] = start, stop
        row["ASTDTF"], row["AENDTF"] = flag_of(event["AESTDTC"], "M"), flag_of(event["AEENDTC"], "M")
        row["ASTDY"] = duration(subject["TRTSDT"], start.date() if start else None)
        row["AENDY"] = duration(subject["TRTSDT"], stop.date() if stop else None)
        row["ADURN"] = duration(start.date(), stop.date()) if start and stop else None
        row["TRTEMFL"] = "Y" if is_emergent(start, stop, dose, subject["TRTEDT"]) else None
        row["ASEVN"] = {"MILD": 1, "MODERATE": 2, "SEVERE": 3, "DEATH THREATENING": 4}.get(event["AESEV"])
        days = days_of.get(event["USUBJID"], [])
        before = [day for day, _, _ in days if start and datetime.combine(day, datetime.min.time()) <= start]
        row["LDOSEDTM"] = datetime.combine(max(before), datetime.min.time()) if before else None
        given = [dose for day, dose, _ in days if start and day == start.date()]
        row["DOSEON"] = given[-1] if given else None
        row["AOCCIFL"] = None
        out.append(row)
    for rows in by_subject(out).values():
        emergent = [row for row in rows if row["TRTEMFL"] == "Y"]
        if emergent:
            worst = min(emergent, key=lambda r: (-(r["ASEVN"] or 0), r["ASTDTM"], r["AESEQ"]))
            worst["AOCCIFL"] = "Y"
    return out


def is_emergent(start, stop, dose, last_dose):
    if dose is None or (stop is not None and stop < dose):
        return False
    if start is None:
        return True
    return start >= dose and (last_dose is None or start.date() <= last_dose + timedelta(days=30))


# --- ADTR ----------------------------------------------------------------------------------------------------------


def adtr(subjects, tr, tu, rs, baseline_visit="SCREENING"):
    randomized = {row["USUBJID"]: row["RANDDT"] for row in subjects}
    site = {}
    for lesion in tu:
        if lesion["TUEVAL"] == "INVESTIGATOR":
            site.setdefault((lesion["USUBJID"], lesion["TULNKID"]), lesion["TULOC"])
    lesions = []
    for record in tr:
        if record["TREVAL"] != "INVESTIGATOR" or record["TRGRPID"] != "TARGET":
            continue
        if record["TRTESTCD"] not in ("LDIAM", "LPERP"):
            continue
        who, lesion, size = record["USUBJID"], record["TRLNKID"], record["TRSTRESN"]
        nodal = site.get((who, lesion)) == "LYMPH NODE"
        adt = to_date(record["TRDTC"], "D")
        at_baseline = record["VISIT"] == baseline_visit
        lesions.append(
            {
                "USUBJID": who,
                "PARAMCD": ("LDIAM" if record["TRTESTCD"] == "LDIAM" else "NLDIAM") + str(int(lesion[1:])),
                "AVAL": size,
                "ADT": adt,
                "ADY": duration(randomized[who], adt),
                "AVISIT": "BASELINE" if at_baseline else record["VISIT"],
                "AVISITN": 0 if at_baseline else record["VISITNUM"],
                "ANL01FL": None if size is None else "Y",
                "LSEXP": lesion,
                "LSASS": None if size is None else lesion,
                "summed": record["TRTESTCD"] == ("LPERP" if nodal else "LDIAM"),
            }
        )
    return lesions + [row for who, own in by_subject(lesions).items() for row in sums_of(who, own, randomized[who], rs)]


def sums_of(who, lesions, randomized, rs):
    visits = {}
    for record in lesions:
        if record["summed"]:
            visits.setdefault((record["AVISIT"], record["AVISITN"]), []).append(record)
    baseline = [r["LSEXP"] for (name, _), rows in visits.items() if name == "BASELINE" for r in rows]
    rows = []
    for (name, place), records in visits.items():
        assessed = ", ".join(sorted(r["LSEXP"] for r in records if r["AVAL"] is not None)) or None
        expected = ", ".join(sorted(baseline)) or None
        rows.append(
            {
                "USUBJID": who,
                "PARAMCD": "SDIAM",
                "AVAL": sum(r["AVAL"] for r in records if r["AVAL"] is not None),
                "ADT": min(r["ADT"] for r in records),
                "ADY": min(r["ADY"] for r in records),
                "AVISIT": name,
                "AVISITN": place,
                "LSEXP": expected,
                "LSASS": assessed,
                "ANL01FL": "Y" if expected is not None and expected == assessed else None,
            }
        )
    rows.sort(key=lambda r: (r["ADY"], r["AVISITN"]))
    before = [r for r in rows if r["ADY"] <= 1]
    base = before[-1] if before else None
    progressed = set()
    for record in rs:
        mine = record["USUBJID"] == who and record["RSTESTCD"] == "OVRLRESP" and record["RSEVAL"] == "INVESTIGATOR"
        if mine and record["RSSTRESC"] == "PD":
            progressed.add(to_date(record["RSDTC"], "D"))
    past = False
    for row in rows:
        row["ABLFL"] = "Y" if row is base else None
        row["BASE"] = base["AVAL"] if base else None
        earlier = [r["AVAL"] for r in rows if r["ANL01FL"] == "Y" and r["ADY"] < row["ADY"]]
        row["NADIR"] = min(earlier) if earlier else None
        row["CHG"] = None if base is None else row["AVAL"] - base["AVAL"]
        row["PCHG"] = None if base is None or base["AVAL"] == 0 else 100 * row["CHG"] / abs(base["AVAL"])
        row["CHGNAD"] = None if row["NADIR"] is None else row["AVAL"] - row["NADIR"]
        row["PCHGNAD"] = None if not row["NADIR"] else 100 * row["CHGNAD"] / row["NADIR"]
        row["PDFL"] = "Y" if row["ADT"] in progressed else None
        relevant = row["ANL01FL"] == "Y" or row["PDFL"] == "Y"
        row["ANL04FL"] = "Y" if relevant else None
        past = past or row["PDFL"] == "Y"
        row["ANL03FL"] = "Y" if relevant and not past else None
        row["ANL02FL"] = None
    after = [r for r in rows if r["ANL01FL"] == "Y" and randomized and r["ADT"] > randomized and r["PCHG"] is not None]
    if after:
        min(after, key=lambda r: (r["PCHG"], r["ADY"]))["ANL02FL"] = "Y"
    return rows
