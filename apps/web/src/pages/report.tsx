import type { PageBlock, ReportPage as Page } from '#libs/contracts';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api, downloadReport } from '../api/client.js';
import { amount } from '../format.js';
import { Failure, useLoaded, When } from '../parts/data.js';
import { Scroll } from '../parts/pieces.js';
import { Link } from '../router.js';

/** Longer tables are folded: they are for looking things up. */
const foldedAbove = 24;
const formats = ['html', 'csv', 'json'] as const;

export function ReportPage({ id }: { id: string }): JSX.Element {
  const loaded = useLoaded(`report ${id}`, (signal) => api.reportPage(id, signal));
  return <When loaded={loaded}>{(page) => <Content page={page} />}</When>;
}

function Content({ page }: { page: Page }): JSX.Element {
  const { campaign, ok, blocks, title } = page;
  const [error, setError] = useState<Error | null>(null);
  const headings = blocks.flatMap((block) => (block.kind === 'heading' && block.level === 2 ? [block.text] : []));
  return (
    <article class="report">
      <p class="crumbs">
        <Link to="/">Campaigns</Link> /{' '}
        <Link to={`/campaigns/${String(campaign.number)}`}>
          #{campaign.number} {campaign.name}
        </Link>{' '}
        / report
      </p>
      <div class="title-row">
        <h1>{title}</h1>
        <div class="row" role="group" aria-label="Download">
          {formats.map((format) => (
            <button
              key={format}
              type="button"
              onClick={() => {
                setError(null);
                downloadReport(campaign, format).catch((failure: unknown) => setError(failure as Error));
              }}
            >
              ↓ {format.toUpperCase()}
            </button>
          ))}
        </div>
      </div>
      {error !== null && <Failure error={error} />}
      <p class={ok ? 'notice good' : 'notice warn'}>
        {ok
          ? 'Every run passed, and every check that must hold does.'
          : 'Some runs have no usable result yet, or a check that must hold does not: see below.'}
      </p>
      <nav class="contents" aria-label="Sections">
        {headings.map((heading) => (
          <a key={heading} href={`#${anchorOf(heading)}`}>
            {heading}
          </a>
        ))}
      </nav>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </article>
  );
}

function BlockView({ block }: { block: PageBlock }): JSX.Element | null {
  switch (block.kind) {
    case 'heading':
      // The title stands above.
      if (block.level === 1) return null;
      return block.level === 2 ? <h2 id={anchorOf(block.text)}>{block.text}</h2> : <h3>{block.text}</h3>;
    case 'paragraph':
      return <p class="words">{block.text}</p>;
    case 'table':
      return <TableView table={block} />;
    case 'figure':
      return <FigureView block={block} />;
  }
}

function TableView({ table }: { table: Extract<PageBlock, { kind: 'table' }> }): JSX.Element {
  const side = (index: number): string => (table.columns[index]?.align === 'right' ? 'right' : '');
  const content = (
    <Scroll label={table.caption}>
      <table class="tight">
        <caption>{table.caption}</caption>
        <thead>
          <tr>
            {table.columns.map((column, index) => (
              <th key={index} scope="col" class={side(index)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, index) => (
                <td key={index} class={`${side(index)} ${cell.tone ?? ''}`}>
                  {cell.text}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
  return (
    <>
      {table.rows.length > foldedAbove ? (
        <details class="folded">
          <summary>
            {table.caption} <span class="soft">({table.rows.length} rows)</span>
          </summary>
          {content}
        </details>
      ) : (
        content
      )}
      {table.notes.map((note) => (
        <p key={note} class="soft note">
          {note}
        </p>
      ))}
    </>
  );
}

function FigureView({ block: { figure, drawing } }: { block: Extract<PageBlock, { kind: 'figure' }> }): JSX.Element {
  // Drawn by the controller from numbers and escaped names; it holds no script, and the page's policy would run none.
  return (
    <figure class="card" id={`figure-${figure.id}`}>
      <figcaption>{figure.title}</figcaption>
      <div class="figure-wide" dangerouslySetInnerHTML={{ __html: drawing.wide }} />
      <div class="figure-narrow" dangerouslySetInnerHTML={{ __html: drawing.narrow }} />
      {figure.notes.map((note) => (
        <p key={note} class="soft note">
          {note}
        </p>
      ))}
      <details>
        <summary>As a table</summary>
        <Scroll label={`${figure.title}, as a table`}>
          <table class="tight">
            <thead>
              <tr>
                <th scope="col">{figure.unit}</th>
                {figure.series.map((name) => (
                  <th key={name} scope="col" class="right">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {figure.rows.map((row, at) => (
                <tr key={at}>
                  <th scope="row">{row.label}</th>
                  {row.values.map(({ value, low, high }, index) => (
                    <td key={index} class="right">
                      {value === null ? 'not measured' : amount(value)}
                      {low !== null && high !== null && (
                        <span class="soft">
                          {' '}
                          ({amount(low)} to {amount(high)})
                        </span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </figure>
  );
}

function anchorOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
