// Pictures are added by the page: sent, worked off, and told of where they are none.
import { expect } from '@playwright/test';
import { accessible, chest, shot, test } from './page.ts';

test('files become pictures of the gallery, and what is none is told', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByLabel('Choose files', { exact: true }).setInputFiles(chest);
  await expect(page.getByText('done').first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/1 \/ 1 · 0 added, 1 known before, 0 no radiographs/)).toBeVisible();
  await page.getByLabel('Choose files', { exact: true }).setInputFiles({ name: 'none.dcm', mimeType: '', buffer: Buffer.from('no picture at all') });
  await expect(page.getByText(/1 \/ 1 · 0 added, 0 known before, 1 no radiographs/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('none.dcm')).toBeVisible();
  await accessible(page);
  await shot(page, 'index');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('files in doubt are held back by name until they are chosen', async ({ page }) => {
  await page.route('**/api/v1/queries', async (route) => {
    const response = await route.fetch();
    const query = (await response.json()) as object;
    return route.fulfill({ response, json: { ...query, doubts: [{ code: 'burned_in_text', text: 'text' }] } });
  });
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  await page.keyboard.press('n');
  let jobs = 0;
  page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/api/v1/jobs')) jobs += 1; });
  await page.getByLabel('Choose files', { exact: true }).setInputFiles(chest);
  const held = page.getByRole('alert', { name: '1 file is held back' });
  await expect(held).toContainText('00004048_015.jpg');
  await expect(held).toContainText('text in it');
  expect(jobs).toBe(0);
  await accessible(page);
  await held.getByRole('checkbox').check();
  await held.getByRole('button', { name: 'Add the 1 chosen' }).click();
  await expect(page.getByText(/1 \/ 1 · 0 added, 1 known before/).first()).toBeVisible({ timeout: 30_000 });
  expect(jobs).toBe(1);
});
