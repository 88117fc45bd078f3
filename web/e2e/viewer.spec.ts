// The viewer of a comparison, as readers know it: windowing, moving, and what must not stay on the
// next patient.
import { expect, type Page } from '@playwright/test';
import { accessible, test } from './page.ts';
import { compare, drag, figure, place, readout, stage, transform } from './viewer.ts';

/** Where the picture's place under a point of the stage is, in shares of the picture. */
async function under(page: Page, at: [number, number]): Promise<[number, number]> {
  return stage(page, 'query').locator('canvas').first().evaluate((canvas, [x, y]) => {
    const bounds = canvas.getBoundingClientRect();
    return [(x - bounds.left) / bounds.width, (y - bounds.top) / bounds.height];
  }, at);
}

test('dragging windows, moves and zooms by button, key and habit', async ({ page }) => {
  await compare(page);
  await expect(readout(page, 'query')).toContainText('C 2048 W 4096 (file values)');
  await expect(readout(page, 'record')).toContainText('C 50 W 100 %');
  const fitted = await transform(page, 'query');
  await drag(page, 'query', 'left');
  await expect(readout(page, 'query')).not.toContainText('W 4096');
  await expect(readout(page, 'record')).toContainText('C 50 W 100 %');
  const windowed = await readout(page, 'query').textContent();
  await drag(page, 'query', 'right', [-0.1, 0]);
  await expect(readout(page, 'query')).not.toHaveText(windowed!);
  expect(await transform(page, 'query')).toBe(fitted);
  await drag(page, 'query', 'middle');
  const moved = await transform(page, 'query');
  expect(moved).not.toBe(fitted);
  await page.keyboard.down('Space');
  await drag(page, 'query', 'left', [-0.1, 0]);
  await page.keyboard.up('Space');
  expect(await transform(page, 'query')).toBe(fitted);
  await page.keyboard.down('Control');
  await drag(page, 'query', 'left', [0, -0.1]);
  await page.keyboard.up('Control');
  await expect(readout(page, 'query')).not.toContainText('zoom 100 %');
  await page.keyboard.press('0');
  await expect(readout(page, 'query')).toContainText('C 2048 W 4096 (file values) · zoom 100 %');
  // Another habit, which a reload keeps.
  await page.keyboard.press('?');
  await accessible(page);
  await page.getByLabel('Left drag').selectOption('pan');
  await page.keyboard.press('Escape');
  await page.reload();
  await expect(page.getByText('16 bit')).toBeVisible();
  await drag(page, 'query', 'left');
  expect(await transform(page, 'query')).not.toBe(fitted);
});

test('the wheel zooms at the pointer, and the other side follows while linked', async ({ page }) => {
  await compare(page);
  const at = await place(page, 'query', 0.7, 0.3);
  const before = await under(page, at);
  await page.mouse.move(...at);
  await page.mouse.wheel(0, -400);
  await expect(readout(page, 'query')).toContainText('zoom 223 %');
  await expect(readout(page, 'record')).toContainText('zoom 223 %');
  const after = await under(page, at);
  expect(Math.hypot(after[0] - before[0], after[1] - before[1])).toBeLessThan(0.005);
  await page.keyboard.press('Shift+L');
  await page.mouse.wheel(0, 400);
  await expect(readout(page, 'query')).toContainText('zoom 100 %');
  await expect(readout(page, 'record')).toContainText('zoom 223 %');
  await page.keyboard.press('l');
  await drag(page, 'query', 'left');
  const width = /W (\d+)/;
  const [own, other] = await Promise.all((['query', 'record'] as const).map(async (side) => Number(width.exec((await readout(page, side).textContent())!)![1])));
  expect(Math.abs(own! / 4096 - other! / 100)).toBeLessThan(0.02);
});

test('two fingers zoom and move', async ({ page }) => {
  await compare(page);
  const touches = await Promise.all([[0.4, 0.5], [0.6, 0.5], [0.2, 0.5], [0.8, 0.5]].map(([x, y]) => place(page, 'query', x!, y!)));
  const client = await page.context().newCDPSession(page);
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: [number, number][]): Promise<unknown> =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await send('touchStart', [touches[0]!]);
  await send('touchStart', [touches[0]!, touches[1]!]);
  await send('touchMove', [touches[2]!, touches[3]!]);
  await send('touchEnd', []);
  await expect(readout(page, 'query')).toContainText('zoom 300 %');
  await expect(readout(page, 'query')).toContainText('W 4096');
});

test('a double click enlarges a side and gives it back, and selects no text', async ({ page }) => {
  await compare(page);
  await stage(page, 'record').dblclick();
  await expect(stage(page, 'query')).toBeHidden();
  await expect(stage(page, 'record')).toBeFocused();
  expect((await stage(page, 'record').boundingBox())!.width).toBeGreaterThan(1500);
  expect(await page.evaluate(() => getSelection()?.toString())).toBe('');
  await expect(readout(page, 'record')).toContainText('C 50 W 100 %');
  await accessible(page);
  await stage(page, 'record').dblclick();
  await expect(stage(page, 'query')).toBeVisible();
  await page.keyboard.press('x');
  await expect(stage(page, 'query')).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(stage(page, 'query')).toBeVisible();
  await expect(stage(page, 'record')).toBeFocused();
});

test('presets fit the values of each picture', async ({ page }) => {
  await compare(page);
  const seen = new Set<string>();
  for (const key of ['1', '3', '4', '5']) {
    await page.keyboard.press(key);
    seen.add((await readout(page, 'query').textContent())!);
  }
  expect(seen.size).toBe(4);
  await expect(page.getByRole('button', { name: 'Soft', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('button', { name: 'Lung', exact: true })).toHaveAttribute('title', /percentile 0.5 to 70/);
  await expect(readout(page, 'record')).toContainText('C 50 W 100 %');
  await page.keyboard.press('l');
  await page.keyboard.press('4');
  await expect(readout(page, 'record')).not.toContainText('C 50 W 100 %');
});

test('flips and turns are of one side, said, and followed by the letters', async ({ page }) => {
  await compare(page);
  const letters = async (): Promise<string> => (await figure(page, 'query').locator('.letter').allTextContents()).map((text) => text.slice(-1)).join('');
  await expect(figure(page, 'query')).toContainText('Left side');
  expect(await letters()).toBe('HLFR');
  await page.keyboard.press('Shift+H');
  await expect(figure(page, 'query')).toContainText('mirrored');
  expect(await letters()).toBe('HRFL');
  await page.keyboard.press('r');
  await expect(figure(page, 'query')).toContainText('turned 90°');
  expect(await letters()).toBe('LHRF');
  await page.keyboard.press('i');
  await expect(figure(page, 'query')).toContainText('inverted');
  await expect(figure(page, 'record').locator('.state')).toBeHidden();
  await accessible(page);
  await page.keyboard.press('q');
  await page.keyboard.press('Shift+V');
  await expect(figure(page, 'record').locator('.state')).toContainText('mirrored');
  await page.keyboard.press('0');
  await expect(page.locator('.state')).toHaveCount(0);
  expect(await letters()).toBe('HLFR');
});

test('nothing of a picture stays on the next one', async ({ page }) => {
  await compare(page);
  await page.keyboard.press('q');
  for (const key of ['i', 'Shift+H', '4', 'Shift+D']) await page.keyboard.press(key);
  for (const x of [0.4, 0.6]) await page.mouse.click(...(await place(page, 'record', x, 0.5)));
  await expect(figure(page, 'record').getByRole('list', { name: 'Measurements' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
  await expect(figure(page, 'record').locator('.state')).toBeHidden();
  await expect(readout(page, 'record')).toContainText('C 50 W 100 %');
  await expect(page.getByRole('list', { name: 'Measurements' })).toBeHidden();
  // Another query, with what was done to the one before.
  await page.keyboard.press('q');
  for (const key of ['i', 'r', '4', 'z']) await page.keyboard.press(key);
  await expect(figure(page, 'query').locator('.state')).toBeVisible();
  await page.getByRole('button', { name: 'More like this' }).click();
  await page.locator('[data-card]').first().click();
  await expect(stage(page, 'query')).toBeVisible();
  await expect(page.locator('.state')).toHaveCount(0);
  await expect(readout(page, 'query')).toContainText('C 50 W 100 % · zoom 100 %');
});
