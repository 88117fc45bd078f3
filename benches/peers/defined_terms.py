"""Terms and numbers of values that the standard has for attributes, as `crates/interchange` carries them.

    defined_terms.py            compare what is checked in with the copies of the standard
    defined_terms.py --write    write it anew

The copies: `dicom-standard` (enumerated values and defined terms of PS3.3, in its wheel), `highdicom` (body parts of PS3.16
Annex L) and `pydicom` (VM of PS3.6). What they do not have, or have for another attribute, is below.
"""

import html
import importlib.resources as resources
import itertools
import json
import pathlib
import re
import sys
from collections import defaultdict

from pydicom._dicom_dict import DicomDictionary

FOLDER = pathlib.Path(__file__).parents[2] / "crates/interchange/src/deidentify/standard"
# Where pip puts the data files of the wheel.
STANDARD = pathlib.Path(sys.prefix) / "standard"
NUMBERS = {"US", "SS", "UL", "SL", "FL", "FD", "AT", "SV", "UV"}
# Numbers and words that no text of an attribute's row gives, or that radiographs have instead of
# the standard's.
FURTHER = {
    # PS3.3 C.12.1.1.2: character sets.
    0x00080005: [f"ISO_IR {n}" for n in (6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 192, 203)]
    + [f"ISO 2022 IR {n}" for n in (6, 13, 58, 87, 100, 101, 109, 110, 126, 127, 138, 144, 148, 149, 159, 166, 203)]
    + ["GB18030", "GBK"],
    0x00080060: ["CR", "CT", "DX", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "SC", "US", "XA", "XC"],
    # Words for parts, views and sides beside the terms; as in
    # crates/radiograph/src/dicom/vocabulary.rs.
    0x00180015: """ABD ABDOMENANDPELVIS ACROMIOCLAVICULARJOINT ANKLEJOINT UPPERARM HEEL THORAX CHESTANDABDOMEN
        CHESTABDOMENANDPELVIS CERVICALSPINE CERVICOTHORACICSPINE ELBOWJOINT EXTREMITY FEMUR FOREARM HEADANDNECK HIPJOINT
        JAWREGION KNEEJOINT LOWERLEG LUMBARSPINE LUMBOSACRALSPINE NECKANDCHEST ORBITALSTRUCTURE RADIUSANDULNA RADIUSULNA RIB
        RIBS STERNOCLAVICULARJOINT SELLA SELLATURCICA SACROILIACJOINT SIJOINT SINUS PARANASALSINUS SINUSES SACRUM
        TIBIAANDFIBULA TIBIAFIBULA THORACOLUMBARSPINE TEMPOROMANDIBULARJOINT THORACICSPINE ENTIREBODY WHOLEBODY WRISTJOINT
        ZYGOMA ABDOMEN ABDOMENPELVIS ACJOINT ANKLE ARM BREAST CALCANEUS CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX
        CSPINE CTSPINE ELBOW FIBULA FINGER FOOT HAND HEAD HEADNECK HEART HIP HUMERUS JAW KNEE LEG LSPINE LSSPINE MANDIBLE
        MAXILLA NECK NECKCHEST ORBIT PATELLA PELVIS RADIUS SCAPULA SCJOINT SHOULDER SKULL SPINE SSPINE STERNUM THIGH THUMB
        TIBIA TLSPINE TMJ TOE TSPINE ULNA WRIST""".split()
    + ["C SPINE", "L SPINE", "T SPINE", "CERVICAL SPINE", "LUMBAR SPINE", "THORACIC SPINE", "WHOLE BODY"],
    0x00185101: """AP PA LL RL LLD RLD LLO RLO LAO RAO LPO RPO CC MLO ML LM LATERAL LAT OBLIQUE ANTEROPOSTERIOR POSTEROANTERIOR
        LEFTLATERAL RIGHTLATERAL CRANIOCAUDAL MEDIOLATERAL LATEROMEDIAL FB SIO ISO XCC XCCL XCCM LMO""".split()
    + ["LEFT LATERAL", "RIGHT LATERAL"],
    0x00200060: ["L", "R", "B", "U", "LEFT", "RIGHT", "BOTH", "BILATERAL", "UNPAIRED"],
    0x00200062: ["L", "R", "B", "U", "LEFT", "RIGHT", "BOTH", "BILATERAL", "UNPAIRED"],
    # PS3.3 C.7.6.1.1.1: of each pair of directions one at most.
    0x00200020: sorted(
        {
            "".join(order)
            for chosen in itertools.product(["", "A", "P"], ["", "L", "R"], ["", "H", "F"])
            for order in itertools.permutations(part for part in chosen if part)
            if order
        }
    ),
    0x00280004: """MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_PARTIAL_422 YBR_PARTIAL_420 YBR_ICT YBR_RCT XYB HSV
        ARGB CMYK""".split()
    + ["PALETTE COLOR"],
    0x00280301: ["YES", "NO"],
    0x00280302: ["YES", "NO"],
    0x00281056: ["LINEAR", "LINEAR_EXACT", "SIGMOID"],
    0x00282110: ["00", "01"],
    0x00282114: ["ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_15444_15", "ISO_18181_1"],
    0x00700004: ["PIXEL", "DISPLAY", "MATRIX"],
    0x00700005: ["PIXEL", "DISPLAY", "MATRIX"],
    0x20500020: ["IDENTITY", "INVERSE", "LIN OD"],
}
# Attributes whose rows of PS3.3 lead to a text with the terms of other attributes.
EXACT = {0x00280301, 0x00280302, 0x00281056, 0x00282110, 0x00282114, 0x20500020, 0x00280004, 0x00200060, 0x00200062}
# Attributes with the terms of another.
SAME = {0x00089007: 0x00080008, 0x00080061: 0x00080060}


def number(tag):
    """Of `(0018,0015)`; none of a tag that stands for many."""
    digits = tag.strip("()").replace(",", "")
    return int(digits, 16) if re.fullmatch("[0-9A-Fa-f]{8}", digits) else None


def in_text(text):
    """Terms in the definition lists of a text."""
    found = (re.sub("<[^>]*>", "", term) for term in re.findall("<dt>(.*?)</dt>", text, re.DOTALL))
    return {html.unescape(term).strip() for term in found}


def in_ps3_3():
    """The terms of each attribute that is a code string, in whatever module or macro, and in the sections it refers to."""
    rows, macros, references = (
        json.loads((STANDARD / f"{name}.json").read_text())
        for name in ("module_to_attributes", "macro_to_attributes", "references")
    )
    terms = defaultdict(set)
    for row in rows + macros:
        tag = number(row["tag"])
        if tag is None or DicomDictionary.get(tag, [""])[0] != "CS" or tag in EXACT:
            continue
        terms[tag] |= in_text(row["description"])
        for reference in row.get("externalReferences") or []:
            if "part03" in reference["sourceUrl"]:
                terms[tag] |= in_text(references.get(reference["sourceUrl"], ""))
    return terms


def defined_terms():
    terms = in_ps3_3()
    parts = json.loads((resources.files("highdicom") / "_standard/anatomic_regions.json").read_text())
    terms[0x00180015] |= parts.keys()
    for tag, further in FURTHER.items():
        terms[tag] |= set(further)
    for tag, other in SAME.items():
        terms[tag] |= terms[other]
    lines = ["tag,terms"]
    for tag, found in sorted(terms.items()):
        # PS3.5 table 6.2-1.
        found = sorted(term for term in found if re.fullmatch("[A-Z0-9_ ]{1,16}", term))
        if found:
            lines.append("%08X,%s" % (tag, "\\".join(found)))
    return "\n".join(lines) + "\n"


def most(multiplicity):
    """The most values of `2`, `1-3` and the like; 0 where there is no bound."""
    last = multiplicity.split("-")[-1]
    return int(last) if last.isdigit() else 0


def multiplicities():
    """Numbers that may have several values."""
    lines = ["tag,most"]
    for tag, (vr, multiplicity, *_) in sorted(DicomDictionary.items()):
        numbers = NUMBERS & set(vr.split(" or "))
        if numbers and most(multiplicity) != 1:
            lines.append("%08X,%d" % (tag, most(multiplicity)))
    return "\n".join(lines) + "\n"


def main():
    files = {"defined-terms.csv": defined_terms(), "multiplicities.csv": multiplicities()}
    for name, text in files.items():
        if "--write" in sys.argv:
            (FOLDER / name).write_text(text)
        assert (FOLDER / name).read_text() == text, f"{name} is not what the copies say"
        print(f"{name}: {len(text.splitlines()) - 1} attributes")


main()
