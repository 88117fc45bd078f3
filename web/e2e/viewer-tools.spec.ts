// Measurements over a picture, the bar of tools, and where the focus is.
import { expect } from '@playwright/test';
import { accessible, openChest, shot, test } from './page.ts';
import { compare, drag, figure, place, stage } from './viewer.ts';

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
