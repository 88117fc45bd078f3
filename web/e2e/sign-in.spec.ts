// Sign-in by a real identity provider, whose pages open in a window of their own.
import { accessible, answered, chest, shot, test } from './page.ts';
import { expect, type Page } from '@playwright/test';

const house = process.env['SKIAGRAPH_HOUSE'];
test.use({ baseURL: house ?? '' });
test.skip(!house, 'needs a server with an identity provider: SKIAGRAPH_HOUSE');

/** Signs in at the provider; where its window ends. */
async function signIn(page: Page, name: string): Promise<Page> {
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Sign in with the account of the house' }).click();
  const popup = await opening;
  await popup.getByPlaceholder('Enter any login').fill(name);
  await popup.getByPlaceholder('and password').fill('any');
  await popup.getByRole('button', { name: 'Sign-in' }).click();
  await popup.getByRole('button', { name: 'Continue' }).click();
  return popup;
}

test('a reader signs in with the account of the house, and the link of a PACS is still followed', async ({ page }) => {
  await page.goto(`/#study=${process.env['SKIAGRAPH_STUDY'] ?? ''}`);
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page.getByLabel('Key')).toHaveCount(0);
  await accessible(page);
  await shot(page, 'sign-in');
  const popup = await signIn(page, 'reader');
  if (!popup.isClosed()) await popup.waitForEvent('close');
  await answered(page);
  await expect(page).not.toHaveURL(/study/);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('whoever has no role is told so', async ({ page }) => {
  await page.goto('/');
  const popup = await signIn(page, 'somebody');
  await expect(popup.getByRole('alert')).toContainText('have no role here');
  await accessible(popup);
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('a sign-in that ends while a picture is open loses nothing', async ({ page, context }) => {
  await page.goto('/');
  await signIn(page, 'reader');
  await page.locator('input[type=file]').setInputFiles(chest);
  await answered(page);
  await context.clearCookies({ name: 'skiagraph_session' });
  await page.getByRole('checkbox', { name: 'Each patient once' }).click();
  // The provider still knows who it is, and asks nothing.
  const opening = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Sign in with the account of the house' }).click();
  await opening;
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await answered(page);
});
