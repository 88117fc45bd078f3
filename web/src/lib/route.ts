// The application's addresses: `/`, `/query/ID`, `/like/RECORD`, `/set/ID`, and the first two with
// `/with/RECORD` for a comparison. Several pictures are joined by commas. What narrows and orders
// the answer follows after `?`. Free text is never in an address, as it may name a patient.
import { COUNTS, USUAL, type Shape } from './answer/question.ts';
import { FACETS, nothingChosen, type Chosen } from './filter.ts';

export type Subject = { kind: 'query'; ids: string[] } | { kind: 'record'; id: number } | { kind: 'set'; id: string };

export interface Route {
  /** What is asked with; null to browse. */
  subject: Subject | null;
  /** The record beside it. */
  beside: number | null;
}

/** What narrows, orders and moves an answer. */
export interface Narrowing {
  chosen: Chosen;
  shape: Shape;
  like: number[];
  unlike: number[];
  /** Whether the filter stays for the next query. */
  pinned: boolean;
}

const QUERY = /^\/query\/([A-Za-z0-9_-]{8,64}(?:,[A-Za-z0-9_-]{8,64}){0,15})(?:\/with\/(\d{1,15}))?\/?$/;
const LIKE = /^\/like\/(\d{1,15})(?:\/with\/(\d{1,15}))?\/?$/;
const SET = /^\/set\/([A-Za-z0-9_-]{8,64})\/?$/;

export function routeOf(path: string): Route {
  const set = SET.exec(path)?.[1];
  if (set) return { subject: { kind: 'set', id: set }, beside: null };
  const query = QUERY.exec(path);
  const like = LIKE.exec(path);
  const beside = query?.[2] ?? like?.[2];
  const subject: Subject | null = query?.[1]
    ? { kind: 'query', ids: query[1].split(',') }
    : like?.[1]
      ? { kind: 'record', id: Number(like[1]) }
      : null;
  return { subject, beside: subject && beside ? Number(beside) : null };
}

/** The Study Instance UID of a link from a PACS, `/#study=1.2.3`: what is behind the # is sent to no server and in no log. */
export function studyOf(hash: string): string | null {
  return /^#study=([0-9.]{1,64})$/.exec(hash)?.[1] ?? null;
}

export function pathOf({ subject, beside }: Route): string {
  if (!subject) return '/';
  if (subject.kind === 'set') return `/set/${subject.id}`;
  const start = subject.kind === 'query' ? `/query/${subject.ids.join(',')}` : `/like/${subject.id}`;
  return beside === null ? start : `${start}/with/${beside}`;
}

const RANGES = ['ageFrom', 'ageTo', 'dateFrom', 'dateTo'] as const;
const NUMBERS = /^\d{1,15}(,\d{1,15}){0,99}$/;

/** The part of an address after the path, with its `?`; empty where all is as usual. */
export function searchOf({ chosen, shape, like, unlike, pinned }: Narrowing): string {
  const search = new URLSearchParams();
  for (const facet of FACETS) for (const value of chosen.values[facet]) search.append(facet, value);
  for (const range of RANGES) if (chosen[range] !== null && chosen[range] !== '') search.set(range, String(chosen[range]));
  if (shape.k !== USUAL.k) search.set('k', String(shape.k));
  if (shape.order !== USUAL.order) search.set('order', shape.order);
  if (shape.grouped) search.set('patients', 'once');
  if (like.length > 0) search.set('like', like.join(','));
  if (unlike.length > 0) search.set('unlike', unlike.join(','));
  if (pinned) search.set('filter', 'pinned');
  const text = search.toString();
  return text ? `?${text}` : '';
}

/** Reads it. What is not understood is passed over. */
export function narrowingOf(text: string): Narrowing {
  const search = new URLSearchParams(text);
  const chosen = nothingChosen();
  for (const facet of FACETS) chosen.values[facet] = search.getAll(facet).slice(0, 50);
  const age = (name: string): number | null => (/^\d{1,3}$/.test(search.get(name) ?? '') ? Number(search.get(name)) : null);
  const day = (name: string): string | null => (/^\d{4}-\d{2}-\d{2}$/.test(search.get(name) ?? '') ? search.get(name) : null);
  Object.assign(chosen, { ageFrom: age('ageFrom'), ageTo: age('ageTo'), dateFrom: day('dateFrom'), dateTo: day('dateTo') });
  const ids = (name: string): number[] => (NUMBERS.test(search.get(name) ?? '') ? search.get(name)!.split(',').map(Number) : []);
  const k = COUNTS.find((count) => String(count) === search.get('k')) ?? USUAL.k;
  const shape: Shape = { k, order: search.get('order') === 'hamming' ? 'hamming' : 'similarity', grouped: search.get('patients') === 'once' };
  return { chosen, shape, like: ids('like'), unlike: ids('unlike'), pinned: search.get('filter') === 'pinned' };
}
