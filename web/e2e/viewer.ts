// What the journeys of the viewer share: its two sides, what is read of them, and dragging.
import { expect, type Locator, type Page } from '@playwright/test';
import { openChest } from './page.ts';

/** What a radiograph of a PACS says of itself, which the samples do not. */
const HEADER = { laterality: 'L', orientation: { right: 'L', down: 'F' }, spacing: { rows: 0.5, columns: 0.5, at_detector: true }, window: [0, 4096] };

export const stage = (page: Page, side: 'query' | 'record'): Locator => page.locator(`[data-stage=${side}]`);
export const figure = (page: Page, side: 'query' | 'record'): Locator => page.locator('figure').filter({ has: stage(page, side) });
export const readout = (page: Page, side: 'query' | 'record'): Locator => figure(page, side).locator('.readout');
export const transform = (page: Page, side: 'query' | 'record'): Promise<string> => stage(page, side).locator('canvas').first().evaluate((canvas) => canvas.style.transform);

export async function compare(page: Page, header: object | null = HEADER): Promise<void> {
  if (header) await page.route('**/api/v1/queries', async (route) => {
    const response = await route.fetch();
    const query = (await response.json()) as { header: object };
    return route.fulfill({ response, json: { ...query, header: { ...query.header, ...header } } });
  });
  await openChest(page);
  await page.locator('[data-card]').nth(3).click();
  await expect(page.getByText('16 bit')).toBeVisible();
  await expect(figure(page, 'record').getByText('stored preview')).toBeVisible();
}

/** A place of a stage, in shares of it, on the page. */
export async function place(page: Page, side: 'query' | 'record', x: number, y: number): Promise<[number, number]> {
  const box = (await stage(page, side).boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}

export async function drag(page: Page, side: 'query' | 'record', button: 'left' | 'middle' | 'right', by = [0.1, 0]): Promise<void> {
  await page.mouse.move(...(await place(page, side, 0.4, 0.5)));
  await page.mouse.down({ button });
  await page.mouse.move(...(await place(page, side, 0.4 + by[0]! / 2, 0.5 + by[1]! / 2)));
  await page.mouse.move(...(await place(page, side, 0.4 + by[0]!, 0.5 + by[1]!)));
  await page.mouse.up({ button });
}
