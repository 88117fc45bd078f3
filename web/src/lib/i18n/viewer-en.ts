// English words of the viewer.
import { SHARES } from '../view/presets.ts';

const share = ([low, high]: readonly [number, number]): string => `from percentile ${low * 100} to ${high * 100} of the grey values, without black and white`;

export const viewerActions = {
  wider: 'Wider window', narrower: 'Narrower window', brighter: 'Brighter', darker: 'Darker', zoomIn: 'Zoom in', zoomOut: 'Zoom out',
  panRight: 'Move right', panLeft: 'Move left', panDown: 'Move down', panUp: 'Move up', invert: 'Invert', rotate: 'Turn clockwise', rotateBack: 'Turn anticlockwise',
  presetStored: 'Window of the file', presetFull: 'Window of all values', presetBone: 'Window for bone', presetLung: 'Window for lung', presetSoft: 'Window for soft tissue',
  linkWindow: 'Link both windows', linkView: 'Link zoom and place', flipAcross: 'Flip left and right', flipDown: 'Flip top and bottom', otherSide: 'The other picture', enlarge: 'Enlarge the picture, and back',
  reset: 'Reset both views', ruler: 'Ruler', angle: 'Angle', cobb: 'Cobb angle', unmeasure: 'Delete the last measurement',
};

export const viewing = {
  tools: 'Tools', moreTools: 'More tools', toolsHelp: (place: string) => `${place}: set its points with the pointer, or with the arrows and Enter. Esc ends.`,
  presets: { stored: 'File', full: 'Full', bone: 'Bone', lung: 'Lung', soft: 'Soft' },
  presetWhy: {
    stored: 'The window that the file gives (its VOI); else nearly all of its values',
    full: 'From the darkest value of the picture to the brightest one, within the window of the file',
    bone: `For bone: ${share(SHARES.bone)}`, lung: `For lung: ${share(SHARES.lung)}`, soft: `For soft tissue: ${share(SHARES.soft)}`,
  },
  window: (center: string, width: string, unit: string) => `C ${center} W ${width} ${unit}`,
  unit: { values: '(file values)', percent: '%' }, windowWhy: { values: 'Centre and width of the window in values of the file, after its rescale', percent: 'Centre and width of the window in per cent of the stored grey range: no scale of values is known' },
  zoom: (percent: number) => `zoom ${percent} %`, mirrored: 'mirrored', turned: (degrees: number) => `turned ${degrees}°`, inverted: 'inverted',
  laterality: { L: 'Left side', R: 'Right side', B: 'Both sides', U: 'Unpaired part' } as Record<string, string>,
  edges: { top: 'Top edge', right: 'Right edge', bottom: 'Bottom edge', left: 'Left edge' },
  measurements: 'Measurements', ruler: 'Ruler', angle: 'Angle', cobb: 'Cobb',
  length: { mm: 'mm', detector: 'mm at the detector', pixels: 'pixels' },
  lengthWhy: { mm: 'Calibrated in the file (Pixel Spacing)', detector: 'Imager Pixel Spacing: at the detector. The patient is nearer to the tube, and smaller', pixels: 'The distance of pixels is not known' },
  remove: (what: string) => `Delete: ${what}`,
  pointer: 'Pointer', buttons: { left: 'Left drag', middle: 'Middle drag', right: 'Right drag' }, drags: { window: 'Window', pan: 'Move', zoom: 'Zoom' },
  pointerWhy: 'Wheel: zoom at the pointer. Space or Alt and drag: move. Ctrl or Shift and drag: zoom. Double click: enlarge. Two fingers: zoom and move.',
  stage: (what: string) => `${what}: picture, worked by keys`,
};
