/** What the dashboard takes from libraries that it may not import. */
import { darkColours, figureStyle, lightColours } from '#libs/reporting';

/** Colours and classes of the drawings that libs/reporting makes. `data-theme` is the reader's own choice. */
export function figuresStyleSheet(): string {
  return `/* Made by scripts/gen-web.ts from libs/reporting/src/figures/draw.ts; run "npm run gen". */
:root { ${lightColours} }
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) { ${darkColours} } }
:root[data-theme='dark'] { ${darkColours} }
${figureStyle.trim()}
`;
}
