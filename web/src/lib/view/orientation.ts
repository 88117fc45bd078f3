// Which way the patient lies at each edge of the stage, as the picture is mirrored and turned.
import type { OrientationView } from '../api/schema.ts';
import type { View } from './frame.ts';

export interface Edges {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

function opposite(direction: string): string {
  return [...direction].map((letter) => OPPOSITE[letter] ?? '').join('');
}

export function edgesOf({ right, down }: OrientationView, { mirrored, turns }: Pick<View, 'mirrored' | 'turns'>): Edges {
  const across = mirrored ? opposite(right) : right;
  const clockwise = [opposite(down), across, down, opposite(across)];
  const at = (edge: number): string => clockwise[(edge - turns + 4) % 4]!;
  return { top: at(0), right: at(1), bottom: at(2), left: at(3) };
}
