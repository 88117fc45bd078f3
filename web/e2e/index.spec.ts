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
  await page.getByText(/^What failed/).first().click();
  await expect(page.getByText('File 1')).toBeVisible();
  await accessible(page);
  await shot(page, 'index');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});
