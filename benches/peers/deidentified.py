"""De-identified files beside their originals, read by pydicom: whole, the same picture, nothing of the patient.

    deidentified.py SKIAGRAPH FOLDER…

Each file of the folders goes through `SKIAGRAPH deidentify`. Also counts what `dciodvfy` finds wrong with a new file that it did
not find with the old one, if it is installed.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

import pydicom
import pydicom.uid

warnings.simplefilter("ignore")
IDENTIFYING = [
    "PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID", "InstitutionName", "StationName",
    "ReferringPhysicianName", "OperatorsName", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyDate",
    "DeviceSerialNumber", "StudyDescription", "SeriesDescription", "PatientAge", "PatientSex",
]


def read(path):
    dataset = pydicom.dcmread(path)
    dataset.walk(lambda _, element: element.value)
    return dataset


def errors(path):
    """What dciodvfy complains of, without values."""
    output = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace").stderr
    lines = (line for line in output.splitlines() if line.startswith("Error"))
    return {re.sub(r"<[^>]*>|'[^']*'|= .*", "", line) for line in lines}


def compare(original, clean):
    """How many identifying values are as they were, and what dciodvfy complains of anew."""
    old, new = read(original), read(clean)
    # What is no pixel is zeros now, and as long as it was.
    assert len(new.PixelData) == len(old.PixelData) and all(b in (a, 0) for a, b in zip(old.PixelData, new.PixelData))
    assert new.file_meta.TransferSyntaxUID == old.file_meta.TransferSyntaxUID
    assert new.SOPInstanceUID == new.file_meta.MediaStorageSOPInstanceUID == clean.stem
    assert new.PatientIdentityRemoved == "YES" and new.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert not any(element.tag.is_private for element in new.iterall())
    kept = [keyword for keyword in IDENTIFYING if old.get(keyword) not in (None, "") and new.get(keyword) == old.get(keyword)]
    # dciodvfy does not inflate.
    inflates = old.file_meta.TransferSyntaxUID != pydicom.uid.DeflatedExplicitVRLittleEndian
    return kept, errors(clean) - errors(original) if inflates and shutil.which("dciodvfy") else set()


def main():
    skiagraph, *folders = sys.argv[1:]
    files = kept = worse = 0
    for original in sorted(path for folder in folders for path in pathlib.Path(folder).glob("*.dcm")):
        with tempfile.TemporaryDirectory() as folder:
            key = pathlib.Path(folder) / "key"
            command = [skiagraph, "deidentify", original, "--out", folder, "--key", key, "--make-key", "--allow-burned-in"]
            subprocess.run(command, check=True, capture_output=True)
            values, complaints = compare(original, next(pathlib.Path(folder).glob("*.dcm")))
        files, kept, worse = files + 1, kept + len(values), worse + len(complaints)
        for said in [*values, *sorted(complaints)]:
            print(f"{original}: {said}")
    print(f"{files} files with equal pixels, {kept} identifying values kept, {worse} new complaints of dciodvfy")
    sys.exit(kept > 0)


main()
