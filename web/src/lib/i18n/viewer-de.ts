// German words of the viewer.
import { SHARES } from '../view/presets.ts';
import type { viewing as english, viewerActions as englishActions } from './viewer-en.ts';

const share = ([low, high]: readonly [number, number]): string => `von Perzentil ${(low * 100).toLocaleString('de')} bis ${(high * 100).toLocaleString('de')} der Grauwerte, ohne Schwarz und Weiß`;

export const viewerActions: typeof englishActions = {
  wider: 'Fenster weiter', narrower: 'Fenster enger', brighter: 'Heller', darker: 'Dunkler', zoomIn: 'Vergrößern', zoomOut: 'Verkleinern',
  panRight: 'Nach rechts', panLeft: 'Nach links', panDown: 'Nach unten', panUp: 'Nach oben', invert: 'Invertieren', rotate: 'Nach rechts drehen', rotateBack: 'Nach links drehen',
  presetStored: 'Fenster der Datei', presetFull: 'Fenster aller Werte', presetBone: 'Fenster für Knochen', presetLung: 'Fenster für Lunge', presetSoft: 'Fenster für Weichteile',
  linkWindow: 'Beide Fenster koppeln', linkView: 'Zoom und Lage koppeln', flipAcross: 'Links und rechts spiegeln', flipDown: 'Oben und unten spiegeln', otherSide: 'Das andere Bild', enlarge: 'Bild vergrößern und zurück',
  reset: 'Beide Ansichten zurücksetzen', ruler: 'Lineal', angle: 'Winkel', cobb: 'Cobb-Winkel', unmeasure: 'Letzte Messung löschen',
};

export const viewing: typeof english = {
  tools: 'Werkzeuge', moreTools: 'Weitere Werkzeuge', toolsHelp: (place) => `${place}: Punkte mit dem Zeiger setzen, oder mit Pfeiltasten und Eingabe. Esc beendet.`,
  presets: { stored: 'Datei', full: 'Voll', bone: 'Knochen', lung: 'Lunge', soft: 'Weichteile' },
  presetWhy: {
    stored: 'Das Fenster, das die Datei angibt (VOI); sonst fast alle ihre Werte',
    full: 'Vom dunkelsten bis zum hellsten Wert des Bildes, innerhalb des Fensters der Datei',
    bone: `Für Knochen: ${share(SHARES.bone)}`, lung: `Für die Lunge: ${share(SHARES.lung)}`, soft: `Für Weichteile: ${share(SHARES.soft)}`,
  },
  window: (center, width, unit) => `C ${center} W ${width} ${unit}`,
  unit: { values: '(Werte der Datei)', percent: '%' }, windowWhy: { values: 'Mitte und Breite des Fensters in Werten der Datei nach deren Umrechnung', percent: 'Mitte und Breite des Fensters in Prozent des gespeicherten Graubereichs: Eine Werteskala ist nicht bekannt' },
  zoom: (percent) => `Zoom ${percent} %`, mirrored: 'gespiegelt', turned: (degrees) => `gedreht um ${degrees}°`, inverted: 'invertiert',
  laterality: { L: 'Linke Seite', R: 'Rechte Seite', B: 'Beide Seiten', U: 'Unpaariger Teil' },
  edges: { top: 'Oberer Rand', right: 'Rechter Rand', bottom: 'Unterer Rand', left: 'Linker Rand' },
  measurements: 'Messungen', ruler: 'Lineal', angle: 'Winkel', cobb: 'Cobb',
  length: { mm: 'mm', detector: 'mm am Detektor', pixels: 'Pixel' },
  lengthWhy: { mm: 'In der Datei kalibriert (Pixel Spacing)', detector: 'Imager Pixel Spacing: am Detektor. Der Patient ist näher an der Röhre und kleiner', pixels: 'Der Abstand der Pixel ist nicht bekannt' },
  remove: (what) => `Löschen: ${what}`,
  pointer: 'Zeiger', buttons: { left: 'Ziehen links', middle: 'Ziehen mit der mittleren Taste', right: 'Ziehen rechts' }, drags: { window: 'Fenster', pan: 'Verschieben', zoom: 'Zoom' },
  pointerWhy: 'Mausrad: Zoom am Zeiger. Leertaste oder Alt und ziehen: verschieben. Strg oder Umschalt und ziehen: Zoom. Doppelklick: vergrößern. Zwei Finger: Zoom und verschieben.',
  stage: (what) => `${what}: Bild, mit Tasten zu bedienen`,
};
