// What the server is asked.
import type { AskedView, QueryView, RecordView, SearchBody } from '../api/schema.ts';

/** Pictures to ask with: of files, or one of the gallery. Files are kept as servers forget pictures after a while. */
export type Subject =
  | { kind: 'query'; query: QueryView; others: QueryView[]; files: File[]; part: boolean }
  | { kind: 'record'; record: RecordView };

/** How many are wanted, in which order. */
export interface Shape {
  k: number;
  order: 'similarity' | 'hamming';
  /** Each patient once. */
  grouped: boolean;
}

export const COUNTS = [12, 24, 48, 96] as const;
export const USUAL: Shape = { k: 48, order: 'similarity', grouped: false };

export interface Judgement {
  id: number;
  good: boolean;
  record: RecordView;
}

export function judgedIds(judged: readonly Judgement[], good: boolean): number[] {
  return judged.filter((one) => one.good === good).map((one) => one.id);
}

/** Judges a picture, or takes the same judgement back. */
export function judgedAnew(judged: readonly Judgement[], record: RecordView, good: boolean): Judgement[] {
  const before = judged.find((one) => one.id === record.id);
  const others = judged.filter((one) => one.id !== record.id);
  return before?.good === good ? others : [...others, { id: record.id, good, record }];
}

export function questionOf(subject: Subject | null, judged: readonly Judgement[], shape: Shape, filter: string | null): SearchBody {
  const own = subject?.kind === 'record' ? [subject.record.id] : [];
  return {
    queries: subject?.kind === 'query' ? [subject.query, ...subject.others].map(({ id }) => id) : [],
    like: [...new Set([...own, ...judgedIds(judged, true)])],
    unlike: judgedIds(judged, false),
    k: shape.k,
    order: shape.order,
    filter,
    group_by_patient: shape.grouped,
  };
}

/** A question as answers repeat it. */
export function askedOf(question: SearchBody): AskedView {
  const { queries = [], like = [], unlike = [], filter = null, group_by_patient = false, order = 'similarity' } = question;
  return { pictures: queries.length, like, unlike, filter, group_by_patient, order };
}
