// Chips, ranges and free text to one filter of the gallery's language (docs/gallery.md), and errors
// back to the free text. Values of one facet are alternatives; facets narrow each other.
import type { FacetsView, ValueView } from './api/schema.ts';
import { filterOfWords, isLanguage, quoted } from './answer/plain-words.ts';
import { isPart } from './i18n/labels.ts';

/** Facets with a chip for each value, in the order of the page. Labels are two: part and finding. */
export const FACETS = ['body_part', 'part', 'finding', 'view', 'modality', 'sex', 'source'] as const;
export type Facet = (typeof FACETS)[number];

export interface Chosen {
  values: Record<Facet, string[]>;
  ageFrom: number | null;
  ageTo: number | null;
  dateFrom: string | null;
  dateTo: string | null;
  /** Plain words, or the filter language. */
  text: string;
}

export function nothingChosen(): Chosen {
  const values = Object.fromEntries(FACETS.map((facet) => [facet, []])) as unknown as Record<Facet, string[]>;
  return { values, ageFrom: null, ageTo: null, dateFrom: null, dateTo: null, text: '' };
}

/** The values of the facets with their counts; `parts` are the labels that name a part of the body. */
export function facetCounts(facets: FacetsView, parts: readonly string[] | undefined): Record<Facet, ValueView[]> {
  const { label, ...rest } = facets;
  const of = (part: boolean): ValueView[] => label.filter(({ value }) => isPart(value, parts) === part);
  return { ...rest, part: of(true), finding: of(false) };
}

function oneOf(facet: Facet, values: string[]): string | null {
  const [first] = values;
  const field = facet === 'part' || facet === 'finding' ? 'label' : facet;
  if (first === undefined) return null;
  return values.length === 1 ? `${field} = ${quoted(first)}` : `${field} in (${values.map(quoted).join(', ')})`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The free text is first, in parentheses, so that places in it are off by one byte alone. */
function ofText(text: string, labels: readonly string[]): string | null {
  if (!text.trim()) return null;
  return isLanguage(text) ? `(${text})` : filterOfWords(text, labels);
}

/** The filter of what is chosen; plain words are looked for in the names of these labels, too. */
export function filterOf(chosen: Chosen, labels: readonly string[] = []): string | null {
  const whole = (age: number | null): boolean => age !== null && Number.isInteger(age) && age >= 0;
  const tests = [
    ofText(chosen.text, labels),
    ...FACETS.map((facet) => oneOf(facet, chosen.values[facet])),
    whole(chosen.ageFrom) ? `age >= ${chosen.ageFrom}` : null,
    whole(chosen.ageTo) ? `age <= ${chosen.ageTo}` : null,
    chosen.dateFrom && DAY.test(chosen.dateFrom) ? `study_date >= ${chosen.dateFrom}` : null,
    chosen.dateTo && DAY.test(chosen.dateTo) ? `study_date <= ${chosen.dateTo}` : null,
  ].filter((test) => test !== null);
  return tests.length > 0 ? tests.join(' and ') : null;
}

/** How many choices narrow the gallery. */
export function countChosen(chosen: Chosen): number {
  const values = FACETS.reduce((sum, facet) => sum + chosen.values[facet].length, 0);
  const rest = [chosen.ageFrom, chosen.ageTo, chosen.dateFrom, chosen.dateTo, chosen.text.trim()];
  return values + rest.filter((value) => value !== null && value !== '').length;
}

/** Characters (UTF-16) of the free text before the byte of the whole filter at which it stops reading. */
export function placeInText(text: string, position: number): number {
  const bytes = new TextEncoder().encode(text);
  const inside = Math.min(Math.max(position - 1, 0), bytes.length);
  return new TextDecoder().decode(bytes.subarray(0, inside)).length;
}

export function toggled<T>(values: T[], value: T): T[] {
  return values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
}
