// The research page: the gallery's map, from which can be asked, and what is known of the model.
import { expect, type Page } from '@playwright/test';
import { accessible, answered, openChest, shot, test } from './page.ts';

async function openMap(page: Page): Promise<void> {
  await page.keyboard.press('g');
  await expect(page.getByRole('application', { name: 'Map of the gallery' })).toBeVisible();
}

test('the map is coloured, zoomed, and asked from', async ({ page }) => {
  await openChest(page);
  await openMap(page);
  await page.getByLabel('Colour by').selectOption({ label: 'Label' });
  const pneumonia = page.getByRole('checkbox', { name: /^pneumonia ?[0-9]/ });
  await expect(pneumonia).toBeChecked();
  const map = page.getByRole('application');
  const box = (await map.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -300);
  await accessible(page);
  await shot(page, 'map');
  await page.mouse.wheel(0, 600);
  await page.getByText(/^Model skiagraph-/).click();
  await expect(page.getByText('Trained to tell apart')).toBeVisible();
  await accessible(page);
  await page.getByText(/^Model skiagraph-/).click();
  // By keys alone: the picture at the cross becomes the question.
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  await expect(page.getByRole('img', { name: /^Picture \d+$/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await answered(page);
  await expect(page).toHaveURL(/\/like\/\d+$/);
});

test('a gallery without a map says how to draw one', async ({ page }) => {
  await page.route('**/api/v1/map', (route) => route.fulfill({ status: 404, json: { error: { code: 'no_map', message: 'none' } } }));
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  await page.keyboard.press('g');
  await expect(page.getByRole('dialog')).toContainText('No map was drawn');
});

test('a map of 100,000 pictures moves with the pointer', async ({ page }) => {
  const count = 100_000;
  const place = (factor: number): number[] => Array.from({ length: count }, (_, i) => (i * factor) % 65536);
  const traits = [{ name: 'body_part', values: ['CHEST', 'HAND'], of: Array.from({ length: count }, (_, i) => i % 3) }];
  const map = { ids: Array.from({ length: count }, (_, i) => i + 1), x: place(7919), y: place(104729), traits, newer: 3 };
  await page.route('**/api/v1/map', (route) => route.fulfill({ json: map }));
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  await openMap(page);
  await expect(page.getByRole('dialog')).toContainText('3 pictures came after it was drawn');
  const frames = await page.evaluate(async () => {
    const stage = document.querySelector<HTMLElement>('[role=application]')!;
    const took: number[] = [];
    let last = await new Promise<number>(requestAnimationFrame);
    for (let i = 0; i < 120; i += 1) {
      stage.dispatchEvent(new WheelEvent('wheel', { deltaY: i % 40 < 20 ? -30 : 30, clientX: 500 + i, clientY: 400, bubbles: true, cancelable: true }));
      const now = await new Promise<number>(requestAnimationFrame);
      took.push(now - last);
      last = now;
    }
    return took.sort((a, b) => a - b);
  });
  console.log(`map of 100,000: frame median ${frames[60]!.toFixed(1)} ms, 95 % ${frames[114]!.toFixed(1)} ms`);
});
