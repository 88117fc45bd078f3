// Where the keyboard is among the cards. The place is kept while a comparison is open, and after
// Escape.
import type { Action } from './keys.ts';

/** The card that an arrow leads to: from a place, with so many cards in a row, of so many. */
export function cardTo(action: Action, from: number, row: number, count: number): number {
  if (from < 0) return 0;
  const steps: Partial<Record<Action, number>> = { next: 1, previous: -1, below: row, above: -row };
  return Math.min(Math.max(from + (steps[action] ?? 0), 0), count - 1);
}

let last: string | null = null;

const cards = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-card]')];
const idOf = (element: Element | null): string | null => (element as HTMLElement | null)?.dataset?.['card'] ?? null;

/** Keeps the card that has the focus, as the focus goes with it. */
export function keepPlace(): void {
  last = idOf(document.activeElement) ?? last;
}

/** Moves the focus among the cards; a row is as many as are equally high. */
export function moveAmongCards(action: Action): void {
  const all = cards();
  const focused = all.findIndex((card) => card === document.activeElement);
  const top = all[0]?.getBoundingClientRect().top;
  const row = all.filter((card) => card.getBoundingClientRect().top === top).length;
  // From elsewhere the first press goes back to the card that was left.
  const left = all.findIndex((card) => idOf(card) === last);
  const to = focused >= 0 ? cardTo(action, focused, row, all.length) : Math.max(left, 0);
  all[to]?.focus();
  keepPlace();
}

/** The picture whose card has the focus. */
export function focusedCard(): number | null {
  const id = idOf(document.activeElement);
  return id === null ? null : Number(id);
}
