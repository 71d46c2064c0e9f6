/** Paths to pages, without reloading the page. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const listeners = new Set<() => void>();

export function go(path: string): void {
  history.pushState(null, '', path);
  listeners.forEach((tell) => tell());
  scrollTo(0, 0);
}

export function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const tell = (): void => setPath(location.pathname);
    listeners.add(tell);
    addEventListener('popstate', tell);
    return () => {
      listeners.delete(tell);
      removeEventListener('popstate', tell);
    };
  }, []);
  return path;
}

interface LinkProps {
  to: string;
  class?: string;
  children: ComponentChildren;
  current?: boolean;
}

/** A real link: opening it in a new tab, or by keyboard, works as everywhere. */
export function Link({ to, current, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      href={to}
      onClick={follow}
      aria-current={current === true ? (location.pathname === to ? 'page' : 'true') : undefined}
      {...rest}
    >
      {children}
    </a>
  );
}
