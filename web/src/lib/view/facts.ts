// What is known of a picture's geometry and grey values, of a query and of a record alike.
import type { OrientationView, QueryView, RecordView } from '../api/schema.ts';
import { scaleBy, type Scale } from './measure.ts';

export interface Facts {
  orientation: OrientationView | null;
  laterality: string | null;
  /** The file's values that are black and white. */
  window: readonly [number, number] | null;
  scale: Scale;
}

/** A query of an older server, or one that a browser kept, may lack some. */
export function factsOfQuery({ header, width, height }: QueryView): Facts {
  const { orientation = null, laterality = null, window = null, spacing = null } = header;
  return { orientation, laterality, window, scale: scaleBy(spacing, width, height) };
}

/** Of a gallery's picture a preview alone is kept: lengths are in pixels of the picture it was made of. */
export function factsOfRecord({ width, height }: Pick<RecordView, 'width' | 'height'>): Facts {
  return { orientation: null, laterality: null, window: null, scale: scaleBy(null, width, height) };
}
