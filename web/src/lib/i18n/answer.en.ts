// English words of questions and answers.
import type { Nothing } from '../answer/verdict.ts';

const nothingBecause: Record<Nothing, string> = {
  none: 'No picture passes the filter, or the gallery is empty.',
  novel: 'The query is unlike everything that the model knows. What is shown below is the nearest, but is no evidence; no relevance is estimated.',
  unlikely: 'Even the first answer is relevant with less than 20 %. What is shown below is the nearest, but is no evidence.',
};
const orders: Record<'similarity' | 'hamming', string> = { similarity: 'by similarity', hamming: 'by bits of the code' };

export const answerEn = {
  nothingBecause, orders,
  relevant: 'Relevant means: the same part of the body, and a finding in common or no finding in both.',
  expected10: (percent: number) => `About ${percent} % of the first ten are expected to be relevant.`,
  percentRelevant: (percent: number) => `${percent} % relevant`,
  rank: (n: number) => `No. ${n}`,
  apartBy: { embedding: 'distance', bits: 'bits differ', moved: 'from the moved query' },
  movedWhy: 'Your judgements moved the query: distances are to the moved query, not to the picture. Relevance is not estimated for it.',
  bitsWhy: 'Ordered by the bits of the codes; relevance is estimated for the order by similarity alone.',
  bits: (n: number, of: number) => `(${n} of ${of} bits of the codes differ)`, identity: 'File and UID',
  picture: (id: number) => `Picture ${id}`,
  uploaded: 'Uploaded picture', views: (n: number) => `${n} pictures as one question: a case is near that is near to one of them.`,
  count: 'Number', order: 'Order',
  pin: 'Keep for the next query', pinWhy: 'A filter that is not kept ends with its query.',
  words: 'Words, or a filter', wordsExample: 'fracture elbow',
  wordsWhy: 'Each word is looked for in reports and labels. A text with =, <, >, ~ or ( is a filter: age >= 18',
  passing: (n: number, of: number) => `${n.toLocaleString('en')} of ${of.toLocaleString('en')} pictures pass`,
  facetsWhy: 'Within a group one is enough; groups narrow each other.',
  judgedTitle: 'Judged pictures', takeBack: 'Take back', applied: 'These judgements moved the answer.', pending: 'Not searched with yet.',
  notTaken: 'Not taken', unreadTitle: 'No answer: this could not be read',
  unreadWhy: 'A case that was shown before is no answer to this, and is gone from the page; Back in the browser brings it again.',
  backToGallery: 'Browse the gallery',
  askedTitle: 'What was asked', note_: 'Note', noFilter: 'none', filter_: 'Filter', query_: 'Query', feedback: 'Judgements',
  feedbackOf: (like: string, unlike: string) => `like ${like || '–'}; unlike ${unlike || '–'}`, printed: 'Printed',
  galleryOf: (name: string, n: number) => `${name}, ${n.toLocaleString('en')} pictures`, galleryName: 'Gallery', model_: 'Model', oneOfGallery: 'A case of the gallery',
  uploads: (n: number) => (n === 1 ? 'an uploaded picture' : `${n} uploaded pictures`),
  noObjects: 'No FHIR or DICOM SR: they cannot say what judgements did to the query.', noSr: 'No DICOM SR: the query was no DICOM file of a study.',
  checking: (n: number, of: number) => `checking ${n} of ${of}`,
  held: (n: number) => `${n} ${n === 1 ? 'file is' : 'files are'} held back`,
  heldWhy: 'These files are not sent. Look at each, and choose what is to be added nevertheless.',
  addAnyway: (n: number) => `Add the ${n} chosen`, leaveOut: 'Leave out the rest', chooseAll: 'Choose all',
  file: (n: number) => `File ${n}`, unchecked: 'Files too large for a look beforehand are sent without.',
  tooLarge: 'Too large, and not sent', emptyWhy: 'Other words or fewer choices may help.',
  mapFindings: 'Colours show where the network for findings looks. It shows where to look, not what is ill, and misses most fractures.',
  mapModel: 'Colours show what the search weighs in the picture. They do not show findings.',
  mapEvidence: 'Colours show which places make the two pictures similar. They do not show findings.',
  mapLeast: 'least of this picture', mapMost: 'most of this picture', mapScale: 'Each picture has its own scale: colours of two pictures cannot be compared.',
};
