// What the journeys share: where files are, settling, screenshots, axe, and that nothing goes to
// another host.
import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { resolve } from 'node:path';

const samples = resolve(import.meta.dirname, '../../samples/images');
/** A chest radiograph that the model knows the like of. */
export const chest = `${samples}/nih/00004048_015.jpg`;

export const test = base.extend<{ watched: void }>({
  watched: [async ({ page }, use) => {
    const hosts = [process.env['SKIAGRAPH'] ?? '127.0.0.1:8042', process.env['SKIAGRAPH_LOCKED'] ?? '', process.env['SKIAGRAPH_HOUSE'] ?? ''].map((address) => address.replace('http://', ''));
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url())) expect(hosts).toContain(new URL(request.url()).host);
    });
    page.on('pageerror', (error) => expect(error.message).toBe(''));
    await use();
  }, { auto: true }],
});

export async function shot(page: Page, name: string): Promise<void> {
  // Until all that can be seen is drawn.
  await page.waitForFunction(() => [...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight));
  if (process.env['SCREENSHOTS']) await page.screenshot({ path: resolve(import.meta.dirname, `../../docs/screenshots/${name}.png`) });
}

export async function accessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

/** That a file's similar cases are shown. */
export async function answered(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Similar cases' })).toBeVisible();
  await expect(page.locator('[data-card]').first()).toBeVisible();
}

export async function openChest(page: Page): Promise<void> {
  await page.goto('/');
  await page.locator('input[type=file]').setInputFiles(chest);
  await answered(page);
}
