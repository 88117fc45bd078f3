// The hash of everything that dist is made of. crates/skiagraph/tests/web.rs computes the same one,
// without Node.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOTS = ['build', 'index.html', 'package-lock.json', 'package.json', 'public', 'src', 'vite.config.ts'];

function files(folder: string, path: string): string[] {
  if (!statSync(join(folder, path)).isDirectory()) return [path];
  return readdirSync(join(folder, path)).flatMap((name) => files(folder, `${path}/${name}`));
}

/** SHA-256 over each file's path, a line feed, its length in bytes, a line feed and its bytes, in the order of the paths' bytes. */
export function sourcesHash(folder: string): string {
  const hash = createHash('sha256');
  const paths = ROOTS.flatMap((root) => files(folder, root));
  paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const path of paths) {
    const bytes = readFileSync(join(folder, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}
