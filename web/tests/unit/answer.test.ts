// What is pure of questions and answers: words, names, verdicts, judgements, addresses.
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/lib/api/client.ts';
import type { HitView, QueryView, RecordView, SearchView } from '../../src/lib/api/schema.ts';
import { fileName, titleOf } from '../../src/lib/answer/name.ts';
import { filterOfWords, isLanguage, labelsLike, wordsIn } from '../../src/lib/answer/plain-words.ts';
import { askedOf, judgedAnew, judgedIds, questionOf, USUAL, type Judgement } from '../../src/lib/answer/question.ts';
import { MOST_VIEWS, uploadAll } from '../../src/lib/answer/uploads.ts';
import { isMoved, measured, measureOf, nothingOf, percentOf, shareOf } from '../../src/lib/answer/verdict.ts';
import { facetCounts, filterOf, nothingChosen } from '../../src/lib/filter.ts';
import { de } from '../../src/lib/i18n/de.ts';
import { en } from '../../src/lib/i18n/en.ts';
import { isPart, labelWords, wordOf } from '../../src/lib/i18n/labels.ts';
import { cardTo } from '../../src/lib/place.ts';
import { narrowingOf, searchOf } from '../../src/lib/route.ts';

const record = (id: number): RecordView => ({ id, labels: [], name: '' }) as unknown as RecordView;
const hit = (relevance: number | null): HitView => ({ id: 1, distance: 12, euclidean: 0.5, relevance }) as HitView;
const asked = { pictures: 1, like: [], unlike: [], filter: null, group_by_patient: false, order: 'similarity' as const };

describe('labels', () => {
  it('are words in both languages, and have spaces where they are unknown', () => {
    expect(labelWords(['upper_limb', 'not_fractured', 'odd_new_label'], 'en')).toBe('Upper limb, No fracture, odd new label');
    expect(labelWords(['upper_limb', 'fractured'], 'de')).toBe('Obere Extremität, Fraktur');
    expect(wordOf('view', 'frontal+lateral', 'de')).toBe('frontal + seitlich');
    expect(wordOf('body_part', 'CHEST', 'de')).toBe('Thorax');
    expect(wordOf('label', 'constructor', 'en')).toBe('constructor');
  });
  it('are parts where the model says so, or else the table', () => {
    expect([isPart('hip', undefined), isPart('hip', []), isPart('hip', ['wrist']), isPart('wrist', ['wrist'])]).toEqual([true, true, false, true]);
  });
});

describe('names', () => {
  it('are files without folders, and no hashes, UIDs or numbers', () => {
    expect(fileName('/work/a/IMG0003519.jpg')).toBe('IMG0003519.jpg');
    expect(fileName('C:\\x\\thorax.dcm')).toBe('thorax.dcm');
    for (const none of ['', 'a/', 'f56fa60c4e46b1d95fc36f0c6771f468', '1.2.840.113', '1.2.840.113.dcm', 'q7_-AAAAAAAAAAAAAAAAAA/17', 'mR5AAAAAAAAAAAAAAAAAAA']) expect(fileName(none)).toBeNull();
  });
  it('of pictures are date, part and view, or else the file', () => {
    expect(titleOf({ labels: ['hip', 'fractured'], view: 'frontal', name: '/x/a.jpg' }, undefined, 'en', '?')).toBe('Hip · frontal');
    expect(titleOf({ body_part: 'HAND', study_date: '2020-01-31' }, undefined, 'de', '?')).toBe('2020-01-31 · Hand');
    expect(titleOf({ labels: ['hip'], name: '/x/a.jpg' }, undefined, 'en', '?')).toBe('a.jpg');
    expect(titleOf({ labels: ['hip'] }, undefined, 'en', '?')).toBe('Hip');
    expect(titleOf({ name: '1.2.3' }, undefined, 'en', 'Picture 7')).toBe('Picture 7');
  });
});

describe('plain words', () => {
  it('are told from the filter language', () => {
    expect(['fracture of the elbow', '"pleural effusion"'].map(isLanguage)).toEqual([false, false]);
    expect(['age >= 18', 'report ~ "x"', 'view in ("PA")', 'age >'].map(isLanguage)).toEqual([true, true, true, true]);
  });
  it('are looked for in reports and labels, all of them', () => {
    expect(wordsIn('a "b c" - d"')).toEqual(['a', 'b c', 'd']);
    expect(filterOfWords(' - ', [])).toBeNull();
    expect(filterOfWords('fracture elbow', ['fractured', 'not_fractured', 'hip'])).toBe('(report ~ "fracture*" or label in ("fractured", "not_fractured")) and report ~ "elbow*"');
    expect(labelsLike('Obere', ['upper_limb', 'hip'])).toEqual(['upper_limb']);
    expect(labelsLike('odem', ['edema'])).toEqual(['edema']);
    expect(filterOfWords('a"* or id=1', [])).not.toContain('""');
  });
});

describe('facets', () => {
  const facets = { body_part: [], view: [], modality: [], sex: [], source: [], label: [{ value: 'hip', count: 3 }, { value: 'fractured', count: 2 }] };
  it('divide labels into parts and findings', () => {
    const counts = facetCounts(facets, undefined);
    expect([counts.part, counts.finding]).toEqual([[{ value: 'hip', count: 3 }], [{ value: 'fractured', count: 2 }]]);
  });
  it('are alternatives within and narrow each other', () => {
    const chosen = nothingChosen();
    chosen.values.part = ['upper_limb'];
    chosen.values.finding = ['fractured'];
    expect(filterOf(chosen)).toBe('label = "upper_limb" and label = "fractured"');
    chosen.values.finding = ['fractured', 'hardware'];
    expect(filterOf(chosen)).toBe('label = "upper_limb" and label in ("fractured", "hardware")');
  });
});

describe('verdicts', () => {
  const answer = (nothing: boolean, novel: boolean, hits = 1): SearchView => ({ hits: Array(hits).fill(hit(0.1)), nothing_similar: nothing, estimate: { precision: 0.8, novel } }) as unknown as SearchView;
  it('give a share only where something is similar', () => {
    expect([nothingOf(answer(false, false)), shareOf(answer(false, false))]).toEqual([null, 0.8]);
    expect([nothingOf(answer(true, true)), shareOf(answer(true, true))]).toEqual(['novel', null]);
    expect([nothingOf(answer(true, false)), shareOf(answer(true, false))]).toEqual(['unlikely', null]);
    expect(nothingOf(answer(true, false, 0))).toBe('none');
  });
  it('measure what hits are ordered by', () => {
    expect([measureOf(asked), measured(hit(0.4), asked), percentOf(hit(0.4), asked)]).toEqual(['embedding', '0.500', 40]);
    const bits = { ...asked, order: 'hamming' as const };
    expect([measureOf(bits), measured(hit(0.4), bits), percentOf(hit(0.4), bits)]).toEqual(['bits', '12', null]);
    expect(measureOf({ ...asked, like: [3] })).toBe('moved');
  });
  it('know that one picture of the gallery alone is no feedback', () => {
    expect(isMoved({ pictures: 0, like: [1], unlike: [] })).toBe(false);
    expect(isMoved({ pictures: 0, like: [1], unlike: [2] })).toBe(true);
    expect(isMoved({ pictures: 1, like: [], unlike: [] })).toBe(false);
  });
});

describe('judgements', () => {
  it('are taken back one by one', () => {
    let judged: Judgement[] = [];
    judged = judgedAnew(judged, record(1), true);
    judged = judgedAnew(judged, record(2), false);
    expect([judgedIds(judged, true), judgedIds(judged, false)]).toEqual([[1], [2]]);
    judged = judgedAnew(judged, record(2), true);
    expect(judgedIds(judged, true)).toEqual([1, 2]);
    judged = judgedAnew(judged, record(1), true);
    expect([judgedIds(judged, true), judgedIds(judged, false)]).toEqual([[2], []]);
  });
  it('are part of the question, with the case asked with', () => {
    const judged = judgedAnew([], record(5), true);
    const question = questionOf({ kind: 'record', record: record(3) }, judged, USUAL, 'age > 1');
    expect([question.like, question.k, question.filter]).toEqual([[3, 5], 48, 'age > 1']);
    expect(askedOf(question)).toMatchObject({ pictures: 0, like: [3, 5], filter: 'age > 1' });
  });
});

describe('addresses of narrowed answers', () => {
  it('come back as they went, without the free text', () => {
    const chosen = { ...nothingChosen(), ageFrom: 18, dateTo: '2020-01-31', text: 'Mustermann' };
    chosen.values.finding = ['fractured', 'a&b'];
    const narrowing = { chosen, shape: { k: 24, order: 'hamming' as const, grouped: true }, like: [3, 7], unlike: [9], pinned: true };
    const search = searchOf(narrowing);
    expect(search).not.toContain('Mustermann');
    expect(narrowingOf(search)).toEqual({ ...narrowing, chosen: { ...chosen, text: '' } });
    expect(searchOf({ chosen: nothingChosen(), shape: USUAL, like: [], unlike: [], pinned: false })).toBe('');
  });
  it('pass over what is wrong', () => {
    expect(narrowingOf('?k=7&order=x&like=1,a&ageFrom=-1&dateFrom=1&other=2')).toEqual({ chosen: nothingChosen(), shape: USUAL, like: [], unlike: [], pinned: false });
  });
});

describe('files to ask with', () => {
  const file = (name: string): File => ({ name }) as File;
  const upload = (one: File): Promise<QueryView> => (one.name === 'bad' ? Promise.reject(new Failure(415, { code: 'unsupported_file', message: 'no' })) : Promise.resolve({ id: one.name } as QueryView));
  it('are views of one question; one at fault stops no other and is named', async () => {
    const { queries, notTaken } = await uploadAll(['a', 'bad', 'b'].map(file), upload);
    expect([queries.map(({ id }) => id), notTaken]).toEqual([['a', 'b'], [{ name: 'bad', code: 'unsupported_file', message: 'no' }]]);
  });
  it('are as many as a question takes', async () => {
    const { queries, notTaken } = await uploadAll(Array.from({ length: MOST_VIEWS + 2 }, (_, at) => file(`f${at}`)), upload);
    expect([queries.length, notTaken.map(({ name, code }) => `${name} ${code}`)]).toEqual([MOST_VIEWS, ['f16 too_many', 'f17 too_many']]);
  });
  it('end where the server is away', async () => {
    await expect(uploadAll([file('a')], () => Promise.reject(new Failure(0, { code: 'unreachable', message: '' })))).rejects.toThrow();
  });
});

describe('places', () => {
  it('stay among the cards', () => {
    expect([cardTo('next', -1, 5, 12), cardTo('next', 11, 5, 12), cardTo('below', 3, 5, 12), cardTo('above', 3, 5, 12), cardTo('previous', 4, 5, 12)]).toEqual([0, 11, 8, 0, 3]);
  });
});

describe('German', () => {
  const missing = (a: object, b: object, path = ''): string[] => Object.entries(a).flatMap(([key, value]) => {
    const other = (b as Record<string, unknown>)[key];
    if (other === undefined) return [`${path}${key}`];
    return value && typeof value === 'object' ? missing(value as object, other as object, `${path}${key}.`) : [];
  });
  it('has every word that English has', () => expect(missing(en, de)).toEqual([]));
  it('has no word that is still English', () => {
    const texts = (of: object): [string, unknown][] => Object.entries(of).filter(([, value]) => typeof value === 'string' && value.split(' ').length > 3);
    expect(texts(en).filter(([key, value]) => (de as unknown as Record<string, unknown>)[key] === value)).toEqual([]);
  });
});
