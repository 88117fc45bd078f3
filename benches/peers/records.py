"""Writes small DICOM files whose headers are hard to read, and what pydicom reads of them (pip install pydicom):

    python benches/peers/records.py

Into crates/radiograph/tests/data/records. Every file has 2 × 2 pixels. expected.tsv: file, Patient ID as pydicom decodes it, Study Date, Patient's Age.
"""
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

HERE = Path(__file__).parents[2] / "crates/radiograph/tests/data/records"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def item(value, scheme, meaning):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return Sequence([code])


def base(number):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if number % 2 else ExplicitVRLittleEndian
    data.SOPClassUID = SECONDARY_CAPTURE
    data.SOPInstanceUID = f"1.2.826.0.1.3680043.10.1.{number + 1}"
    data.Modality = "CR"
    data.Rows = data.Columns = 2
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = bytes([0, 85, 170, 255])
    return data


SETS = {
    "latin": (["ISO_IR 100"], "Jérôme-7"),
    "cyrillic": (["ISO_IR 144"], "Люксембург"),
    "greek": (["ISO_IR 126"], "Διονυσιος"),
    "turkish": (["ISO_IR 148"], "Çavuşoğlu"),
    "thai": (["ISO_IR 166"], "นามสกุล"),
    "utf8": (["ISO_IR 192"], "王^小東 é"),
    "gb18030": (["GB18030"], "王小东"),
    "gbk": (["GBK"], "王小东"),
    "japanese": (["", "ISO 2022 IR 87"], "山田 太郎"),
    "japanese-3": (["ISO 2022 IR 13", "ISO 2022 IR 87", "ISO 2022 IR 159"], "ﾔﾏﾀﾞ 山田 丂"),
    "korean": (["", "ISO 2022 IR 149"], "洪 吉洞"),
    "mixed": (["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"], "é Ж Δ"),
}


def files():
    for number, (name, (sets, patient)) in enumerate(SETS.items()):
        data = base(number)
        data.SpecificCharacterSet = sets
        data.PatientID = patient
        yield name, data
    data = base(20)
    data.PatientID, data.StudyDate, data.PatientBirthDate = "codes", "20240614", "19800615"
    data.AnatomicRegionSequence = item("T-11501", "SRT", "Cervical spine")
    data.ViewCodeSequence = item("399173006", "SCT", "left lateral")
    data.ImageLaterality = "U"
    yield "codes", data
    data = base(21)
    data.PatientID, data.StudyDate, data.PatientAge = "words", "20240229", "018M"
    data.BodyPartExamined, data.ViewPosition, data.Laterality = "HAND", "AP", "L"
    data.BurnedInAnnotation = "YES"
    block = data.private_block(0x0019, "SOMEBODY", create=True)
    block.add_new(0x01, "LO", "what nobody else knows")
    yield "words", data


def main():
    lines = []
    for name, data in files():
        path = HERE / f"{name}.dcm"
        data.save_as(path, enforce_file_format=True)
        read = pydicom.dcmread(path)
        age, date = str(read.get("PatientAge", "")), str(read.get("StudyDate", ""))
        lines.append("\t".join([path.name, read.PatientID, date, age]))
    (HERE / "expected.tsv").write_text("\n".join(lines) + "\n")


main()
