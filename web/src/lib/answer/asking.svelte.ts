// Asks the server, keeps the address to what is asked, and keeps what failed to do it again.
import { account } from '../account.svelte.ts';
import { api, Failure } from '../api/client.ts';
import { nothingChosen } from '../filter.ts';
import { pathOf, searchOf, type Subject as RouteSubject } from '../route.ts';
import { askedOf, judgedIds, type Judgement, type Subject } from './question.ts';
import { AnswerState } from './state.svelte.ts';
import { show, withoutNumbers } from './tab.ts';

const PAGE = 60;

export class Asking extends AnswerState {
  /** The judgements that moved the answer. */
  protected applied = $state.raw<Judgement[]>([]);
  protected again: () => Promise<void> = () => this.refresh();
  /** What a sign-in kept from being done. */
  protected held: (() => Promise<void>) | null = null;
  #running: AbortController | null = null;

  /** Whether the answer is of the judgements as they are. */
  get isApplied(): boolean {
    const of = (judged: Judgement[]): string => judged.map(({ id, good }) => `${id} ${good}`).sort().join();
    return of(this.applied) === of(this.judged);
  }

  /** Does again what failed. */
  retry(): Promise<void> {
    this.failure = null;
    return this.again();
  }

  /** Asks anew with the same subject: after a change of filter, shape or judgements. */
  async refresh(replace = false): Promise<void> {
    this.unread = false;
    this.filterFailure = null;
    this.applied = this.judged;
    const fromSaved = this.saved !== null;
    // What was saved stays as it was: a change of filters goes back to the gallery.
    this.saved = null;
    this.show(replace || fromSaved);
    const running = this.stop();
    this.busy = 'searching';
    try {
      await this.#look(running.signal);
      this.failure = null;
    } catch (error) {
      if (running.signal.aborted) return;
      if (error instanceof Failure && error.code === 'unknown_query' && (await this.sendAgain())) return this.refresh(true);
      if (error instanceof Failure && error.code === 'bad_filter') this.filterFailure = error;
      else this.fail(error, () => this.refresh(true));
    } finally {
      if (this.#running === running) this.busy = null;
    }
  }

  async showMore(): Promise<void> {
    const { page } = this;
    if (!page) return;
    await this.attempt(async () => {
      const next = await api.list(this.filter, page.records.length, PAGE);
      this.page = { total: next.total, records: [...page.records, ...next.records] };
    }, () => this.showMore());
  }

  /** Asks with another subject. A filter that is not pinned stays behind. */
  protected async ask(subject: Subject): Promise<void> {
    this.empty();
    this.subject = subject;
    if (!this.pinned) this.chosen = nothingChosen();
    await this.refresh();
  }

  /** Uploads the files again, as servers forget pictures after a while. */
  protected async sendAgain(): Promise<boolean> {
    const { subject } = this;
    if (subject?.kind !== 'query' || subject.files.length === 0) return false;
    const [query, ...others] = await Promise.all(subject.files.map((file) => api.upload(file)));
    this.subject = { ...subject, query: query!, others };
    return true;
  }

  /** Stops what runs; what is to run instead. */
  protected stop(): AbortController {
    this.#running?.abort();
    this.#running = new AbortController();
    return this.#running;
  }

  /** The address of all this, with another picture beside it. */
  protected address(beside = this.beside?.id ?? null): string {
    const { subject, saved, chosen, shape, pinned } = this;
    const route: RouteSubject | null = saved
      ? { kind: 'set', id: saved.id }
      : subject?.kind === 'query'
        ? { kind: 'query', ids: [subject.query, ...subject.others].map(({ id }) => id) }
        : subject && { kind: 'record', id: subject.record.id };
    const [like, unlike] = [judgedIds(this.applied, true), judgedIds(this.applied, false)];
    return pathOf({ subject: route, beside }) + (saved ? '' : searchOf({ chosen, shape, like, unlike, pinned }));
  }

  protected show(replace = false): void {
    const { subject } = this;
    const queries = subject?.kind === 'query' ? [subject.query, ...subject.others].map(withoutNumbers) : [];
    show(this.address(), { queries, text: this.chosen.text }, replace);
  }

  protected async attempt(what: () => Promise<unknown>, again: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.fail(error, again);
    }
  }

  protected fail(error: unknown, again: () => Promise<void>): void {
    if (!(error instanceof Failure)) throw error;
    this.again = again;
    if (error.status !== 401) this.failure = error;
    else [account.signInWanted, this.held] = [true, again];
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { subject, filter, question } = this;
    if (!subject) {
      const page = await api.list(filter, 0, PAGE, signal);
      [this.page, this.answer, this.passing] = [page, null, filter === null ? null : page.total];
      return;
    }
    const passing = filter === null ? null : api.list(filter, 0, 0, signal).then(({ total }) => total, () => null);
    const answer = { ...(await api.search(question, signal)), asked: askedOf(question) };
    this.passing = await passing;
    [this.answer, this.page] = [answer, null];
  }
}
