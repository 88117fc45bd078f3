// What an answer is worth, so that warnings and numbers say the same.
import type { AskedView, HitView, SearchView } from '../api/schema.ts';

/** Why nothing is similar enough; null if something is. */
export type Nothing = 'none' | 'novel' | 'unlikely';

export function nothingOf(answer: SearchView): Nothing | null {
  if (answer.hits.length === 0) return 'none';
  if (!answer.nothing_similar) return null;
  return answer.estimate?.novel ? 'novel' : 'unlikely';
}

/** The share of the first ten that is expected to be relevant; null where nothing is similar. */
export function shareOf(answer: SearchView): number | null {
  return nothingOf(answer) === null ? (answer.estimate?.precision ?? null) : null;
}

/** Whether judgements moved the query; a single picture of the gallery is asked about as it is. */
export function isMoved(asked: Pick<AskedView, 'pictures' | 'like' | 'unlike'>): boolean {
  const judged = asked.like.length + asked.unlike.length;
  return judged > 1 || (judged === 1 && (asked.pictures > 0 || asked.unlike.length > 0));
}

/** What a distance is measured in: what the hits are ordered by. */
export type Measure = 'embedding' | 'bits' | 'moved';

export function measureOf(asked: AskedView): Measure {
  if (isMoved(asked)) return 'moved';
  return asked.order === 'hamming' ? 'bits' : 'embedding';
}

/** The number that orders a hit. After feedback bits may tie at 0, and say nothing. */
export function measured(hit: HitView, asked: AskedView): string {
  return asked.order === 'hamming' ? String(hit.distance) : hit.euclidean.toFixed(3);
}

/** The estimate of a hit, as it is shown. By bits alone the order is not that of the estimates. */
export function percentOf(hit: HitView, asked: AskedView): number | null {
  return hit.relevance === null || asked.order === 'hamming' ? null : Math.round(100 * hit.relevance);
}
