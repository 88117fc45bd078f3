// What the server's API takes and gives (`/api/openapi.json`).

export interface Count {
  value: string;
  count: number;
}

/** Fields with a chip for each value. */
export const FACETS = ['body_part', 'view', 'modality', 'sex', 'source', 'label'] as const;
export type Facet = (typeof FACETS)[number];

export interface Gallery {
  name: string;
  pictures: number;
  /** Of a hash code. */
  bits: number;
  model_id: string;
  input_size: number;
  facets: Record<Facet, Count[]>;
  /** The first and the last day of a study. */
  study_dates: [string, string] | null;
  /** Address of a viewer, with `{study}` where the Study Instance UID belongs. */
  viewer: string | null;
  version: string;
  estimates: boolean;
  /** Whether there is a report of how the model compares with other methods. */
  comparison: boolean;
  /** Whether there is a report of how good the model is. */
  evaluation: boolean;
  /** Its figures, task by task. */
  quality: Quality[];
  card: { labels: string[]; epoch: number; seed: number; fitted: boolean };
  /** What the gallery takes on the disk. */
  bytes: number;
}

/** A figure and its 95 % interval. */
export interface Figure {
  value: number;
  low: number;
  high: number;
}

/** How well the model's codes answered the queries of a task. */
export interface Quality {
  task: string;
  bits: number;
  queries: number;
  gallery: number;
  map_all: Figure;
  p_at_10: Figure;
  macro_p_at_10: Figure;
}

export interface Header {
  modality: string | null;
  body_part: string | null;
  view: string | null;
  sex: string | null;
  age: number | null;
  study_date: string | null;
  patient: string | null;
  study: string | null;
}

export interface Doubt {
  code: string;
  text: string;
}

export interface Query {
  id: string;
  width: number;
  height: number;
  format: string | null;
  header: Header;
  doubts: Doubt[];
  /** Faults of its file that were put up with, each in a sentence. */
  warnings: string[];
}

/** A part of a picture, in shares of its sides. */
export interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface CaseRecord extends Header {
  id: number;
  key: string;
  name: string;
  labels: string[];
  series: string | null;
  instance: string | null;
  source: string | null;
  licence: string | null;
  width: number;
  height: number;
  report: string | null;
}

export interface Hit {
  id: number;
  /** Bits that differ. */
  distance: number;
  euclidean: number;
  /** Estimated probability of being relevant, of the first hits. */
  relevance: number | null;
  record: CaseRecord;
}

export interface Question {
  queries: string[];
  like: number[];
  unlike: number[];
  k: number;
  filter: string | null;
  group_by_patient: boolean;
}

export interface Answer {
  hits: Hit[];
  bits: number;
  estimate: { precision: number; novel: boolean } | null;
  tally: { label: string; count: number }[];
  milliseconds: { encode: number; search: number };
  nothing_similar: boolean;
  /** How old the answer may be, while the gallery's database does not answer. */
  stale_seconds?: number;
}

/** An answer that was saved under a name. */
export interface SavedSet {
  id: string;
  name: string;
  note: string;
  made: string;
  /** The id of the key, or the name, of whoever saved it. */
  owner: string | null;
  shared: boolean;
  hits: number;
  /** Whether there are a FHIR bundle, a DICOM structured report and a small picture of the query. */
  fhir: boolean;
  sr: boolean;
  preview: boolean;
}

export interface Saved {
  set: SavedSet;
  answer: Answer;
}

/** A job that puts pictures into the gallery. */
export interface Job {
  id: string;
  made: string;
  owner: string | null;
  state: 'open' | 'working' | 'done' | 'cancelled';
  received: number;
  done: number;
  added: number;
  known: number;
  failed: number;
  failures: { file: number; reason: string }[];
  pictures_per_second: number | null;
}

export interface Page {
  total: number;
  records: CaseRecord[];
}

export interface Session {
  /** Whether one has to say who one is: with a key, by the identity provider, or either. */
  required: boolean;
  role: string | null;
  keys: boolean;
  single_sign_on: boolean;
}

export interface ErrorBody {
  code: string;
  message: string;
  /** Of a filter that does not read: bytes before the place. */
  position?: number | null;
  expected?: string | null;
}
