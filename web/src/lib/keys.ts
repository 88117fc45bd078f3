// Which key does what, and where. The help sheet is made of this table.

export type Place = 'everywhere' | 'results' | 'comparison';

export interface Shortcut {
  /** `KeyboardEvent.key`; a letter in lower case. */
  key: string;
  shift?: boolean;
  action: Action;
  place: Place;
}

export type Action = (typeof SHORTCUTS)[number]['action'];

export const SHORTCUTS = [
  { key: '?', action: 'help', place: 'everywhere' },
  { key: '/', action: 'filter', place: 'everywhere' },
  { key: 'o', action: 'open', place: 'everywhere' },
  { key: 'h', action: 'browse', place: 'everywhere' },
  { key: 't', action: 'theme', place: 'everywhere' },
  { key: 'y', action: 'group', place: 'everywhere' },
  { key: 'u', action: 'sets', place: 'everywhere' },
  { key: 'n', action: 'index', place: 'everywhere' },
  { key: 'g', action: 'research', place: 'everywhere' },
  { key: 'k', action: 'save', place: 'results' },
  { key: 'Escape', action: 'back', place: 'everywhere' },
  { key: 'ArrowRight', action: 'next', place: 'results' },
  { key: 'ArrowLeft', action: 'previous', place: 'results' },
  { key: 'ArrowDown', action: 'below', place: 'results' },
  { key: 'ArrowUp', action: 'above', place: 'results' },
  { key: '+', action: 'like', place: 'results' },
  { key: '-', action: 'unlike', place: 'results' },
  { key: 'm', action: 'more', place: 'results' },
  { key: 'f', action: 'again', place: 'results' },
  { key: 'w', action: 'wider', place: 'comparison' },
  { key: 'w', shift: true, action: 'narrower', place: 'comparison' },
  { key: 'c', action: 'brighter', place: 'comparison' },
  { key: 'c', shift: true, action: 'darker', place: 'comparison' },
  { key: '1', action: 'presetStored', place: 'comparison' },
  { key: '2', action: 'presetFull', place: 'comparison' },
  { key: '3', action: 'presetBone', place: 'comparison' },
  { key: '4', action: 'presetLung', place: 'comparison' },
  { key: '5', action: 'presetSoft', place: 'comparison' },
  { key: 'l', action: 'linkWindow', place: 'comparison' },
  { key: 'l', shift: true, action: 'linkView', place: 'comparison' },
  { key: 'z', action: 'zoomIn', place: 'comparison' },
  { key: 'z', shift: true, action: 'zoomOut', place: 'comparison' },
  { key: 'ArrowRight', shift: true, action: 'panRight', place: 'comparison' },
  { key: 'ArrowLeft', shift: true, action: 'panLeft', place: 'comparison' },
  { key: 'ArrowDown', shift: true, action: 'panDown', place: 'comparison' },
  { key: 'ArrowUp', shift: true, action: 'panUp', place: 'comparison' },
  { key: 'i', action: 'invert', place: 'comparison' },
  { key: 'r', action: 'rotate', place: 'comparison' },
  { key: 'r', shift: true, action: 'rotateBack', place: 'comparison' },
  { key: 'h', shift: true, action: 'flipAcross', place: 'comparison' },
  { key: 'v', shift: true, action: 'flipDown', place: 'comparison' },
  { key: 'q', action: 'otherSide', place: 'comparison' },
  { key: 'x', action: 'enlarge', place: 'comparison' },
  { key: '0', action: 'reset', place: 'comparison' },
  { key: 'd', shift: true, action: 'ruler', place: 'comparison' },
  { key: 'a', action: 'angle', place: 'comparison' },
  { key: 'a', shift: true, action: 'cobb', place: 'comparison' },
  { key: 'Delete', action: 'unmeasure', place: 'comparison' },
  { key: 's', action: 'saliency', place: 'comparison' },
  { key: 'e', action: 'evidence', place: 'comparison' },
  { key: 'b', action: 'region', place: 'comparison' },
  { key: 'p', action: 'priors', place: 'comparison' },
  { key: 'v', action: 'viewer', place: 'comparison' },
  { key: 'd', action: 'elsewhere', place: 'results' },
] as const satisfies readonly (Omit<Shortcut, 'action'> & { action: string })[];

const SIGNS: Record<string, string> = { ArrowRight: '→', ArrowLeft: '←', ArrowDown: '↓', ArrowUp: '↑', Escape: 'Esc', Delete: '⌦' };

/** A key as it is written on a keyboard. */
export function signOf({ key, shift }: Pick<Shortcut, 'key' | 'shift'>): string {
  return `${shift ? '⇧ ' : ''}${SIGNS[key] ?? key.toUpperCase()}`;
}

export function signOfAction(action: Action): string {
  const shortcut = (SHORTCUTS as readonly Shortcut[]).find((one) => one.action === action);
  return shortcut ? signOf(shortcut) : '';
}

/** Keys that work in a place that is within others: a comparison is of results. */
function within(place: Place, current: Place): boolean {
  return place === 'everywhere' || place === current || (place === 'results' && current === 'comparison');
}

export interface Pressed {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a pressed key does in a place. Shift is a part of signs such as `?` and `+`, which it makes on most keyboards. */
export function actionOf(pressed: Pressed, current: Place): Action | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const letter = /^[a-z]$/i.test(pressed.key);
  const key = letter ? pressed.key.toLowerCase() : pressed.key === '=' ? '+' : pressed.key === '_' ? '-' : pressed.key;
  const shifts = letter || key.startsWith('Arrow');
  const found = (SHORTCUTS as readonly Shortcut[]).find(
    (shortcut) =>
      shortcut.key === key && within(shortcut.place, current) && (!shifts || (shortcut.shift ?? false) === pressed.shiftKey),
  );
  return found?.action ?? null;
}

/** Whether a letter is being written there, so that it is no shortcut. */
export function writes(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const written = target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  return written || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
