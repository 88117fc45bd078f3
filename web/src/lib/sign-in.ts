// Sign-in by the identity provider, which happens in a window of its own: how the page that waits
// hears of its end.

/** Where it begins. */
export const SIGN_IN = '/sign-in';
/** Where it ends; what went wrong follows, as in `/signed-in/no-role`. */
const END = /^\/signed-in(?:\/([a-z-]{1,20}))?\/?$/;
const CHANNEL = 'skiagraph-sign-in';

/** What came of a sign-in, if this is the address of its end: nothing is wrong where `wrong` is null. */
export function endOf(path: string): { wrong: string | null } | null {
  const end = END.exec(path);
  return end && { wrong: end[1] ?? null };
}

/** Tells every page of this server in this browser. */
export function tellSignedIn(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(true);
  channel.close();
}

/** Hears of it; gives what stops hearing. */
export function onSignedIn(then: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = then;
  return () => channel.close();
}
