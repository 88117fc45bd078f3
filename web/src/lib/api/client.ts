// The one place that asks the server. No patient data in addresses: queries and records go by id,
// filters in bodies.
import type { ErrorBody, ErrorView, GalleryView, JobView, JobsView, ListView, MapView, PriorsView, QueryView, RecordView, Region, SavedView, SearchBody, SearchView, SessionView, SetView, SetsView } from './schema.ts';

const BASE = '/api/v1';
/** How often a busy server is asked again, as it wishes. */
const RETRIES = 3;

/** Why a request failed; `code` is the server's, or `unreachable`. */
export class Failure extends Error {
  readonly code: string;
  readonly status: number;
  readonly position: number | null;
  readonly expected: string | null;

  constructor(status: number, body: ErrorView) {
    super(body.message);
    this.code = body.code;
    this.status = status;
    this.position = body.position ?? null;
    this.expected = body.expected ?? null;
  }
}

async function failure(response: Response): Promise<Failure> {
  const unknown = { code: 'internal', message: `${response.status} ${response.statusText}` };
  const body = (await response.json().catch(() => null)) as Partial<ErrorBody> | null;
  return new Failure(response.status, body?.error ?? unknown);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { 'X-Requested-With': 'skiagraph', ...(init.headers as Record<string, string> | undefined) };
  for (let attempt = 0; ; attempt += 1) {
    let response: Response;
    try {
      response = await fetch(BASE + path, { ...init, headers });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new Failure(0, { code: 'unreachable', message: '' });
    }
    if (response.ok) return response;
    const again = Number(response.headers.get('Retry-After'));
    if (!(again > 0 && again <= 10) || attempt === RETRIES) throw await failure(response);
    await pause(again);
  }
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

function body(value: unknown, signal?: AbortSignal): RequestInit {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
  return signal ? { ...init, signal } : init;
}

export const api = {
  gallery: () => json<GalleryView>('/gallery'),
  map: () => json<MapView>('/map'),
  session: () => json<SessionView>('/session'),
  signIn: (key: string) => ask('/session', body({ key })),
  signOut: () => ask('/session', { method: 'DELETE' }),
  upload: (file: Blob) =>
    json<QueryView>('/queries', { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } }),
  query: (id: string) => json<QueryView>(`/queries/${id}`),
  removeQuery: (id: string) => ask(`/queries/${id}`, { method: 'DELETE' }),
  region: (id: string, region: Region) => json<QueryView>(`/queries/${id}/region`, body(region)),
  search: (question: SearchBody, signal: AbortSignal) => json<SearchView>('/search', body(question, signal)),
  list: (filter: string | null, offset: number, limit: number, signal?: AbortSignal) =>
    json<ListView>('/records/list', body({ filter, offset, limit }, signal)),
  record: (id: number) => json<RecordView>(`/records/${id}`),
  save: (name: string, note: string, shared: boolean, search: SearchBody) =>
    json<SetView>('/sets', body({ name, note, shared, search })),
  sets: async () => (await json<SetsView>('/sets')).sets,
  set: (id: string) => json<SavedView>(`/sets/${id}`),
  removeSet: (id: string) => ask(`/sets/${id}`, { method: 'DELETE' }),
  jobs: async () => (await json<JobsView>('/jobs')).jobs,
  beginJob: () => json<JobView>('/jobs', { method: 'POST' }),
  sendToJob: (id: string, file: Blob) =>
    ask(`/jobs/${id}/files`, { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } }),
  closeJob: (id: string) => json<JobView>(`/jobs/${id}/close`, { method: 'POST' }),
  cancelJob: (id: string) => ask(`/jobs/${id}`, { method: 'DELETE' }),
  priors: async (id: number) => (await json<PriorsView>(`/records/${id}/priors`)).records,

  /** 16-bit grey, 0 black, row by row. */
  async pixels(id: string, signal: AbortSignal): Promise<{ width: number; height: number; values: Uint16Array }> {
    const response = await ask(`/queries/${id}/pixels`, { signal });
    const width = Number(response.headers.get('X-Width'));
    const height = Number(response.headers.get('X-Height'));
    return { width, height, values: new Uint16Array(await response.arrayBuffer(), 0, width * height) };
  },
};

/** Addresses of pictures. */
export const address = {
  preview: (id: string, side: number) => `${BASE}/queries/${id}/preview.png?side=${side}`,
  saliency: (id: string) => `${BASE}/queries/${id}/saliency.png`,
  /** What of a query, or of the record, makes the two similar. */
  evidence: (query: string, record: number, side: 'query' | 'record') => `${BASE}/queries/${query}/evidence/${record}/${side}.png`,
  /** What of a record makes it similar to another. */
  recordEvidence: (id: number, other: number) => `${BASE}/records/${id}/evidence/${other}/map.png`,
  thumbnail: (id: number) => `${BASE}/records/${id}/thumbnail.jpg`,
  set: (id: string, part: 'preview.png' | 'report.html' | 'fhir.json' | 'report.dcm') => `${BASE}/sets/${id}/${part}`,
  comparison: `${BASE}/comparison.html`,
  evaluation: `${BASE}/evaluation.html`,
  recordSaliency: (id: number) => `${BASE}/records/${id}/saliency.png`,
};

/** Address of a study in the viewer of the house, if there is one; nothing but http(s) is opened. */
export function viewerAddress(template: string | null, study: string | null): string | null {
  if (!template || !study) return null;
  const link = template.replaceAll('{study}', encodeURIComponent(study));
  return /^https?:\/\//i.test(link) ? link : null;
}
