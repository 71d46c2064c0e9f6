/**
 * The API key of this browser tab. It comes from the sign-in form, or from the address that `dvfarm up` prints: in the
 * fragment (`#key=...`), which browsers send to nobody. It is kept for the tab only and taken out of the address at once.
 */
import { useEffect, useState } from 'preact/hooks';

const place = 'dvfarm.key';
const listeners = new Set<() => void>();

export function currentKey(): string | null {
  return sessionStorage.getItem(place);
}

export function signIn(key: string): void {
  sessionStorage.setItem(place, key);
  listeners.forEach((tell) => tell());
}

export function signOut(): void {
  sessionStorage.removeItem(place);
  listeners.forEach((tell) => tell());
}

export function takeKeyFromAddress(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  signIn(key);
}

export function useKey(): string | null {
  const [key, setKey] = useState(currentKey);
  useEffect(() => {
    const tell = (): void => setKey(currentKey());
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return key;
}
