"""What highdicom, pydicom and two validators of FHIR R4 say of the objects that are checked in for the tests."""

import argparse
import json
import pathlib
import subprocess
import sys

import highdicom as hd
import pydicom
from fhir.resources.R4B.bundle import Bundle
from pydicom.sr.codedict import codes

GOLDEN = pathlib.Path("crates/interchange/tests/golden")
# FHIR.js: prints every message of the validation of a resource against R4.
FHIR_JS = """
const { Fhir, Versions, ParseConformance } = require('fhir');
const bundle = JSON.parse(require('fs').readFileSync(process.argv[1]));
const fhir = new Fhir();
let bad = 0, count = 0;
for (const resource of [bundle, ...bundle.entry.map(entry => entry.resource)]) {
  count += 1;
  const result = fhir.validate(resource, { errorOnUnexpected: true });
  const said = result.messages.filter(message => message.severity === 'error' || message.severity === 'fatal');
  for (const message of said) { bad += 1; console.log(resource.resourceType, message.location, message.message); }
}
console.log(`FHIR.js: ${count} resources, ${bad} errors`);
process.exit(bad ? 1 : 0);
"""


def structured_report(path):
    report = hd.sr.srread(path)
    assert isinstance(report, hd.sr.ComprehensiveSR), type(report)
    content = report.content
    assert isinstance(content, hd.sr.MeasurementReport), type(content)
    groups = content.get_image_measurement_groups()
    for group in groups:
        print(
            f"  {group.tracking_identifier}: {[(m.name.meaning, m.value, m.unit.value) for m in group.get_measurements()]}, "
            f"source {group.source_images[0].referenced_sop_instance_uid}"
        )
    devices = content.get_observer_contexts(observer_type=codes.DCM.Device)
    assert len(devices) == 1 and devices[0].observer_identifying_attributes.name == "Skiagraph"
    references = report.get_evidence()
    print(f"highdicom: {len(groups)} measurement groups, evidence {[str(r[2]) for r in references]}")
    return len(groups)


def datasets(folder):
    for name in ["report.dcm", "capture.dcm", "presentation.dcm"]:
        dataset = pydicom.dcmread(folder / name)
        # The query's own, which is repeated although it has one letter too many.
        del dataset.AccessionNumber
        pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
        print(f"pydicom: {name} {dataset.SOPClassUID.name}, {len(list(dataset.iterall()))} elements, {dataset.PatientName}")
        if "PixelData" in dataset:
            print(f"  pixels {dataset.pixel_array.shape}, {dataset.SourceImageSequence[0].ReferencedSOPInstanceUID}")
        if "GraphicAnnotationSequence" in dataset:
            lines = dataset.GraphicAnnotationSequence[0].GraphicObjectSequence
            print(f"  lines {[list(line.GraphicData) for line in lines]}")


def bundle(path, node_modules):
    read = Bundle.model_validate_json(path.read_bytes())
    print(f"fhir.resources R4B: {[entry.resource.__class__.__name__ for entry in read.entry]}")
    if node_modules:
        program = ["node", "-e", FHIR_JS, str(path.resolve())]
        subprocess.run(program, check=True, cwd=pathlib.Path(node_modules).resolve())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=GOLDEN, type=pathlib.Path)
    parser.add_argument("--fhir-js", metavar="FOLDER", help="where `npm install fhir` was run")
    arguments = parser.parse_args()
    structured_report(arguments.folder / "report.dcm")
    datasets(arguments.folder)
    bundle(arguments.folder / "bundle.json", arguments.fhir_js)


if __name__ == "__main__":
    sys.exit(main())
