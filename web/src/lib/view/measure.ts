// Lengths and angles in a picture, in millimetres where the distance of its pixels is known.
import type { Point } from './frame.ts';
import type { SpacingView } from '../api/schema.ts';

export type Tool = 'ruler' | 'angle' | 'cobb';

export interface Measurement {
  tool: Tool;
  /** In shares of the picture's sides. An angle's second one is its corner; Cobb's are two lines. */
  points: readonly Point[];
}

/** How long the picture's sides are. */
export interface Scale {
  width: number;
  height: number;
  /** Millimetres at the detector are of a shadow, larger than what throws it. */
  unit: 'mm' | 'detector' | 'pixels';
}

export const POINTS: Record<Tool, number> = { ruler: 2, angle: 3, cobb: 4 };

export function scaleBy(spacing: SpacingView | null, width: number, height: number): Scale {
  if (!spacing) return { width, height, unit: 'pixels' };
  return { width: width * spacing.columns, height: height * spacing.rows, unit: spacing.at_detector ? 'detector' : 'mm' };
}

/** A length in the scale's unit, or an angle in degrees; null before there are points enough. */
export function valueOf({ tool, points }: Measurement, scale: Scale): number | null {
  const [a, b, c, d] = points;
  if (!a || !b) return null;
  if (tool === 'ruler') return length(vector(a, b, scale));
  if (tool === 'angle') return c ? between(vector(b, a, scale), vector(b, c, scale)) : null;
  return c && d ? acute(between(vector(a, b, scale), vector(c, d, scale))) : null;
}

/** The lines that are drawn, by the places of their ends among the points. */
export function linesOf({ tool, points }: Measurement): [Point, Point][] {
  const ends: [number, number][] = tool === 'cobb' ? [[0, 1], [2, 3]] : [[0, 1], [1, 2]];
  return ends.flatMap(([from, to]): [Point, Point][] => {
    const [a, b] = [points[from], points[to]];
    return a && b ? [[a, b]] : [];
  });
}

function vector(from: Point, to: Point, scale: Scale): Point {
  return { x: (to.x - from.x) * scale.width, y: (to.y - from.y) * scale.height };
}

function length({ x, y }: Point): number {
  return Math.hypot(x, y);
}

/** Degrees from 0 to 180; 0 where a line has no length. */
function between(a: Point, b: Point): number {
  const turn = Math.atan2(a.x * b.y - a.y * b.x, a.x * b.x + a.y * b.y);
  return (Math.abs(turn) * 180) / Math.PI;
}

/** Lines have no direction: which end was set first does not count. */
function acute(degrees: number): number {
  return Math.min(degrees, 180 - degrees);
}

/** Its value as it is written, with its unit. */
export function textOf(measurement: Measurement, scale: Scale, language: string, units: Record<Scale['unit'], string>): string | null {
  const value = valueOf(measurement, scale);
  if (value === null) return null;
  const digits = measurement.tool === 'ruler' && scale.unit === 'pixels' ? 0 : 1;
  const number = value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
  return measurement.tool === 'ruler' ? `${number} ${units[scale.unit]}` : `${number}°`;
}
