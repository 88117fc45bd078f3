// Plain words in place of the filter language: every word must be in the report or in a label.
import { wordOf } from '../i18n/labels.ts';

/** Whether a text is in the filter language, which has a comparison or a parenthesis in every test. */
export function isLanguage(text: string): boolean {
  return /[=<>~(]/.test(text);
}

/** A value in the language's quotes. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Words and "phrases" that have a letter or a digit. */
export function wordsIn(text: string): string[] {
  const found = [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].map(([, phrase, word]) => (phrase ?? word ?? '').trim());
  return found.filter((word) => /[\p{L}\p{N}]/u.test(word));
}

const plain = (text: string): string => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replaceAll('_', ' ');

/** Labels that have a word beginning so, in either language or as they are stored. */
export function labelsLike(word: string, labels: readonly string[]): string[] {
  const wanted = plain(word);
  const says = (label: string): boolean =>
    [label, wordOf('label', label, 'en'), wordOf('label', label, 'de')].some((text) => ` ${plain(text)}`.includes(` ${wanted}`));
  return labels.filter(says);
}

/** A filter of words; null where there are none. */
export function filterOfWords(text: string, labels: readonly string[]): string | null {
  const tests = wordsIn(text).map((word) => {
    const report = `report ~ ${quoted(`${word.replace(/\*+$/, '')}*`)}`;
    const named = labelsLike(word, labels);
    return named.length === 0 ? report : `(${report} or label in (${named.map(quoted).join(', ')}))`;
  });
  return tests.length > 0 ? tests.join(' and ') : null;
}
