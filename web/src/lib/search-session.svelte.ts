// What a person does with questions and answers: the one session that the page's parts share.
import { account } from './account.svelte.ts';
import { api, Failure } from './api/client.ts';
import { Asking } from './answer/asking.svelte.ts';
import { quoted } from './answer/plain-words.ts';
import { judgedIds, type Judgement, type Shape, type Subject } from './answer/question.ts';
import { keptOf, type Kept } from './answer/tab.ts';
import { uploadAll } from './answer/uploads.ts';
import { nothingChosen } from './filter.ts';
import { narrowingOf, routeOf, searchOf, studyOf, type Subject as RouteSubject } from './route.ts';
import type { QueryView, RecordView, Region, SetView } from './api/schema.ts';

class SearchSession extends Asking {
  async start(): Promise<void> {
    await this.attempt(async () => {
      if (!(await account.arrive())) return;
      this.gallery = await api.gallery();
      // A file may have been dropped already.
      if (this.busy !== 'encoding') await this.#arrive();
    }, () => this.start());
  }

  /** Goes on where the sign-in was wanted. */
  async signedIn(): Promise<void> {
    const { held } = this;
    this.held = null;
    await this.start();
    await held?.();
  }

  /** Goes to where the address says. */
  arrive(): Promise<void> {
    return this.attempt(() => this.#arrive(), () => this.arrive());
  }

  /** Asks with files, which are views of one study. Where none can be read, nothing is left of the case before. */
  async open(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    // Whoever goes elsewhere meanwhile is not brought back.
    const { signal } = this.stop();
    this.busy = 'encoding';
    const again = (): Promise<void> => this.open(files);
    await this.attempt(async () => {
      const { queries, files: taken, notTaken } = await uploadAll(files).catch((error: unknown) => {
        if (!(error instanceof Failure) || error.status === 401) throw error;
        return { queries: [], files: [], notTaken: files.map(({ name }) => ({ name, code: error.code, message: error.message })) };
      });
      if (signal.aborted) return;
      const [query, ...others] = queries;
      if (query) await this.ask({ kind: 'query', query, others, files: taken, part: false });
      else this.#unread(again);
      this.notTaken = notTaken;
    }, again);
    if (this.busy === 'encoding') this.busy = null;
  }

  #unread(again: () => Promise<void>): void {
    this.stop();
    this.empty();
    this.unread = true;
    this.again = again;
    this.show();
  }

  async openRegion(region: Region): Promise<void> {
    const { subject } = this;
    if (subject?.kind !== 'query') return;
    const { signal } = this.stop();
    this.busy = 'encoding';
    await this.attempt(async () => {
      const query = await api.region(subject.query.id, region);
      if (!signal.aborted) await this.ask({ kind: 'query', query, others: [], files: [], part: true });
    }, () => this.openRegion(region));
    if (this.busy === 'encoding') this.busy = null;
  }

  openRecord(id: number): Promise<void> {
    return this.attempt(async () => this.ask({ kind: 'record', record: await api.record(id) }), () => this.openRecord(id));
  }

  moreLike(record: RecordView): Promise<void> {
    return this.ask({ kind: 'record', record });
  }

  /** Saves the answer under a name, and shows it as what it is then. A query that the server has forgotten is sent again first. */
  save(name: string, note: string, shared: boolean): Promise<void> {
    const save = async (): Promise<SetView> => api.save(name, note, shared, this.question);
    return this.attempt(async () => {
      const saved = await save().catch(async (error: unknown) => {
        if (error instanceof Failure && error.code === 'unknown_query' && (await this.sendAgain())) return save();
        throw error;
      });
      await this.openSet(saved.id);
    }, () => this.save(name, note, shared));
  }

  openSet(id: string): Promise<void> {
    return this.attempt(async () => {
      const { set, answer } = await api.set(id);
      this.stop();
      this.empty();
      this.busy = null;
      [this.saved, this.answer] = [set, answer];
      this.show();
    }, () => this.openSet(id));
  }

  async browse(): Promise<void> {
    this.empty();
    if (!this.pinned) this.chosen = nothingChosen();
    await this.refresh();
  }

  compare(record: RecordView | null): void {
    if (!this.subject && record) {
      void this.moreLike(record);
      return;
    }
    const replace = this.beside !== null && record !== null;
    this.beside = record;
    this.show(replace);
  }

  /** Shows the comparison in a second window, for a second monitor; the results stay in this one. */
  compareElsewhere(record: RecordView): void {
    window.open(this.address(record.id), 'skiagraph-second', 'popup');
    this.compare(null);
  }

  reshape(change: Partial<Shape>): Promise<void> {
    this.shape = { ...this.shape, ...change };
    return this.refresh();
  }

  forget(): Promise<void> {
    this.judged = [];
    return this.refresh();
  }

  clearFilter(): Promise<void> {
    this.chosen = nothingChosen();
    return this.refresh();
  }

  pin(): void {
    this.pinned = !this.pinned;
    this.show(true);
  }

  async #arrive(): Promise<void> {
    const study = studyOf(location.hash);
    if (study) return this.#openStudy(study);
    const { subject, beside } = routeOf(location.pathname);
    if (subject?.kind === 'set') return this.saved?.id === subject.id ? undefined : this.openSet(subject.id);
    const kept = keptOf(history.state);
    const moved = await this.#become(subject, kept);
    const narrowed = await this.#narrow(kept.text);
    this.beside = beside === null ? null : (this.records.find((record) => record.id === beside) ?? (await api.record(beside)));
    if (moved || narrowed || (!this.answer && !this.page)) await this.refresh(true);
  }

  /** Asks with the first picture of a study; the address no longer names the study then. */
  async #openStudy(study: string): Promise<void> {
    history.replaceState(null, '', '/');
    const { records } = await api.list(`study = ${quoted(study)}`, 0, 1);
    if (records[0]) return this.ask({ kind: 'record', record: records[0] });
    await this.browse();
    this.failure = new Failure(404, { code: 'unknown_study', message: '' });
  }

  /** Takes the subject of an address, unless it is there; whether it was not. */
  async #become(to: Exclude<RouteSubject, { kind: 'set' }> | null, kept: Kept): Promise<boolean> {
    const { subject } = this;
    const there = subject?.kind === 'query' ? [subject.query, ...subject.others].map(({ id }) => id).join() : subject?.record.id;
    if (!this.saved && (to?.kind === 'query' ? to.ids.join() : to?.id) === there) return false;
    this.stop();
    this.empty();
    this.busy = null;
    if (to) this.subject = await this.#subject(to, kept);
    return true;
  }

  async #subject(to: Exclude<RouteSubject, { kind: 'set' }>, { queries: kept }: Kept): Promise<Subject> {
    if (to.kind === 'record') return { kind: 'record', record: await api.record(to.id) };
    // A window that was opened to show it has no history of its own.
    const find = async (id: string): Promise<QueryView> => kept.find((query) => query.id === id) ?? api.query(id);
    const [query, ...others] = await Promise.all(to.ids.map(find));
    return { kind: 'query', query: query!, others, files: [], part: false };
  }

  /** Takes filter, shape and judgements of the address; whether they differ from those of the answer. */
  async #narrow(text: string): Promise<boolean> {
    const { chosen, shape, like, unlike, pinned } = narrowingOf(location.search);
    const [liked, unliked] = [judgedIds(this.applied, true), judgedIds(this.applied, false)];
    const before = searchOf({ chosen: this.chosen, shape: this.shape, like: liked, unlike: unliked, pinned }) + this.chosen.text;
    const changed = before !== searchOf({ chosen, shape, like, unlike, pinned }) + text;
    [this.chosen, this.shape, this.pinned] = [{ ...chosen, text }, shape, pinned];
    if (changed || this.judged.length === 0) this.judged = await this.#judgements(like, unlike);
    return changed;
  }

  #judgements(like: number[], unlike: number[]): Promise<Judgement[]> {
    const judged = async (id: number, good: boolean): Promise<Judgement> => ({ id, good, record: await api.record(id) });
    return Promise.all([...like.map((id) => judged(id, true)), ...unlike.map((id) => judged(id, false))]);
  }
}

export const searchSession = new SearchSession();
