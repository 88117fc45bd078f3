// Labels, parts of the body, views and sexes as words. What is not in the tables is shown with
// spaces.
import type { Language } from '../settings.svelte.ts';

/** English and German. */
type Pair = readonly [string, string];

/** Labels that name a part of the body, where the model does not say which do. */
const PARTS: Record<string, Pair> = {
  chest: ['Chest', 'Thorax'], upper_limb: ['Upper limb', 'Obere Extremität'], lower_limb: ['Lower limb', 'Untere Extremität'],
  hip: ['Hip', 'Hüfte'], shoulder: ['Shoulder', 'Schulter'], spine: ['Spine', 'Wirbelsäule'], dental: ['Teeth', 'Zähne'],
};
/** Other values of Body Part Examined. */
const BODY_PARTS: Record<string, Pair> = {
  abdomen: ['Abdomen', 'Abdomen'], ankle: ['Ankle', 'Sprunggelenk'], arm: ['Arm', 'Arm'], clavicle: ['Clavicle', 'Schlüsselbein'],
  cspine: ['Cervical spine', 'Halswirbelsäule'], elbow: ['Elbow', 'Ellenbogen'], extremity: ['Extremity', 'Extremität'], femur: ['Femur', 'Oberschenkel'],
  finger: ['Finger', 'Finger'], foot: ['Foot', 'Fuß'], forearm: ['Forearm', 'Unterarm'], hand: ['Hand', 'Hand'], head: ['Head', 'Kopf'],
  humerus: ['Humerus', 'Oberarm'], jaw: ['Jaw', 'Kiefer'], knee: ['Knee', 'Knie'], leg: ['Leg', 'Bein'], lspine: ['Lumbar spine', 'Lendenwirbelsäule'],
  neck: ['Neck', 'Hals'], pelvis: ['Pelvis', 'Becken'], rib: ['Ribs', 'Rippen'], skull: ['Skull', 'Schädel'], toe: ['Toe', 'Zehe'],
  tooth: ['Teeth', 'Zähne'], tspine: ['Thoracic spine', 'Brustwirbelsäule'], wrist: ['Wrist', 'Handgelenk'],
};
const FINDINGS: Record<string, Pair> = {
  normal: ['No finding', 'Kein Befund'], not_fractured: ['No fracture', 'Keine Fraktur'], fractured: ['Fracture', 'Fraktur'],
  hardware: ['Hardware', 'Osteosynthese'], scoliosis: ['Scoliosis', 'Skoliose'], pneumonia: ['Pneumonia', 'Pneumonie'],
  pneumonia_bacterial: ['Bacterial pneumonia', 'Bakterielle Pneumonie'], pneumonia_viral: ['Viral pneumonia', 'Virale Pneumonie'],
  pneumonia_fungal: ['Fungal pneumonia', 'Pilzpneumonie'], covid: ['COVID-19', 'COVID-19'], ards: ['ARDS', 'ARDS'],
  atelectasis: ['Atelectasis', 'Atelektase'], cardiomegaly: ['Cardiomegaly', 'Kardiomegalie'], consolidation: ['Consolidation', 'Konsolidierung'],
  edema: ['Edema', 'Ödem'], effusion: ['Effusion', 'Erguss'], emphysema: ['Emphysema', 'Emphysem'], fibrosis: ['Fibrosis', 'Fibrose'],
  hernia: ['Hernia', 'Hernie'], infiltration: ['Infiltration', 'Infiltrat'], mass: ['Mass', 'Raumforderung'], nodule: ['Nodule', 'Rundherd'],
  pleural_thickening: ['Pleural thickening', 'Pleuraverdickung'], pneumothorax: ['Pneumothorax', 'Pneumothorax'],
};
const VIEWS: Record<string, Pair> = {
  pa: ['PA', 'p.a.'], ap: ['AP', 'a.p.'], 'ap supine': ['AP supine', 'a.p. liegend'], 'ap erect': ['AP erect', 'a.p. stehend'], ll: ['Lateral', 'seitlich'], rl: ['Lateral', 'seitlich'],
  frontal: ['frontal', 'frontal'], lateral: ['lateral', 'seitlich'], oblique: ['oblique', 'schräg'], panoramic: ['panoramic', 'Panorama'],
};
const SEXES: Record<string, Pair> = { m: ['male', 'männlich'], f: ['female', 'weiblich'], o: ['other', 'divers'] };

const TABLES = { label: { ...PARTS, ...FINDINGS }, body_part: { ...PARTS, ...BODY_PARTS }, view: VIEWS, sex: SEXES } as const;
export type Table = keyof typeof TABLES;

function known(table: Table, value: string, language: Language): string | undefined {
  const tables: Record<string, Pair> = TABLES[table];
  const key = value.trim().toLowerCase();
  return Object.hasOwn(tables, key) ? tables[key]![language === 'de' ? 1 : 0] : undefined;
}

/** A value in words. Views may be several, joined by a plus. */
export function wordOf(table: Table, value: string, language: Language): string {
  const parts = table === 'view' ? value.split('+') : [value];
  return parts.map((part) => known(table, part, language) ?? part.replaceAll('_', ' ').trim()).join(' + ');
}

/** Labels in words. */
export function labelWords(labels: readonly string[], language: Language): string {
  return labels.map((label) => wordOf('label', label, language)).join(', ');
}

/** Whether a label names a part of the body: what the model says, or else the table. */
export function isPart(label: string, parts: readonly string[] | undefined): boolean {
  return parts && parts.length > 0 ? parts.includes(label) : Object.hasOwn(PARTS, label);
}
