// What is pure: filters, addresses, jobs, keys, pictures.
import { describe, expect, it } from 'vitest';
import { viewerAddress } from '../../src/lib/api/client.ts';
import { quoted } from '../../src/lib/answer/plain-words.ts';
import { countChosen, filterOf, nothingChosen, placeInText } from '../../src/lib/filter.ts';
import { de } from '../../src/lib/i18n/de.ts';
import { en } from '../../src/lib/i18n/en.ts';
import { kindsOf } from '../../src/lib/job-report.ts';
import { actionOf, SHORTCUTS } from '../../src/lib/keys.ts';
import { pathOf, routeOf, studyOf } from '../../src/lib/route.ts';
import type { JobView } from '../../src/lib/api/schema.ts';
import { halved, levelFor, pyramid } from '../../src/lib/view/picture.ts';

describe('filters', () => {
  it('are nothing of nothing', () => expect(filterOf(nothingChosen())).toBeNull());
  it('join text, chips and ranges', () => {
    const chosen = nothingChosen();
    Object.assign(chosen, { text: 'age > 3 or id = 1', ageTo: 90, dateFrom: '2001-02-03' });
    chosen.values.view = ['PA', 'A"P'];
    chosen.values.sex = ['F'];
    expect(filterOf(chosen)).toBe('(age > 3 or id = 1) and view in ("PA", "A\\"P") and sex = "F" and age <= 90 and study_date >= 2001-02-03');
    expect(countChosen(chosen)).toBe(6);
  });
  it('keep quotes and backslashes within', () => expect(quoted('a"\\')).toBe('"a\\"\\\\"'));
  it('find places by bytes', () => {
    expect(placeInText('ä = 1', 1)).toBe(0);
    expect(placeInText('ä = 1', 4)).toBe(2);
    expect(placeInText('age', 99)).toBe(3);
  });
});

describe('addresses', () => {
  it('come back as they went', () => {
    for (const path of ['/', '/query/abcdefgh-_12', '/query/abcdefgh-_12/with/7', '/like/12', '/like/12/with/3', '/set/abcdefgh-_12']) expect(pathOf(routeOf(path))).toBe(path);
    expect(routeOf('/like/x').subject).toBeNull();
  });
  it('of studies are UIDs alone', () => {
    expect(studyOf('#study=1.2.826.0')).toBe('1.2.826.0');
    for (const wrong of ['', '#study=', '#study=1"2', '#study=a', '#other=1', `#study=${'1'.repeat(65)}`]) expect(studyOf(wrong)).toBeNull();
  });
  it('of viewers are http alone', () => {
    expect(viewerAddress('https://v/?s={study}', '1.2 3')).toBe('https://v/?s=1.2%203');
    expect(viewerAddress('javascript:{study}', '1')).toBeNull();
    expect(viewerAddress('https://v/{study}', null)).toBeNull();
  });
});

describe('keys', () => {
  const press = (key: string, shiftKey = false) => ({ key, shiftKey, ctrlKey: false, metaKey: false, altKey: false });
  it('mean one thing in a place', () => {
    const names = SHORTCUTS.map((s) => `${s.key} ${'shift' in s} ${s.place === 'comparison' ? 'results' : s.place}`);
    expect(new Set(names).size).toBe(names.length);
  });
  it('work where they belong', () => {
    expect(actionOf(press('W', true), 'comparison')).toBe('narrower');
    expect(actionOf(press('w'), 'comparison')).toBe('wider');
    expect(actionOf(press('w'), 'results')).toBeNull();
    expect(actionOf(press('?', true), 'results')).toBe('help');
    expect(actionOf(press('ArrowUp', true), 'comparison')).toBe('panUp');
    expect(actionOf({ ...press('p'), ctrlKey: true }, 'comparison')).toBeNull();
  });
});

describe('pictures', () => {
  it('are halved by means', () => {
    expect([...halved({ width: 2, height: 2, values: Uint16Array.of(0, 1, 2, 65535) }).values]).toEqual([16385]);
  });
  it('are painted no finer than the screen needs', () => {
    const levels = pyramid({ width: 3000, height: 3000, values: new Uint16Array(9_000_000) });
    expect(levels.map((level) => level.width)).toEqual([3000, 1500, 750, 375]);
    expect(levelFor(levels, 0.3).width).toBe(1500);
    expect(levelFor(levels, 2).width).toBe(3000);
  });
});

describe('jobs', () => {
  const job: JobView = {
    id: 'a', made: '', owner: null, state: 'done', received: 5, done: 5, added: 1, known: 0, differing_count: 1, differing: [2],
    contradicting_count: 2, contradicting: [{ file: 3, record: 12, fields: ['labels', 'age'] }, { file: 4, record: null, fields: ['view'] }],
    without_picture_count: 1, without_picture: [{ file: 5, reason: 'a report' }], failed: 0, failures: [],
    warned_count: 1, warned: [{ file: 1, warnings: ['one', 'two'] }], pictures_per_second: null,
  };
  it('tell what needs a look, in every language', () => {
    for (const t of [en, de]) {
      const kinds = kindsOf(job, t);
      expect(kinds.map(({ count }) => count)).toEqual([1, 2, 1, 1]);
      expect(kinds.every(({ count, title }) => title.includes(`(${count})`))).toBe(true);
      expect(kinds.map(({ files }) => files.map(({ file }) => file))).toEqual([[2], [3, 4], [5], [1]]);
      expect(kinds[1]!.files[0]!.text).toContain('labels, age');
      expect(kinds[1]!.files[0]!.text).toContain('12');
      expect(kinds[3]!.files[0]!.text).toBe('one; two');
    }
  });
});
