// What a pressed pointer does, by the reader's habit, and what two fingers do.
import type { Point } from './frame.ts';

export const DRAGS = ['window', 'pan', 'zoom'] as const;
export type Drag = (typeof DRAGS)[number];
export const BUTTONS = ['left', 'middle', 'right'] as const;
export type Habits = Record<(typeof BUTTONS)[number], Drag>;

export const USUAL: Habits = { left: 'window', middle: 'pan', right: 'window' };
/** Pixels that a pointer may move and still click. */
export const CLICK = 3;
/** Pixels of dragging that zoom by e. */
const ZOOM_DRAG = 200;

export interface Pressed {
  button: number;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** Keys before buttons: space or Alt moves, Ctrl or Shift zooms. */
export function dragOf(pressed: Pressed, space: boolean, habits: Habits): Drag {
  if (space || pressed.altKey) return 'pan';
  if (pressed.ctrlKey || pressed.shiftKey || pressed.metaKey) return 'zoom';
  return habits[BUTTONS[pressed.button] ?? 'left'];
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

/** How much a drag downwards by pixels zooms: up enlarges. */
export function zoomOfDrag(down: number): number {
  return Math.exp(-down / ZOOM_DRAG);
}

/** How much a wheel zooms. Touchpads tell a pinch as a wheel with Ctrl, of few pixels. */
export function zoomOfWheel({ deltaY, deltaMode, ctrlKey }: { deltaY: number; deltaMode: number; ctrlKey: boolean }): number {
  const pixels = deltaMode === 1 ? deltaY * 33 : deltaMode === 2 ? deltaY * 400 : deltaY;
  return Math.exp(-pixels / (ctrlKey ? 100 : 500));
}

export interface Pinch {
  factor: number;
  /** How far the middle of both fingers moved. */
  by: Point;
  /** Where it is now. */
  at: Point;
}

export function pinchOf(before: readonly [Point, Point], after: readonly [Point, Point]): Pinch {
  const [from, at] = [middle(before), middle(after)];
  const factor = distance(...after) / Math.max(distance(...before), 1);
  return { factor, by: { x: at.x - from.x, y: at.y - from.y }, at };
}

function middle([a, b]: readonly [Point, Point]): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
