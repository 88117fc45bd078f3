// What the page answers is understood, kept and true: names, filters, addresses, judgements, files.
import { expect, type Page } from '@playwright/test';
import { resolve } from 'node:path';
import { accessible, answered, chest, openChest, shot, test } from './page.ts';

const limb = resolve(import.meta.dirname, '../../samples/images/fracatlas');
const settled = (page: Page): Promise<void> => expect(page.getByText('Searching…')).toBeHidden();

test('relevance says what it counts, and falls with the rank while distances rise', async ({ page }) => {
  await openChest(page);
  await expect(page.getByText('Relevant means: the same part of the body, and a finding in common or no finding in both.')).toBeVisible();
  const texts = await page.locator('.measures').allTextContents();
  const distances = texts.map((text) => Number.parseFloat(text.trim()));
  const percents = texts.flatMap((text) => /(\d+) % relevant/.exec(text)?.[1] ?? []).map(Number);
  expect(percents).toHaveLength(10);
  expect(distances).toEqual([...distances].sort((a, b) => a - b));
  expect(percents).toEqual([...percents].sort((a, b) => b - a));
});

test('a warning and a number never contradict each other', async ({ page }) => {
  await page.route('**/api/v1/search', async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { estimate: object; hits: object[] };
    const hits = answer.hits.map((hit) => ({ ...hit, relevance: null }));
    return route.fulfill({ response, json: { ...answer, hits, nothing_similar: true, estimate: { precision: 0.9, novel: true } } });
  });
  await openChest(page);
  await expect(page.getByRole('alert')).toContainText('unlike everything that the model knows');
  await expect(page.locator('main')).not.toContainText(/expected to be relevant|% relevant/);
});

test('cards have names and words, no hashes and no folders', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  const main = page.locator('main');
  await expect(main).not.toContainText(/images\/|_fractured|upper_limb|[0-9a-f]{16}/);
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await expect(page.getByRole('group', { name: 'Körperregion' })).toContainText('Obere Extremität');
  await accessible(page);
});

test('filters narrow across facets, widen within, and words need no language', async ({ page }) => {
  await page.goto('/');
  const total = page.getByText(/ of [\d,]+ pictures pass/);
  const passing = async (): Promise<number> => Number.parseInt((await total.textContent()) ?? '');
  await page.getByRole('group', { name: 'Part of the body' }).getByRole('button', { name: 'Upper limb' }).click();
  await expect(page).toHaveURL(/part=upper_limb/);
  await settled(page);
  const limbs = await passing();
  await page.getByRole('group', { name: 'Finding' }).getByRole('button', { name: /^Fracture/ }).click();
  await expect(page).toHaveURL(/finding=fractured/);
  await settled(page);
  expect(await passing()).toBeLessThan(limbs);
  for (const labels of await page.locator('.labels').allTextContents()) {
    expect(labels).toContain('Upper limb');
    expect(labels).toContain('Fracture');
  }
  await page.goBack();
  await expect(total).toContainText(`${limbs} of`);
  await page.goForward();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Clear (2)' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear (2)' }).click();
  await page.getByLabel(/Words, or a filter/).fill('viral pneumonia');
  await expect(page.locator('.labels').first()).toContainText('Viral pneumonia');
  for (const labels of await page.locator('.labels').allTextContents()) expect(labels).toContain('Viral pneumonia');
  expect(page.url()).not.toContain('viral');
  await page.reload();
  await expect(page.getByLabel(/Words, or a filter/)).toHaveValue('viral pneumonia');
  await accessible(page);
});

test('number, order and a pinned filter are in the address; one that is not pinned ends with its query', async ({ page }) => {
  await openChest(page);
  await page.getByLabel('Number').selectOption('12');
  await expect(page.locator('[data-card]')).toHaveCount(12);
  await page.getByLabel('Order').selectOption('hamming');
  await expect(page.getByText('Ordered by the bits of the codes')).toBeVisible();
  await expect(page).toHaveURL(/k=12&order=hamming/);
  await page.reload();
  await expect(page.locator('[data-card]')).toHaveCount(12);
  await page.getByLabel('Order').selectOption('similarity');
  await page.getByRole('group', { name: 'View' }).getByRole('button', { name: /^PA/ }).click();
  await settled(page);
  await page.getByRole('button', { name: /^More like this/ }).first().click();
  await expect(page).toHaveURL(/\/like\/\d+\?k=12$/);
  await page.getByRole('group', { name: 'View' }).getByRole('button', { name: /^PA/ }).click();
  await page.getByRole('button', { name: 'Keep for the next query' }).click();
  await page.getByRole('button', { name: /^More like this/ }).nth(2).click();
  await expect(page).toHaveURL(/view=PA/);
  await expect(page.getByRole('button', { name: 'Keep for the next query' })).toHaveAttribute('aria-pressed', 'true');
  await accessible(page);
});

test('judged pictures stay in a list, and each judgement is taken back alone', async ({ page }) => {
  await openChest(page);
  await page.getByRole('button', { name: /^Like this/ }).first().click();
  await page.getByRole('button', { name: /^Unlike this/ }).nth(5).click();
  const list = page.getByRole('region', { name: 'Judged pictures' });
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await page.getByRole('button', { name: /Search again/ }).click();
  await expect(page.getByText('Your judgements moved the query')).toBeVisible();
  await expect(page.locator('.measures').first()).toContainText('from the moved query');
  await expect(page.locator('main')).not.toContainText(/bits differ|% relevant/);
  await expect(page).toHaveURL(/like=\d+&unlike=\d+/);
  await accessible(page);
  await page.reload();
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await list.getByRole('button', { name: /^Take back/ }).first().click();
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await expect(list).toContainText('Not searched with yet.');
  await list.getByRole('button', { name: /^Take back/ }).first().click();
  await page.getByRole('button', { name: /Search again/ }).click();
  await expect(page.getByText('Your judgements moved the query')).toBeHidden();
  await expect(list).toBeHidden();
});

test('a broken file is named, replaces the former case, and is tried again', async ({ page }) => {
  await openChest(page);
  const former = page.url();
  await page.locator('input[type=file]').setInputFiles({ name: 'thorax.dcm', mimeType: '', buffer: Buffer.from('no picture at all') });
  await expect(page.getByRole('alert')).toContainText('thorax.dcm: This kind of file is not read.');
  await expect(page.locator('[data-card]')).toHaveCount(0);
  await accessible(page);
  const upload = page.waitForRequest((request) => request.url().endsWith('/api/v1/queries'));
  await page.getByRole('button', { name: 'Try again' }).click();
  await upload;
  await expect(page.getByRole('alert')).toContainText('thorax.dcm');
  await page.goBack();
  await answered(page);
  expect(page.url()).toBe(former);
});

test('several files are one question, and what was not taken is named', async ({ page }) => {
  await page.goto('/');
  const search = page.waitForRequest((request) => request.url().endsWith('/api/v1/search'));
  await page.locator('input[type=file]').setInputFiles([chest, `${limb}/IMG0002607.jpg`, resolve(import.meta.dirname, 'page.ts')]);
  expect(((await search).postDataJSON() as { queries: string[] }).queries).toHaveLength(2);
  await answered(page);
  await expect(page.getByText('2 pictures as one question')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('page.ts: This kind of file is not read.');
  await accessible(page);
  await page.reload();
  await expect(page.getByText('2 pictures as one question')).toBeVisible();
});

test('the keyboard keeps its place after Enter and Escape', async ({ page }) => {
  await openChest(page);
  for (let at = 0; at < 4; at += 1) await page.keyboard.press('ArrowRight');
  const fourth = page.locator('[data-card]').nth(3);
  await expect(fourth).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/with\/\d+/);
  await page.keyboard.press('Escape');
  await expect(fourth).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
  await expect(fourth).toBeFocused();
});

test('a map of the picture has a scale and says what it shows', async ({ page }) => {
  await openChest(page);
  await page.locator('[data-card]').first().click();
  await page.keyboard.press('s');
  await expect(page.getByRole('note').filter({ hasText: 'own scale' })).toBeVisible();
  await page.keyboard.press('e');
  await expect(page.getByText('which places make the two pictures similar')).toBeVisible();
  await accessible(page);
});

test('paper is black on white and says what was asked', async ({ page }) => {
  await openChest(page);
  await page.getByRole('group', { name: 'View' }).getByRole('button', { name: /^PA/ }).click();
  await settled(page);
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByText('view = "PA"')).toBeVisible();
  const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.title')!).color]);
  expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  await shot(page, 'print');
});
