import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CampaignPage } from './pages/campaign.js';
import { CampaignsPage } from './pages/campaigns.js';
import { NewCampaignPage } from './pages/new-campaign.js';
import { ReportPage } from './pages/report.js';
import { RunPage } from './pages/run.js';
import { SignIn } from './pages/sign-in.js';
import { WorkersPage } from './pages/workers.js';
import { Link, usePath } from './router.js';
import { signOut, useKey } from './session.js';
import { currentTheme, setTheme, themes, type Theme } from './theme.js';

interface Route {
  readonly pattern: RegExp;
  page(...parameters: string[]): JSX.Element;
  title(...parameters: string[]): string;
}

const routes: readonly Route[] = [
  { pattern: /^\/$/, page: () => <CampaignsPage />, title: () => 'Campaigns' },
  { pattern: /^\/campaigns\/new$/, page: () => <NewCampaignPage />, title: () => 'New campaign' },
  {
    pattern: /^\/campaigns\/([^/]+)$/,
    page: (id) => <CampaignPage key={id} id={id} />,
    title: (id) => `Campaign ${id}`,
  },
  {
    pattern: /^\/campaigns\/([^/]+)\/report$/,
    page: (id) => <ReportPage key={id} id={id} />,
    title: (id) => `Report of campaign ${id}`,
  },
  { pattern: /^\/runs\/([^/]+)$/, page: (id) => <RunPage key={id} id={id} />, title: () => 'Run' },
  { pattern: /^\/workers$/, page: () => <WorkersPage />, title: () => 'Workers' },
];

export function App(): JSX.Element {
  const path = usePath();
  const key = useKey();
  const main = useRef<HTMLElement>(null);
  const found = routes.flatMap((route) => {
    const match = route.pattern.exec(path);
    return match === null ? [] : [{ route, parameters: match.slice(1).map(decodeURIComponent) }];
  })[0];
  const title = key === null ? 'Sign in' : (found?.route.title(...found.parameters) ?? 'Not found');
  useEffect(() => {
    document.title = `${title} · duvisor-farm`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main" onClick={() => main.current?.focus()}>
        To the content
      </a>
      <header class="top">
        <div class="inner">
          <Link to="/" class="brand">
            <img src="/icon.svg" alt="" width={26} height={26} />
            duvisor-farm
          </Link>
          {key !== null && (
            <nav aria-label="Pages">
              <Link to="/" current={/^\/($|campaigns|runs)/.test(path)}>
                Campaigns
              </Link>
              <Link to="/workers" current={path === '/workers'}>
                Workers
              </Link>
            </nav>
          )}
          <div class="tools">
            <ThemeChoice />
            {key !== null && (
              <button type="button" class="quiet" onClick={signOut}>
                Sign out
              </button>
            )}
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {key === null ? (
          <SignIn />
        ) : found === undefined ? (
          <>
            <h1>Not found</h1>
            <p>
              There is no page {path}. <Link to="/">To the campaigns</Link>
            </p>
          </>
        ) : (
          found.route.page(...found.parameters)
        )}
      </main>
    </>
  );
}

function ThemeChoice(): JSX.Element {
  const [theme, choose] = useState<Theme>(currentTheme);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  return (
    <button
      type="button"
      class="quiet theme"
      title={`Colours: ${theme}. Press for ${next}.`}
      aria-label={`Colours: ${theme}. Press for ${next}.`}
      onClick={() => {
        setTheme(next);
        choose(next);
      }}
    >
      <span aria-hidden="true">{theme === 'system' ? '◐' : theme === 'light' ? '☀' : '☾'}</span>
    </button>
  );
}
