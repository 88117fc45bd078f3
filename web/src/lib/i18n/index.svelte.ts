// The dictionary of the language that is set.
import { settings } from '../settings.svelte.ts';
import { de } from './de.ts';
import { en, type Dictionary } from './en.ts';

export function words(): Dictionary {
  return settings.language === 'de' ? de : en;
}
