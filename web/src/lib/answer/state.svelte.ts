// The state of a question and its answer, and what follows from it.
import type { AskedView, GalleryView, HitView, ListView, RecordView, SearchBody, SearchView, SetView } from '../api/schema.ts';
import type { Failure } from '../api/client.ts';
import { filterOf, nothingChosen } from '../filter.ts';
import { judgedAnew, judgedIds, questionOf, USUAL, type Judgement, type Shape, type Subject } from './question.ts';
import type { NotTaken } from './uploads.ts';

/** Of answers that an older server saved, and that do not say what was asked. */
const UNTOLD: AskedView = { pictures: 1, like: [], unlike: [], filter: null, group_by_patient: false, order: 'similarity' };

export class AnswerState {
  gallery = $state.raw<GalleryView | null>(null);
  subject = $state.raw<Subject | null>(null);
  answer = $state.raw<SearchView | null>(null);
  /** What the answer was saved as, if it is one that was saved. */
  saved = $state.raw<SetView | null>(null);
  page = $state.raw<ListView | null>(null);
  judged = $state.raw<Judgement[]>([]);
  chosen = $state(nothingChosen());
  shape = $state.raw<Shape>(USUAL);
  /** Whether the filter stays for the next query. */
  pinned = $state(false);
  /** How many pictures pass the filter; null without one. */
  passing = $state.raw<number | null>(null);
  /** The record beside the query. */
  beside = $state.raw<RecordView | null>(null);
  busy = $state<'encoding' | 'searching' | null>(null);
  failure = $state.raw<Failure | null>(null);
  filterFailure = $state.raw<Failure | null>(null);
  /** Files that are no part of the question though they were given. */
  notTaken = $state.raw<NotTaken[]>([]);
  /** Whether none of the files could be read: then there is no answer. */
  unread = $state(false);

  get records(): RecordView[] {
    return this.subject || this.saved ? (this.answer?.hits.map((hit) => hit.record) ?? []) : (this.page?.records ?? []);
  }

  get like(): number[] {
    return judgedIds(this.judged, true);
  }

  get unlike(): number[] {
    return judgedIds(this.judged, false);
  }

  /** The question of the answer. */
  get asked(): AskedView {
    return (this.answer?.asked as AskedView | undefined) ?? UNTOLD;
  }

  /** The labels that name a part of the body, where the model says so. */
  get parts(): string[] | undefined {
    return this.gallery?.card.parts as string[] | undefined;
  }

  get filter(): string | null {
    return filterOf(this.chosen, this.gallery?.facets.label.map(({ value }) => value));
  }

  get question(): SearchBody {
    return questionOf(this.subject, this.judged, this.shape, this.filter);
  }

  hit(id: number): HitView | null {
    return this.answer?.hits.find((hit) => hit.id === id) ?? null;
  }

  judge(id: number, good: boolean): void {
    const known = [...this.judged.map((one) => one.record), ...this.records, ...(this.beside ? [this.beside] : [])];
    const record = known.find((one) => one.id === id);
    if (record) this.judged = judgedAnew(this.judged, record, good);
  }

  /** Takes away what is asked and answered. */
  protected empty(): void {
    this.subject = null;
    this.beside = null;
    this.answer = null;
    this.saved = null;
    this.page = null;
    this.judged = [];
    this.failure = null;
    this.notTaken = [];
    this.unread = false;
  }
}
