// English: the dictionary that the others have the shape of.
import { answerEn } from './answer.en.ts';
import type { Action } from '../keys.ts';
import type { Facet } from '../filter.ts';
import { viewing, viewerActions } from './viewer-en.ts';

const actions: Record<Action, string> = {
  help: 'This sheet', sets: 'Saved results', index: 'Add pictures', research: 'Map and research', save: 'Save these results', filter: 'Write a filter', open: 'Open a file', browse: 'Browse the gallery', theme: 'Theme: dark, light, as the system',
  group: 'Each patient once', back: 'Back, or close', next: 'Next picture', previous: 'Previous picture', below: 'Row below',
  above: 'Row above', like: 'Like this (again: undo)', unlike: 'Unlike this (again: undo)', more: 'More like this one', again: 'Search again with judgements',
  ...viewerActions, saliency: 'Where the model looks', evidence: 'What makes them similar', region: 'Search a region', priors: 'Priors of the patient', viewer: 'Open in the viewer', elsewhere: 'Compare in the second window',
};
const facets: Record<Facet | 'label', string> = {
  body_part: 'Body part', part: 'Part of the body', finding: 'Finding', view: 'View', modality: 'Modality', sex: 'Sex', source: 'Source', label: 'Label',
};
const doubts: Record<string, string> = {
  inverted: 'Seems inverted: black and white exchanged.', turned_left: 'Seems turned a quarter to the left.',
  turned_right: 'Seems turned a quarter to the right.', upside_down: 'Seems upside down.',
  unlike_everything_known: 'Unlike everything that the model knows: perhaps no radiograph.',
  several_pictures: 'Seems to be several pictures in one.', burned_in_text: 'Seems to have text in it, which may name a patient.',
};
const failures: Record<string, string> = {
  unreachable: 'The server does not answer.', unsupported_file: 'This kind of file is not read.', broken_file: 'This file is damaged.',
  too_large: 'This file is too large.', unknown_query: 'The picture is no longer held by the server: open it again.',
  unknown_record: 'The gallery no longer has this picture.', bad_filter: 'The filter cannot be read.', busy: 'The server is busy.',
  unknown_job: 'This job is long over.', no_map: 'No map was drawn of this gallery. IT draws it with `skiagraph gallery map`.', jobs_elsewhere: 'Another server puts pictures into this gallery.', unknown_study: 'The gallery has no picture of this study.', unknown_set: 'This result is no longer saved, or not for you.', no_database: 'The database of the gallery does not answer. Try again in a moment.', no_audit: 'The server cannot keep its audit log, and shows nothing without.',
  internal: 'The server failed. IT finds why in its log.', invalid: 'The server does not take this.', too_many: 'More than 16 pictures are not asked with at once.', other_model: 'The gallery was made anew with another model. IT starts the server again.', damaged_record: 'The record of a picture is damaged.', too_slow: 'Sending took too long.', not_owner: 'Somebody else began this.',
  role_too_low: 'Your role does not allow this.', wrong_key: 'This key is not known.', key_wanted: 'Sign in.',
};

export const en = {
  ...answerEn,
  actions, facets, doubts, failures, viewing,
  research: 'For research, not for diagnosis',
  skip: 'Skip to the pictures',
  pictures: (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'picture' : 'pictures'}`,
  drop: 'Drop a radiograph', dropMore: 'or paste one. DICOM, PNG, JPEG, TIFF', choose: 'Choose a file', dropHere: 'Drop to search',
  query: 'Query', case_: 'Gallery case', part: 'part of the picture', encoding: 'Reading the picture…', searching: 'Searching…',
  filters: 'Filters', clear: 'Clear',
  expected: 'expected', from: 'from', to: 'to', age: 'Age', date: 'Study date', more: (n: number) => `${n} more`, fewer: 'Fewer',
  gallery: 'Gallery', similar: 'Similar cases', ofTotal: (n: number, total: number) => `${n} of ${total}`, showMore: 'Show more',
  nothing: 'Nothing similar enough',
  stale: (minutes: number) => `The database of the gallery does not answer. These results may lack what came in the last ${minutes === 1 ? 'minute' : `${minutes} minutes`}.`,
  empty: 'No picture passes the filters.', grouped: 'Each patient once', tally: 'Labels of these results',
  took: (encode: string, search: string) => `encoded in ${encode} ms, searched in ${search} ms`,

  years: (n: number) => `${n} y`, like: 'Like this', unlike: 'Unlike this', moreLike: 'More like this', compare: 'Compare',
  again: 'Search again', judged: (like: number, unlike: number) => `${like} like, ${unlike} unlike`, forget: 'Forget',
  copy: 'Copy list', copied: 'Copied', print: 'Print', close: 'Close', back: 'Back to results', previous: 'Previous', next: 'Next',
  opacity: 'Opacity', reset: 'Reset', saliency: 'Saliency', evidence: 'Evidence', evidenceWhy: 'Bright: without this place the two pictures would be less similar',
  region: 'Region', regionHelp: 'Drag a box on the query, or move it with the arrows and size it with Shift and the arrows. Enter searches.',
  searchRegion: 'Search this region', priors: 'Priors', noPriors: 'No other picture of this patient.', viewer: 'Open in viewer', report: 'Report', noReport: 'No report text.',
  labels: 'Labels', thumbnail: 'stored preview', pixels16: '16 bit', help: 'Keyboard', shortcuts: 'Single-key shortcuts',
  everywhere: 'Everywhere', results: 'Pictures', comparison: 'Comparison', theme: { dark: 'Dark', light: 'Light', auto: 'As system' }, language: 'Language',
  saved: 'Saved results', save: 'Save', saveAs: 'Save these results', note: 'Note', shared: 'All who may search here see it', sharedBy: 'shared',
  savedWhen: (when: string) => `saved ${when}`, noSets: 'Nothing is saved yet.', open: 'Open', remove: 'Delete', link: 'Copy link',
  exportReport: 'Report (HTML)', exportFhir: 'FHIR', exportSr: 'DICOM SR', frozen: 'As it was when it was saved; the gallery may have changed.',
  index: 'Add pictures', indexWhy: 'Files are sent one by one and are safe once they are sent: close this page, and the server goes on.',
  elsewhere: 'Second window', researchPage: 'Map', map: 'Map of the gallery', colour: 'Colour by', otherOrNone: 'other, or none', mapPicture: (id: number) => `Picture ${id}`,
  mapHelp: 'Every point is a picture; similar ones lie near each other. Drag to move, wheel to zoom, click to ask with a picture. Keys: arrows, + and −, 0 for all of it, Enter asks with the one at the cross.',
  newer: (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'picture' : 'pictures'} came after it was drawn`, evaluated: 'How good it is',
  epochs: (n: number) => `${n} ${n === 1 ? 'epoch' : 'epochs'}`, seed: 'seed', fitted: 'hash layer fitted', toldApart: 'Trained to tell apart', task: 'Task', queries: 'Queries', byClass: 'P@10, mean of the classes',
  noQuality: 'No evaluation was given to this server (--evaluation).', onDisk: (n: string) => `${n} MB on the disk`,
  chooseFiles: 'Choose files', chooseFolder: 'Choose a folder', jobs: 'Jobs', noJobs: 'No pictures were added here yet.', cancel: 'Cancel',
  sending: (n: number, of: number) => `sending ${n} of ${of}`, jobState: { open: 'receiving', working: 'working', done: 'done', cancelled: 'cancelled' },
  jobCounts: (added: number, known: number, failed: number) => `${added} added, ${known} known before, ${failed} no radiographs`,
  perSecond: (n: string) => `${n} pictures/s`, failedFiles: (n: number) => `What failed, and why (${n})`,
  differingFiles: (n: number) => `Not kept: another picture or description under a known SOP Instance UID (${n})`, firstIsKept: 'The gallery keeps the first.',
  contradictingFiles: (n: number) => `Not taken over: known, and described otherwise than in the gallery (${n})`,
  otherFields: (fields: string, record: number | null) => `${fields}: other than ${record === null ? 'of the same picture before it' : `in picture ${record}`}, which is kept`,
  withoutPicture: (n: number) => `Passed over: DICOM objects without a picture (${n})`, warnedFiles: (n: number) => `Added with warnings (${n})`,
  model: 'Model', compared: 'How it compares', readsAt: (size: number) => `sees ${size} × ${size} pixels`,
  signIn: 'Sign in', key: 'Key', signInWhy: 'This server wants to know who you are. What says so is kept in a cookie that scripts cannot read.', signInSingle: 'Sign in with the account of the house', signInKey: 'Sign in with a key',
  signedIn: 'You are signed in. This window can be closed.', notSignedIn: 'You are not signed in', goOn: 'Go on',
  signInRefused: { 'not-begun': 'The sign-in was not begun in this browser, or too long ago.', 'by-provider': 'The identity provider did not let you in.', 'no-role': 'You are known, but have no role here. Ask IT for one.', failed: 'The identity provider cannot be asked, or its answer is not to be believed. IT finds why in the log.' } as Record<string, string>,
  signOut: 'Sign out', retry: 'Try again',
  name: 'Name', licence: 'Licence', size: 'Size', patientSex: 'Sex',
};

export type Dictionary = typeof en;
