// What the tab's history keeps beside the address: what a reload needs of the uploaded pictures,
// without numbers of patient or study, and the filter's free text. It ends with the tab.
import type { QueryView } from '../api/schema.ts';

export interface Kept {
  queries: QueryView[];
  text: string;
}

export function keptOf(state: unknown): Kept {
  const { queries = [], text = '' } = (state ?? {}) as Partial<Kept>;
  return { queries, text };
}

export function withoutNumbers(query: QueryView): QueryView {
  return { ...query, header: { ...query.header, patient: null, study: null } };
}

/** Goes to an address; one that is there already is replaced. */
export function show(address: string, kept: Kept, replace: boolean): void {
  const same = address === location.pathname + location.search + location.hash;
  if (replace || same) history.replaceState(kept, '', address);
  else history.pushState(kept, '', address);
}
