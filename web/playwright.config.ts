// Journeys in a real browser against a running `skiagraph serve` of the samples, whose address is
// in SKIAGRAPH.
import { defineConfig } from '@playwright/test';

const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    baseURL: process.env['SKIAGRAPH'] ?? 'http://127.0.0.1:8042',
    viewport: { width: 1600, height: 1000 },
    locale: 'en',
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args },
  },
});
