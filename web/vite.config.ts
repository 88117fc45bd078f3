// Builds the application into dist/, which the binary embeds; `npm run dev` asks a running
// `skiagraph serve` for data.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';
import { sourcesHash } from './build/sources.ts';

/** Writes what the sources were into dist, so that a test can tell whether dist is current. */
function stamp(): Plugin {
  return {
    name: 'stamp',
    apply: 'build',
    closeBundle() {
      writeFileSync(resolve('dist/sources.sha256'), `${sourcesHash('.')}\n`);
    },
  };
}

const server = process.env['SKIAGRAPH'] ?? 'http://127.0.0.1:8042';

export default defineConfig({
  plugins: [svelte(), stamp()],
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': { target: server, changeOrigin: true } } },
});
