// The viewer of a comparison, as readers know it: windowing, moving, measuring, and what must not
// stay on the next patient.
import { expect, type Locator, type Page } from '@playwright/test';
import { accessible, openChest, shot, test } from './page.ts';

/** What a radiograph of a PACS says of itself, which the samples do not. */
const HEADER = { laterality: 'L', orientation: { right: 'L', down: 'F' }, spacing: { rows: 0.5, columns: 0.5, at_detector: true }, window: [0, 4096] };

const stage = (page: Page, side: 'query' | 'record'): Locator => page.locator(`[data-stage=${side}]`);
const figure = (page: Page, side: 'query' | 'record'): Locator => page.locator('figure').filter({ has: stage(page, side) });
const readout = (page: Page, side: 'query' | 'record'): Locator => figure(page, side).locator('.readout');
const transform = (page: Page, side: 'query' | 'record'): Promise<string> => stage(page, side).locator('canvas').first().evaluate((canvas) => canvas.style.transform);

async function compare(page: Page, header: object | null = HEADER): Promise<void> {
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
async function place(page: Page, side: 'query' | 'record', x: number, y: number): Promise<[number, number]> {
  const box = (await stage(page, side).boundingBox())!;
  return [box.x + x * box.width, box.y + y * box.height];
}

async function drag(page: Page, side: 'query' | 'record', button: 'left' | 'middle' | 'right', by = [0.1, 0]): Promise<void> {
  await page.mouse.move(...(await place(page, side, 0.4, 0.5)));
  await page.mouse.down({ button });
  await page.mouse.move(...(await place(page, side, 0.4 + by[0]! / 2, 0.5 + by[1]! / 2)));
  await page.mouse.move(...(await place(page, side, 0.4 + by[0]!, 0.5 + by[1]!)));
  await page.mouse.up({ button });
}

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

test('lengths and angles are measured, moved and deleted', async ({ page }) => {
  await compare(page);
  const list = figure(page, 'query').getByRole('list', { name: 'Measurements' });
  await page.keyboard.press('Shift+D');
  await expect(page.getByRole('button', { name: 'Ruler' })).toHaveAttribute('aria-pressed', 'true');
  // By dragging, and by keys.
  await drag(page, 'query', 'left', [0.2, 0]);
  const length = (text: string): number => Number(/[\d.]+/.exec(text)![0]);
  await expect(list).toContainText('mm at the detector');
  // A fifth of the stage, which the picture fills: 256 pixels of half a millimetre.
  expect(length((await list.textContent())!)).toBeCloseTo(25.6, 0);
  await page.keyboard.press('Shift+A');
  for (const [x, y] of [[0.4, 0.4], [0.6, 0.4], [0.4, 0.6], [0.6, 0.65]] as const) await page.mouse.click(...(await place(page, 'query', x, y)));
  const sides = (await stage(page, 'query').boundingBox())!;
  const cobb = (Math.atan2(0.05 * sides.height, 0.2 * sides.width) * 180) / Math.PI;
  await expect(list).toContainText(/Cobb/);
  expect(length(/Cobb ([\d.]+)°/.exec((await list.textContent())!)![1]!)).toBeCloseTo(cobb, 0);
  await page.keyboard.press('a');
  for (const press of ['Enter', ...Array<string>(5).fill('ArrowRight'), 'Enter', ...Array<string>(5).fill('ArrowDown'), 'Enter']) await page.keyboard.press(press);
  await expect(list).toContainText('Angle 90.0°');
  await accessible(page);
  await shot(page, 'measurements');
  await page.keyboard.press('Escape');
  // An end follows the pointer, and lines follow the zoom.
  const end = figure(page, 'query').locator('[data-end="0 1"]');
  const [x, y] = [Number(await end.getAttribute('cx')), Number(await end.getAttribute('cy'))];
  const box = (await stage(page, 'query').boundingBox())!;
  await page.mouse.move(box.x + x, box.y + y);
  await page.mouse.down();
  await page.mouse.move(box.x + x + 60, box.y + y, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => length((await list.getByRole('listitem').first().textContent())!)).toBeGreaterThan(30);
  await page.keyboard.press('z');
  expect(Number(await end.getAttribute('cx'))).not.toBeCloseTo(x + 60, 0);
  await list.getByRole('button', { name: /^Delete: Ruler/ }).click();
  await expect(list).not.toContainText('Ruler');
  await expect(list.getByRole('button').first()).toBeFocused();
  await page.keyboard.press('Delete');
  await page.keyboard.press('Delete');
  await expect(list).toBeHidden();
});

test('lengths are in pixels where nothing is known of them', async ({ page }) => {
  await compare(page, null);
  await page.keyboard.press('Shift+D');
  await drag(page, 'query', 'left', [0.2, 0]);
  await expect(figure(page, 'query').getByRole('list', { name: 'Measurements' })).toContainText(/Ruler \d+ pixels/);
  await expect(figure(page, 'query').locator('.letter')).toHaveCount(0);
});

for (const [width, height] of [[1024, 768], [3840, 2160]] as const) {
  test(`every tool is at hand at ${width} × ${height}, also in German`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await compare(page);
    await page.getByRole('button', { name: 'Deutsch' }).click();
    const more = page.getByRole('button', { name: 'Weitere Werkzeuge' });
    const narrow = width < 2000;
    await expect(more).toBeVisible({ visible: narrow });
    if (narrow) {
      await more.focus();
      await page.keyboard.press('Enter');
      await accessible(page);
      await shot(page, 'tools-1024');
    }
    for (const name of ['Invertieren', 'Lineal', 'Cobb-Winkel', 'Beide Fenster koppeln', 'Im zweiten Fenster vergleichen']) {
      const tool = page.getByRole('button', { name, exact: !narrow });
      await expect(tool).toBeInViewport({ ratio: 1 });
    }
    if (narrow) {
      await page.keyboard.press('Escape');
      await expect(more).toBeFocused();
      await expect(stage(page, 'record')).toBeVisible();
    }
    const cut = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll('header button')].some((button) => button.getBoundingClientRect().right > innerWidth || button.getBoundingClientRect().top < 0));
    expect(cut).toBe(false);
    await accessible(page);
  });
}

test('the focus keeps its place when a comparison opens, goes on and closes', async ({ page }) => {
  await openChest(page);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const card = await page.locator('[data-card]').nth(1).getAttribute('data-card');
  await expect(page.locator('[data-card]').nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(stage(page, 'query')).toBeFocused();
  await page.keyboard.press('b');
  await expect(page.getByRole('button', { name: 'Search this region' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(stage(page, 'query')).toBeFocused();
  await page.keyboard.press('q');
  await expect(stage(page, 'record')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(stage(page, 'record')).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await expect(page.locator(`[data-card="${card}"]`)).toBeFocused();
});
