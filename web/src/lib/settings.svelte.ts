// What the reader prefers, kept in the browser: never anything of a patient.
import { USUAL, type Habits } from './view/gesture.ts';

export type Theme = 'dark' | 'light' | 'auto';
export type Language = 'en' | 'de';

interface Kept {
  theme: Theme;
  language: Language;
  shortcuts: boolean;
  /** What dragging with each button does to a picture. */
  drags: Habits;
  /** Whether both pictures of a comparison have one window, and one zoom and place. */
  linkedWindow: boolean;
  linkedView: boolean;
}

const NAME = 'skiagraph';

function kept(): Kept {
  const language: Language = navigator.language.startsWith('de') ? 'de' : 'en';
  const usual: Kept = { theme: 'dark', language, shortcuts: true, drags: USUAL, linkedWindow: false, linkedView: true };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(NAME) ?? '{}') as Partial<Kept>) };
  } catch {
    return usual;
  }
}

export const settings = $state(kept());

const light = matchMedia('(prefers-color-scheme: light)');

export function applySettings(): void {
  const { theme, language } = settings;
  document.documentElement.dataset['theme'] = theme === 'auto' ? (light.matches ? 'light' : 'dark') : theme;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(NAME, JSON.stringify(settings));
  } catch {
    // Storage may be forbidden: the choice lasts as long as the page.
  }
}

light.addEventListener('change', applySettings);

export function nextTheme(): void {
  settings.theme = ({ dark: 'light', light: 'auto', auto: 'dark' } as const)[settings.theme];
}
