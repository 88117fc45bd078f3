// What a reader does, against the real server, model and samples; axe and the pictures of
// docs/screenshots on the way.
import { expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { accessible, openChest, shot, test } from './page.ts';

test('browsing, a gallery case, and back', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('For research, not for diagnosis')).toBeVisible();
  await expect(page.locator('[data-card]')).toHaveCount(60);
  await accessible(page);
  await shot(page, 'gallery');
  await page.locator('[data-card]').first().click();
  await expect(page).toHaveURL(/\/like\/\d+$/);
  await expect(page.getByRole('heading', { name: 'Similar cases' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Gallery' })).toBeVisible();
});

test('a file is searched, filtered, judged and searched again', async ({ page }) => {
  await openChest(page);
  await accessible(page);
  await shot(page, 'results');
  await page.getByRole('group', { name: 'Finding' }).getByRole('button').first().click();
  await expect(page.getByRole('button', { name: 'Clear (1)' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear (1)' }).click();
  await page.getByLabel(/Words, or a filter/).fill('age >');
  await expect(page.getByText('The filter cannot be read.')).toBeVisible();
  await accessible(page);
  await shot(page, 'filter-error');
  await page.getByLabel(/Words, or a filter/).fill('');
  await expect(page.getByText('The filter cannot be read.')).toBeHidden();
  await page.getByRole('button', { name: /^Like this/ }).first().click();
  await page.getByRole('button', { name: /^Unlike this/ }).nth(5).click();
  await expect(page.getByText('1 like, 1 unlike')).toBeVisible();
  await page.getByRole('button', { name: /Search again/ }).click();
  await page.getByRole('button', { name: 'Copy list' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('rank\tid\tdistance');
});

test('a comparison by keys alone', async ({ page }) => {
  await openChest(page);
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('[data-card]').first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/with\/\d+$/);
  await expect(page.getByText('16 bit')).toBeVisible();
  const pixel = (): Promise<number[]> =>
    page.evaluate(() => {
      const canvas = document.querySelector('canvas')!;
      return [...canvas.getContext('2d')!.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data];
    });
  // Nothing is read of a canvas that is not painted yet.
  await expect.poll(async () => (await pixel())[3]).toBe(255);
  const before = await pixel();
  await page.keyboard.press('i');
  await expect.poll(async () => (await pixel())[0]).toBe(255 - before[0]!);
  await page.keyboard.press('0');
  await page.keyboard.press('s');
  await accessible(page);
  await shot(page, 'comparison');
  await page.keyboard.press('e');
  await expect(page.getByRole('button', { name: 'Evidence' })).toHaveAttribute('aria-pressed', 'true');
  const painted = (): Promise<boolean[]> => page.evaluate(() => [...document.querySelectorAll<HTMLCanvasElement>('canvas + canvas')].map((overlay) => overlay.width > 1));
  await expect.poll(painted).toEqual([true, true]);
  await accessible(page);
  await shot(page, 'evidence');
  await page.keyboard.press('e');
  const address = page.url();
  await page.keyboard.press('ArrowRight');
  await expect(page).not.toHaveURL(address);
  await page.keyboard.press('b');
  await expect(page.getByRole('button', { name: 'Search this region' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await accessible(page);
  await shot(page, 'region');
  await page.keyboard.press('Enter');
  await expect(page.getByText('part of the picture')).toBeVisible();
});

test('results are saved, opened by a link, taken along and deleted', async ({ page }) => {
  await openChest(page);
  await page.keyboard.press('k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await accessible(page);
  await page.getByLabel('Name').fill('Enlarged <b>hearts</b>');
  await page.getByLabel('Note').fill('for the Tuesday round');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await expect(page.getByRole('heading', { name: 'Enlarged <b>hearts</b>' })).toBeVisible();
  await expect(page).toHaveURL(/\/set\/[\w-]+$/);
  await page.reload();
  await expect(page.getByText('for the Tuesday round')).toBeVisible();
  await expect(page.locator('[data-card]')).toHaveCount(48);
  await accessible(page);
  await shot(page, 'saved');
  for (const [link, content] of [['Report (HTML)', 'Note: for the Tuesday round'], ['FHIR', '"resourceType": "Bundle"']] as const) {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: link }).click();
    expect(readFileSync(await (await download).path(), 'utf8')).toContain(content);
  }
  await page.keyboard.press('h');
  await page.keyboard.press('u');
  await expect(page.getByRole('dialog')).toContainText('Enlarged <b>hearts</b>');
  await accessible(page);
  await page.getByRole('button', { name: /^Delete: Enlarged/ }).first().click();
  await expect(page.getByRole('dialog')).not.toContainText('Enlarged');
});

test('help, German, and the light theme', async ({ page }) => {
  await openChest(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await accessible(page);
  await shot(page, 'keyboard');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await page.keyboard.press('t');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await expect(page.getByRole('heading', { name: 'Ähnliche Fälle' })).toBeVisible();
  await accessible(page);
  await shot(page, 'light-german');
});

test('a broken file and a lost connection are said', async ({ page }) => {
  await page.goto('/');
  await page.locator('input[type=file]').setInputFiles({ name: 'x.dcm', mimeType: '', buffer: Buffer.from('no picture at all') });
  await expect(page.getByRole('alert')).toContainText('x.dcm: This kind of file is not read.');
  await page.getByRole('button', { name: 'Browse the gallery' }).click();
  await page.route('**/api/v1/records/list', (route) => route.abort());
  await page.getByLabel(/Words, or a filter/).fill('age > 1');
  await expect(page.getByRole('alert')).toContainText('The server does not answer.');
  await page.unroute('**/api/v1/records/list');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('results that may be old are said to be', async ({ page }) => {
  await page.route('**/api/v1/search', async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as object;
    return route.fulfill({ response, json: { ...answer, stale_seconds: 75 } });
  });
  await openChest(page);
  await expect(page.getByRole('alert')).toContainText('may lack what came in the last 2 minutes');
  await accessible(page);
});

test('windowing 3,000 × 3,000 pixels', async ({ page }) => {
  await page.route('**/pixels', (route) => {
    const values = Uint16Array.from({ length: 9_000_000 }, (_, at) => (at * 7) % 65536);
    return route.fulfill({ headers: { 'X-Width': '3000', 'X-Height': '3000' }, contentType: 'application/octet-stream', body: Buffer.from(values.buffer) });
  });
  await openChest(page);
  await page.locator('[data-card]').first().click();
  await expect(page.getByText('3000 × 3000 · 16 bit')).toBeVisible();
  const box = (await page.locator('.stage').first().boundingBox())!;
  await page.mouse.move(box.x + 100, box.y + 300);
  await page.mouse.down();
  const frames = page.evaluate(() => new Promise<number[]>((done) => {
    const took: number[] = [];
    let last = performance.now();
    const tick = (now: number): void => {
      took.push(now - last);
      last = now;
      if (took.length < 90) requestAnimationFrame(tick);
      else done(took.slice(1));
    };
    requestAnimationFrame(tick);
  }));
  for (let at = 0; at < 120; at += 1) await page.mouse.move(box.x + 100 + at, box.y + 300 + (at % 40));
  const sorted = (await frames).sort((a, b) => a - b);
  await page.mouse.up();
  console.log(`frame: median ${sorted[44]!.toFixed(1)} ms, 95 % ${sorted[84]!.toFixed(1)} ms`);
});
