// What is asked and answered: the one state that the page's parts share.
import { api, Failure } from './api/client.ts';
import { filterOf, nothingChosen, quoted, toggled } from './filter.ts';
import { pathOf, routeOf, studyOf, type Subject as RouteSubject } from './route.ts';
import { settings } from './settings.svelte.ts';
import type { GalleryView, HitView, ListView, QueryView, RecordView, Region, SearchBody, SearchView, SessionView, SetView } from './api/schema.ts';

/** A picture to ask with: a file's, or a gallery's. The file is kept as servers forget pictures after a while. */
export type Subject =
  | { kind: 'query'; query: QueryView; file: Blob | null; part: boolean }
  | { kind: 'record'; record: RecordView };

const PAGE = 60;
const HITS = 48;

class SearchSession {
  gallery = $state.raw<GalleryView | null>(null);
  session = $state.raw<SessionView | null>(null);
  subject = $state.raw<Subject | null>(null);
  answer = $state.raw<SearchView | null>(null);
  /** What the answer was saved as, if it is one that was saved. */
  saved = $state.raw<SetView | null>(null);
  page = $state.raw<ListView | null>(null);
  like = $state.raw<number[]>([]);
  unlike = $state.raw<number[]>([]);
  chosen = $state(nothingChosen());
  /** The record beside the query. */
  beside = $state.raw<RecordView | null>(null);
  busy = $state<'encoding' | 'searching' | null>(null);
  failure = $state.raw<Failure | null>(null);
  filterFailure = $state.raw<Failure | null>(null);
  signInWanted = $state(false);
  #running: AbortController | null = null;

  get records(): RecordView[] {
    return this.subject || this.saved ? (this.answer?.hits.map((hit) => hit.record) ?? []) : (this.page?.records ?? []);
  }

  hit(id: number): HitView | null {
    return this.answer?.hits.find((hit) => hit.id === id) ?? null;
  }

  async start(): Promise<void> {
    await this.#attempt(async () => {
      this.session = await api.session();
      if (this.session.required && !this.session.role) {
        this.signInWanted = true;
        return;
      }
      this.gallery = await api.gallery();
      const study = studyOf(location.hash);
      await (study ? this.#openStudy(study) : this.arrive());
    });
  }

  /** Asks with the first picture of a study; the address no longer names the study then. */
  async #openStudy(study: string): Promise<void> {
    history.replaceState(null, '', '/');
    const { records } = await api.list(`study = ${quoted(study)}`, 0, 1);
    if (records[0]) return this.#ask({ kind: 'record', record: records[0] });
    await this.refresh();
    this.failure = new Failure(404, { code: 'unknown_study', message: '' });
  }

  /** Goes to where the address says. */
  async arrive(): Promise<void> {
    const route = routeOf(location.pathname);
    const { subject } = route;
    if (subject?.kind === 'set') {
      if (this.saved?.id !== subject.id) await this.openSet(subject.id);
      return;
    }
    if (subject?.kind === 'record' && !(this.subject?.kind === 'record' && this.subject.record.id === subject.id)) {
      this.subject = { kind: 'record', record: await api.record(subject.id) };
      this.#fresh();
    } else if (subject?.kind === 'query' && !(this.subject?.kind === 'query' && this.subject.query.id === subject.id)) {
      // A window that was opened to show it has no history of its own.
      const kept = (history.state as { query?: QueryView } | null)?.query ?? (await api.query(subject.id));
      this.subject = { kind: 'query', query: kept, file: null, part: false };
      this.#fresh();
    } else if (!subject && (this.subject || this.saved)) {
      this.subject = null;
      this.#fresh();
    }
    if (!this.answer && !this.page) await this.refresh();
    const { beside } = route;
    this.beside = beside === null ? null : (this.records.find((record) => record.id === beside) ?? (await api.record(beside)));
  }

  async open(file: Blob): Promise<void> {
    this.busy = 'encoding';
    await this.#attempt(async () => this.#ask({ kind: 'query', query: await api.upload(file), file, part: false }));
    if (this.busy === 'encoding') this.busy = null;
  }

  async openRegion(region: Region): Promise<void> {
    const { subject } = this;
    if (subject?.kind !== 'query') return;
    this.busy = 'encoding';
    await this.#attempt(async () => {
      const query = await api.region(subject.query.id, region);
      await this.#ask({ kind: 'query', query, file: null, part: true });
    });
    if (this.busy === 'encoding') this.busy = null;
  }

  openRecord(id: number): Promise<void> {
    return this.#attempt(async () => this.#ask({ kind: 'record', record: await api.record(id) }));
  }

  moreLike(record: RecordView): Promise<void> {
    return this.#attempt(() => this.#ask({ kind: 'record', record }));
  }

  /** Saves the answer under a name, and shows it as what it is then. A query that the server has forgotten is sent again first. */
  save(name: string, note: string, shared: boolean): Promise<void> {
    const save = async (): Promise<SetView> => api.save(name, note, shared, this.#question(filterOf(this.chosen)));
    return this.#attempt(async () => {
      const saved = await save().catch(async (error: unknown) => {
        if (error instanceof Failure && error.code === 'unknown_query' && (await this.#sendAgain())) return save();
        throw error;
      });
      await this.openSet(saved.id);
    });
  }

  /** Shows the comparison in a second window, for a second monitor; the results stay in this one. */
  compareElsewhere(record: RecordView): void {
    const path = pathOf({ subject: this.#address(), beside: record.id });
    window.open(path, 'skiagraph-second', 'popup');
    this.compare(null);
  }

  openSet(id: string): Promise<void> {
    return this.#attempt(async () => {
      const { set, answer } = await api.set(id);
      this.#running?.abort();
      this.subject = null;
      this.beside = null;
      this.#fresh();
      [this.saved, this.answer] = [set, answer];
      this.#push();
    });
  }

  async browse(): Promise<void> {
    this.subject = null;
    this.beside = null;
    this.#fresh();
    this.#push();
    await this.#attempt(() => this.refresh());
  }

  compare(record: RecordView | null): void {
    if (!this.subject && record) {
      void this.moreLike(record);
      return;
    }
    const replace = this.beside !== null && record !== null;
    this.beside = record;
    this.#push(replace);
  }

  judge(id: number, good: boolean): void {
    const [same, other] = good ? (['like', 'unlike'] as const) : (['unlike', 'like'] as const);
    this[other] = this[other].filter((judged) => judged !== id);
    this[same] = toggled(this[same], id);
  }

  /** Asks anew with the same subject: after a change of filters, grouping or judgements. */
  async refresh(): Promise<void> {
    // What was saved stays as it was: a change of filters goes back to the gallery.
    if (this.saved) {
      this.saved = null;
      this.#push(true);
    }
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.busy = 'searching';
    this.filterFailure = null;
    try {
      await this.#look(filterOf(this.chosen), running.signal);
      this.failure = null;
    } catch (error) {
      if (running.signal.aborted) return;
      if (error instanceof Failure && error.code === 'unknown_query' && (await this.#sendAgain())) return;
      if (error instanceof Failure && error.code === 'bad_filter') this.filterFailure = error;
      else this.#fail(error);
    } finally {
      if (this.#running === running) this.busy = null;
    }
  }

  async showMore(): Promise<void> {
    const { page } = this;
    if (!page) return;
    await this.#attempt(async () => {
      const next = await api.list(filterOf(this.chosen), page.records.length, PAGE);
      this.page = { total: next.total, records: [...page.records, ...next.records] };
    });
  }

  async signIn(key: string): Promise<boolean> {
    try {
      await api.signIn(key);
    } catch (error) {
      if (error instanceof Failure && error.code === 'wrong_key') return false;
      throw error;
    }
    await this.signedIn();
    return true;
  }

  /** Goes on where the sign-in was wanted. */
  async signedIn(): Promise<void> {
    this.signInWanted = false;
    await this.start();
  }

  async signOut(): Promise<void> {
    await this.#attempt(() => api.signOut());
    location.assign('/');
  }

  async #look(filter: string | null, signal: AbortSignal): Promise<void> {
    const { subject } = this;
    if (!subject) {
      this.page = await api.list(filter, 0, PAGE, signal);
      this.answer = null;
      return;
    }
    this.answer = await api.search(this.#question(filter), signal);
    this.page = null;
  }

  #question(filter: string | null): SearchBody {
    const { subject } = this;
    const own = subject?.kind === 'record' ? [subject.record.id] : [];
    return {
      queries: subject?.kind === 'query' ? [subject.query.id] : [],
      like: [...new Set([...own, ...this.like])],
      unlike: this.unlike,
      k: HITS,
      filter,
      group_by_patient: settings.grouped,
    };
  }

  async #sendAgain(): Promise<boolean> {
    const { subject } = this;
    if (subject?.kind !== 'query' || !subject.file) return false;
    this.subject = { ...subject, query: await api.upload(subject.file) };
    this.#push(true);
    await this.refresh();
    return true;
  }

  async #ask(subject: Subject): Promise<void> {
    this.subject = subject;
    this.beside = null;
    this.#fresh();
    this.#push();
    await this.refresh();
  }

  #fresh(): void {
    this.answer = null;
    this.saved = null;
    this.page = null;
    this.like = [];
    this.unlike = [];
    this.failure = null;
  }

  #address(): RouteSubject | null {
    const { subject, saved } = this;
    if (saved) return { kind: 'set', id: saved.id };
    if (!subject) return null;
    return subject.kind === 'query' ? { kind: 'query', id: subject.query.id } : { kind: 'record', id: subject.record.id };
  }

  /** The history keeps what a reload needs of the query, but no number of a patient or study. */
  #push(replace = false): void {
    const { subject } = this;
    const path = pathOf({ subject: this.#address(), beside: this.beside?.id ?? null });
    const query = subject?.kind === 'query' ? { ...subject.query, header: { ...subject.query.header, patient: null, study: null } } : null;
    if (replace) history.replaceState({ query }, '', path);
    else if (path !== location.pathname) history.pushState({ query }, '', path);
  }

  async #attempt(what: () => Promise<unknown>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof Failure)) throw error;
    if (error.status === 401) this.signInWanted = true;
    else this.failure = error;
  }
}

export const searchSession = new SearchSession();
