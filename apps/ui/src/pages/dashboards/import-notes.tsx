import type { ImportNote } from '@sightline/contract';
import type { ReactNode } from 'react';
import { counted } from '../../components/number-text.ts';

/** What an import left behind, panel by panel. */
export function ImportNotes({ notes }: { notes: readonly ImportNote[] }): ReactNode {
  if (notes.length === 0) return <p className="muted">Everything was carried over.</p>;
  const panels = [...Map.groupBy(notes, ({ panel }) => panel)];
  return (
    <section aria-label="Not carried over">
      <h3 className="part-title">
        Not carried over <span className="muted">{counted(notes.length, 'note')}</span>
      </h3>
      <dl className="import-notes">
        {panels.map(([panel, said]) => (
          <div key={panel}>
            <dt>{panel || 'The dashboard as a whole'}</dt>
            {said.map(({ text }) => (
              <dd key={text}>{text}</dd>
            ))}
          </div>
        ))}
      </dl>
    </section>
  );
}
