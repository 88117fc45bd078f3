// The application's addresses: `/`, `/query/ID`, `/like/RECORD`, `/set/ID`, and the first two with
// `/with/RECORD` for a comparison.

export type Subject = { kind: 'query'; id: string } | { kind: 'record'; id: number } | { kind: 'set'; id: string };

export interface Route {
  /** What is asked with; null to browse. */
  subject: Subject | null;
  /** The record beside it. */
  beside: number | null;
}

const QUERY = /^\/query\/([A-Za-z0-9_-]{8,64})(?:\/with\/(\d{1,15}))?\/?$/;
const LIKE = /^\/like\/(\d{1,15})(?:\/with\/(\d{1,15}))?\/?$/;
const SET = /^\/set\/([A-Za-z0-9_-]{8,64})\/?$/;

export function routeOf(path: string): Route {
  const set = SET.exec(path)?.[1];
  if (set) return { subject: { kind: 'set', id: set }, beside: null };
  const query = QUERY.exec(path);
  const like = LIKE.exec(path);
  const beside = query?.[2] ?? like?.[2];
  const subject: Subject | null = query?.[1]
    ? { kind: 'query', id: query[1] }
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
  const start = subject.kind === 'query' ? `/query/${subject.id}` : `/like/${subject.id}`;
  return beside === null ? start : `${start}/with/${beside}`;
}
