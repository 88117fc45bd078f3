// An answer as a table for a spreadsheet.
import type { SearchView } from '../api/schema.ts';

const HEAD = ['rank', 'id', 'distance', 'bits', 'relevance', 'age', 'sex', 'view', 'study_date', 'labels'];

/** Lines with tabs. After feedback the distance is to the moved query. */
export function listOf(answer: SearchView): string {
  const rows = answer.hits.map(({ id, euclidean, distance, relevance, record: r }, at) =>
    [at + 1, id, euclidean.toFixed(4), distance, relevance?.toFixed(2) ?? '', r.age ?? '', r.sex ?? '', r.view ?? '', r.study_date ?? '', r.labels.join('; ')],
  );
  return [HEAD, ...rows].map((row) => row.join('\t')).join('\n');
}
