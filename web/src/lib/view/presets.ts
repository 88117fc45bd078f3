// Windows that fit a picture's own grey values: shares of its pixels, as the values of two
// radiographs are not on one scale.
import type { Level } from './picture.ts';
import { WHOLE, type Window } from './window.ts';

export const PRESETS = ['stored', 'full', 'bone', 'lung', 'soft'] as const;
export type Preset = (typeof PRESETS)[number];
export type Presets = Record<Preset, Window>;

/** From black to white: shares of the pixels that are neither black nor white. */
export const SHARES = { bone: [0.4, 0.998], lung: [0.005, 0.7], soft: [0.1, 0.9] } as const;

const VALUES = 65536;

export function presetsOf({ values }: Level): Presets {
  const counts = new Uint32Array(VALUES);
  for (const value of values) counts[value]! += 1;
  const full = between(firstOf(counts), lastOf(counts));
  // Ends are collimators, markers, and what the file's window cuts off.
  counts[0] = counts[VALUES - 1] = 0;
  const of = ([low, high]: readonly [number, number]): Window => between(quantile(counts, low), quantile(counts, high));
  return { stored: WHOLE, full, bone: of(SHARES.bone), lung: of(SHARES.lung), soft: of(SHARES.soft) };
}

function firstOf(counts: Uint32Array): number {
  return Math.max(counts.findIndex((count) => count > 0), 0);
}

function lastOf(counts: Uint32Array): number {
  return counts.findLastIndex((count) => count > 0);
}

/** The least value that this share of the counted ones do not exceed; null of none. */
function quantile(counts: Uint32Array, share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  return counts.findIndex((count) => (left -= count) <= 0 && count > 0);
}

/** The window between two values; the whole where there are none between. */
function between(low: number | null, high: number | null): Window {
  if (low === null || high === null || high <= low) return WHOLE;
  return { center: (low + high) / 2 / (VALUES - 1), width: (high - low) / (VALUES - 1) };
}
