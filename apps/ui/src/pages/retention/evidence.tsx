import { Button, TextInput } from '@mantine/core';
import { getEvidence, type EvidenceSection } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { useNow } from '../../data/now.ts';

const dayMs = 86_400_000;
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Figures by requirement of PCI DSS section 10, of a period that stands in the address. */
export function Evidence(): ReactNode {
  const now = useNow();
  const { search, setSearch } = useAddress();
  const period = {
    from: search['since'] ?? dayOf(now - 30 * dayMs),
    through: search['through'] ?? dayOf(now - dayMs),
  };
  const [draft, setDraft] = useState(period);
  const asked = useAsk(getEvidence, { query: period });
  const address = `/api/v1/retention/evidence.html?from=${period.from}&through=${period.through}`;
  return (
    <div className="stack">
      <section className="panel panel-body" aria-label="Period">
        <form
          className="line-form"
          onSubmit={(event) => {
            event.preventDefault();
            setSearch({ since: draft.from, through: draft.through });
          }}
        >
          <TextInput
            type="date"
            label="From day (UTC)"
            value={draft.from}
            onChange={(event) => setDraft({ ...draft, from: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label="Through day (UTC)"
            value={draft.through}
            onChange={(event) => setDraft({ ...draft, through: event.currentTarget.value })}
          />
          <Button type="submit">Show</Button>
          <Button component="a" variant="default" href={address} download>
            HTML to print
          </Button>
          <Button component="a" variant="default" href={address.replace('.html', '')} download="evidence.json">
            JSON
          </Button>
        </form>
        <p className="muted">
          Evidence for PCI DSS 4.0.1, requirement 10, from what this server holds. It claims no compliance.
        </p>
      </section>
      {asked.data === undefined ? (
        asked.error === null ? (
          <SkeletonRows rows={10} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        )
      ) : (
        <>
          <p className="muted">
            Written <TimeText at={asked.data.writtenAt} />
          </p>
          {asked.data.sections.map((section) => (
            <Section key={section.requirement} section={section} />
          ))}
        </>
      )}
    </div>
  );
}

function Section({ section }: { section: EvidenceSection }): ReactNode {
  const { requirement, title, facts, tables, unknown } = section;
  return (
    <section className="panel" aria-label={`${requirement} ${title}`}>
      <h2 className="panel-title">
        {requirement} {title}
      </h2>
      <ScrollX label={`Figures of ${requirement}`}>
        <table className="table evidence-facts">
          <tbody>
            {facts.map(({ name, value }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {tables
        .filter(({ rows }) => rows.length > 0)
        .map(({ title: name, columns, rows, more }) => (
          <details key={name} className="panel-body">
            <summary>
              {name} <span className="muted">{(rows.length + more).toLocaleString('en-US')}</span>
            </summary>
            <ScrollX label={name}>
              <table className="table">
                <thead>
                  <tr>
                    {columns.map((column) => (
                      <th key={column}>{column}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.join('\0')}>
                      {row.map((cell, i) => (
                        <td key={columns[i]}>{cell}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </ScrollX>
          </details>
        ))}
      <div className="panel-body muted">
        Not known here:
        <ul>
          {unknown.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </div>
    </section>
  );
}
