// The ways into the page: dropped, pasted, DICOM, broken, by a link from a PACS, signed in, and on
// other screens.
import { expect, type Page } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, answered, chest, openChest, shot, test } from './page.ts';
import { readout } from './viewer.ts';

/** An event on the page that brings a file as a browser's own would. */
async function bring(page: Page, event: 'drop' | 'paste', file: string): Promise<void> {
  await page.evaluate(([kind, base64]) => {
    const bytes = Uint8Array.from(atob(base64!), (letter) => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], 'picture.jpg'));
    const init = { bubbles: true, cancelable: true };
    const made = kind === 'drop' ? new DragEvent('drop', { ...init, dataTransfer: files }) : new ClipboardEvent('paste', { ...init, clipboardData: files });
    document.body.dispatchEvent(made);
  }, [event, readFileSync(file).toString('base64')]);
}

for (const event of ['drop', 'paste'] as const) {
  test(`a picture comes by ${event}`, async ({ page }) => {
    await page.goto('/');
    await expect(page.locator('[data-card]').first()).toBeVisible();
    await bring(page, event, chest);
    await answered(page);
    await expect(page).toHaveURL(/\/query\/[\w-]{22}$/);
  });
}

test('a DICOM file is asked with, windowed in 16 bits, reported, and names nobody', async ({ page }) => {
  const file = process.env['SKIAGRAPH_DICOM'];
  test.skip(!file, 'no DICOM file is named');
  await page.goto('/');
  await page.locator('input[type=file]').setInputFiles(file!);
  await answered(page);
  await expect(page.getByText(/DICOM · \d+ × \d+/)).toBeVisible();
  await page.locator('[data-card]').first().click();
  await expect(page.getByText('16 bit')).toBeVisible();
  const windowed = await readout(page, 'query').textContent();
  await page.keyboard.press('w');
  await expect(readout(page, 'query')).not.toHaveText(windowed!);
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await page.getByLabel('Name').fill('of a study');
  await page.keyboard.press('Enter');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'DICOM SR' }).click();
  expect(readFileSync(await (await download).path()).subarray(128, 132).toString()).toBe('DICM');
  expect(await page.content()).not.toContain('SECRET');
});

test('a link from a PACS opens the case of a study, and its address forgets the study', async ({ page }) => {
  const study = process.env['SKIAGRAPH_STUDY'];
  test.skip(!study, 'no study is named');
  await page.goto(`/#study=${study}`);
  await answered(page);
  await expect(page).toHaveURL(/\/like\/\d+$/);
  // An open tab follows a study that is written into its address.
  await page.evaluate(() => (location.hash = '#study=1.2.3.4.5'));
  await expect(page.getByRole('alert')).toContainText('The gallery has no picture of this study.');
});

test('broken files are told of, and the page lives on', async ({ page }) => {
  const folder = process.env['SKIAGRAPH_BROKEN'];
  test.skip(!folder, 'no broken files are named');
  await page.goto('/');
  await expect(page.locator('[data-card]').first()).toBeVisible();
  for (const name of readdirSync(folder!)) {
    const answer = page.waitForResponse((response) => response.url().endsWith('/api/v1/queries'));
    await page.locator('input[type=file]').setInputFiles(join(folder!, name));
    const status = (await answer).status();
    expect([201, 413, 415, 422], name).toContain(status);
    if (status !== 201) await expect(page.getByRole('alert'), name).toContainText(/damaged|not read|too large/);
  }
  await accessible(page);
  await openChest(page);
});

test('a session that ends asks for the key, and what was there stays', async ({ page, context }) => {
  const [locked, key] = [process.env['SKIAGRAPH_LOCKED'], process.env['SKIAGRAPH_KEY']];
  test.skip(!locked || !key, 'no server with keys is named');
  await page.goto(locked!);
  await expect(page.getByRole('dialog')).toBeVisible();
  await accessible(page);
  await shot(page, 'sign-in');
  await page.getByLabel('Key').fill('skia_wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByText('This key is not known.')).toBeVisible();
  await page.getByLabel('Key').fill(key!);
  await page.keyboard.press('Enter');
  await page.locator('input[type=file]').setInputFiles(chest);
  await answered(page);
  const address = page.url();
  await context.clearCookies();
  await page.keyboard.press('f');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByLabel('Key').fill(key!);
  await page.keyboard.press('Enter');
  await answered(page);
  expect(page.url()).toBe(address);
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain('skia_');
});

for (const [width, height] of [[1024, 768], [1280, 800], [3840, 2160]] as const) {
  test(`it fits ${width} × ${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await openChest(page);
    const beyond = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await beyond()).toBeLessThanOrEqual(0);
    await shot(page, `results-${width}`);
    await page.locator('[data-card]').first().click();
    await expect(page.getByText('16 bit')).toBeVisible();
    expect(await beyond()).toBeLessThanOrEqual(0);
    await accessible(page);
  });
}

test('the answer is painted soon after the server gave it', async ({ page }) => {
  await openChest(page);
  await page.evaluate(() => {
    const own = window.fetch;
    window.fetch = async (...asked) => {
      const answer = await own(...asked);
      if (String(asked[0]).endsWith('/search')) (window as { answeredAt?: number }).answeredAt = performance.now();
      return answer;
    };
  });
  const took: number[] = [];
  for (let at = 0; at < 5; at += 1) {
    const painted = page.evaluate(() => new Promise<number>((done) => {
      const clock = window as { answeredAt?: number };
      delete clock.answeredAt;
      new MutationObserver((_, watching) => {
        const answered = clock.answeredAt;
        if (answered === undefined || !document.querySelector('[data-card]')) return;
        watching.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - answered)));
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    }));
    await page.locator('[data-card]').nth(at + 1).locator('xpath=..').getByRole('button', { name: /^More like this/ }).click();
    took.push(await painted);
  }
  console.log(`painted ${took.map((ms) => ms.toFixed(0)).join(', ')} ms after the answer`);
});

test('a comparison is shown in a second window, and the results stay', async ({ page }) => {
  await openChest(page);
  await page.locator('[data-card]').nth(1).focus();
  const opening = page.waitForEvent('popup');
  await page.keyboard.press('d');
  const second = await opening;
  await expect(second.getByRole('button', { name: 'Back to results' })).toBeVisible();
  await expect(second.locator('figcaption')).toHaveCount(2);
  await accessible(second);
  // Another one goes to the same window.
  await page.locator('[data-card]').nth(2).focus();
  await page.keyboard.press('d');
  await expect(second).toHaveURL(/with\/\d+$/);
  await expect(page.getByRole('heading', { name: 'Similar cases' })).toBeVisible();
});
