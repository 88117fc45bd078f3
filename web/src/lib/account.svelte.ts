// Who asks: the session with the server, and whether a sign-in is wanted.
import { api, Failure } from './api/client.ts';
import type { SessionView } from './api/schema.ts';

class Account {
  session = $state.raw<SessionView | null>(null);
  signInWanted = $state(false);

  /** Asks the server who this is; whether that is enough to go on. */
  async arrive(): Promise<boolean> {
    this.session = await api.session();
    this.signInWanted = this.session.required && !this.session.role;
    return !this.signInWanted;
  }

  /** Shows a key; whether it is known. */
  async signIn(key: string): Promise<boolean> {
    try {
      await api.signIn(key);
    } catch (error) {
      if (error instanceof Failure && error.code === 'wrong_key') return false;
      throw error;
    }
    return true;
  }

  async signOut(): Promise<void> {
    await api.signOut().catch(() => undefined);
    location.assign('/');
  }
}

export const account = new Account();
