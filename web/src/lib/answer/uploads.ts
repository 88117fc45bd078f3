// Files as pictures to ask with: all of them are one question, as the views of a study are.
import { api, Failure } from '../api/client.ts';
import type { QueryView } from '../api/schema.ts';

/** The most pictures of a question. */
export const MOST_VIEWS = 16;

/** A file that was not taken; the code is of a failure, or `too_many`. */
export interface NotTaken {
  name: string;
  code: string;
  message: string;
}

export interface Uploaded {
  queries: QueryView[];
  files: File[];
  notTaken: NotTaken[];
}

/** Uploads files one by one. A file at fault stops no other; a server that is away stops all. */
export async function uploadAll(files: readonly File[], upload: (file: File) => Promise<QueryView> = api.upload): Promise<Uploaded> {
  const done: Uploaded = { queries: [], files: [], notTaken: [] };
  for (const file of files) {
    if (done.queries.length === MOST_VIEWS) {
      done.notTaken.push({ name: file.name, code: 'too_many', message: '' });
      continue;
    }
    try {
      done.queries.push(await upload(file));
      done.files.push(file);
    } catch (error) {
      if (!(error instanceof Failure) || !['unsupported_file', 'broken_file', 'too_large', 'invalid'].includes(error.code)) throw error;
      done.notTaken.push({ name: file.name, code: error.code, message: error.message });
    }
  }
  return done;
}
