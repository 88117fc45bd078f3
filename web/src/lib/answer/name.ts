// What a picture is called on the page: by its date, part and view, or by its file without folders;
// never by a hash, a UID or a path.
import { isPart, wordOf } from '../i18n/labels.ts';
import type { Language } from '../settings.svelte.ts';

/** What is known of a picture, of the gallery or uploaded. */
export interface Described {
  labels?: readonly string[];
  body_part?: string | null;
  view?: string | null;
  study_date?: string | null;
  name?: string;
}

/** The file's name without its folders; null where that is a number, a hash or a UID. */
export function fileName(path: string): string | null {
  const name = path.split(/[/\\]/).pop()?.trim() ?? '';
  const stem = name.replace(/\.[A-Za-z]{2,4}$/, '');
  const hash = /^[0-9a-f]{16,}$/i.test(stem) || /^[\d.]*$/.test(stem) || /^[\w-]{22}$/.test(stem);
  return hash ? null : name;
}

/** Date, part and view in words, as far as they are known. */
function traits({ labels = [], body_part, view, study_date }: Described, parts: readonly string[] | undefined, language: Language): string[] {
  const part = labels.find((label) => isPart(label, parts));
  const where = body_part ? wordOf('body_part', body_part, language) : part ? wordOf('label', part, language) : null;
  return [study_date, where, view ? wordOf('view', view, language) : null].filter((word) => word != null && word !== '') as string[];
}

/** The heading of a picture; `otherwise` where nothing can name it. */
export function titleOf(picture: Described, parts: readonly string[] | undefined, language: Language, otherwise: string): string {
  const words = traits(picture, parts, language);
  if (words.length >= 2) return words.join(' · ');
  return fileName(picture.name ?? '') ?? words[0] ?? otherwise;
}
