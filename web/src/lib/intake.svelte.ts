// Pictures on their way into the gallery: each is looked at first, and held back where it is in
// doubt. File names stay on this page: the server numbers files.
import { api, Failure } from './api/client.ts';
import type { DoubtView, JobView } from './api/schema.ts';

/** A file that is held back until a person decides. */
export interface Held {
  file: File;
  doubts: DoubtView[];
  chosen: boolean;
}

class Intake {
  checking = $state.raw<{ at: number; of: number } | null>(null);
  sending = $state.raw<{ at: number; of: number } | null>(null);
  held = $state.raw<Held[]>([]);
  /** Files that are too large to be taken. */
  refused = $state.raw<string[]>([]);
  /** The names of the files of each job, in the order of their numbers. */
  names = $state.raw<Record<string, string[]>>({});

  get busy(): boolean {
    return this.checking !== null || this.sending !== null;
  }

  /** Sends what is beyond doubt, and holds the rest back. */
  async take(files: readonly File[]): Promise<void> {
    const clear: File[] = [];
    try {
      for (const [at, file] of files.entries()) {
        this.checking = { at: at + 1, of: files.length };
        const doubts = await doubtsOf(file);
        if (doubts.length === 0) clear.push(file);
        else this.held = [...this.held, { file, doubts, chosen: false }];
      }
    } finally {
      this.checking = null;
    }
    await this.send(clear);
  }

  choose(held: Held): void {
    this.held = this.held.map((one) => (one === held ? { ...one, chosen: !one.chosen } : one));
  }

  chooseAll(): void {
    this.held = this.held.map((one) => ({ ...one, chosen: true }));
  }

  /** Sends the chosen ones of those that were held back. */
  async confirm(): Promise<void> {
    const chosen = this.held.filter((one) => one.chosen).map(({ file }) => file);
    this.held = this.held.filter((one) => !one.chosen);
    await this.send(chosen);
  }

  nameOf(job: JobView, file: number): string | null {
    return this.names[job.id]?.[file - 1] ?? null;
  }

  async send(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const { id } = await api.beginJob();
    try {
      for (const [at, file] of files.entries()) {
        this.sending = { at: at + 1, of: files.length };
        await this.#give(id, file);
      }
    } finally {
      this.sending = null;
      await api.closeJob(id);
    }
  }

  /** One file. The server may have no room for it until others are worked off; one that is too large stops no others. */
  async #give(job: string, file: File): Promise<void> {
    try {
      await api.sendToJob(job, file);
      this.names = { ...this.names, [job]: [...(this.names[job] ?? []), nameIn(file)] };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'too_large') this.refused = [...this.refused, nameIn(file)];
      else if (error.code === 'busy') return this.#give(job, file);
      else throw error;
    }
  }
}

/** The name of a file, with the folders below the chosen one. */
export function nameIn(file: File): string {
  return file.webkitRelativePath || file.name;
}

/** What a look at a file makes of it. What cannot be looked at is left to the job, which says why. */
async function doubtsOf(file: File): Promise<DoubtView[]> {
  try {
    const { id, doubts } = await api.upload(file);
    await api.removeQuery(id).catch(() => undefined);
    return doubts;
  } catch (error) {
    if (error instanceof Failure && ['unsupported_file', 'broken_file', 'too_large', 'invalid'].includes(error.code)) return [];
    throw error;
  }
}

export const intake = new Intake();
