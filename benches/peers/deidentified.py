"""De-identified files beside their originals, read by pydicom: whole, the same picture, nothing of the patient.

    deidentified.py ORIGINALS CLEAN

CLEAN is what `skiagraph deidentify ORIGINALS --out CLEAN … --allow-burned-in` wrote. Files belong together by their pixels.
Also counts what `dciodvfy` finds wrong with the new files that it did not find with the old ones, if it is installed.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
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
    pixels = dataset.PixelData
    return dataset, hashlib.sha256(dataset.file_meta.TransferSyntaxUID.encode() + pixels).hexdigest()


def errors(path):
    """What dciodvfy complains of, without values."""
    output = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace").stderr
    lines = (line for line in output.splitlines() if line.startswith("Error"))
    return {re.sub(r"<[^>]*>|'[^']*'|= .*", "", line) for line in lines}


def main():
    originals, clean = (pathlib.Path(argument) for argument in sys.argv[1:3])
    by_pixels = {}
    for path in sorted(clean.glob("*.dcm")):
        dataset, digest = read(path)
        assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID == path.stem
        assert dataset.PatientIdentityRemoved == "YES" and dataset.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
        assert not any(element.tag.is_private for element in dataset.iterall())
        by_pixels.setdefault(digest, []).append((path, dataset))
    compared = kept = worse = 0
    for path in sorted(originals.glob("*.dcm")):
        old, digest = read(path)
        assert digest in by_pixels, f"{path} has no counterpart with the same pixels"
        for clean_path, new in by_pixels[digest]:
            compared += 1
            for keyword in IDENTIFYING:
                was = old.get(keyword)
                if was not in (None, "") and new.get(keyword) == was:
                    kept += 1
                    print(f"{path.name}: {keyword} is as it was")
        # dciodvfy does not inflate.
        inflates = old.file_meta.TransferSyntaxUID != pydicom.uid.DeflatedExplicitVRLittleEndian
        if inflates and shutil.which("dciodvfy") and len(by_pixels[digest]) == 1:
            new_errors = errors(by_pixels[digest][0][0]) - errors(path)
            worse += len(new_errors)
            for error in sorted(new_errors):
                print(f"{path.name}: {error}")
    print(f"{compared} pairs with equal pixels, {kept} identifying values kept, {worse} new complaints of dciodvfy")
    sys.exit(kept > 0)


main()
