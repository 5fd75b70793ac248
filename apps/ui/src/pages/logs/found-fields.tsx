import { logFoundFields, type LogFoundField } from '@sightline/contract';
import { IconColumnInsertRight } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { searchName } from '../../records/log-fields.ts';
import { readColumns, toggleColumn } from './columns.ts';

const fewFields = 15;

interface FoundFieldsProps {
  readonly scope: ScopeQuery;
  readonly q: string;
  /** Fields whose values are shown already. */
  readonly shown: readonly string[];
  /** Shows a field's values, or no longer. */
  readonly onField: (name: string) => void;
}

/** The attributes that the result has. A press shows a field's most frequent values, a second one its column. */
export function FoundFields({ scope, q, shown, onField }: FoundFieldsProps): ReactNode {
  const { search, setSearch } = useAddress();
  const [every, setEvery] = useState(false);
  const { data, error } = useAsk(logFoundFields, { query: { ...scope, q } });
  if (error?.position !== undefined) return null;
  if (error !== null && data === undefined)
    return <p className="muted">The fields could not be read. {error.detail}</p>;
  if (data === undefined) return <SkeletonRows rows={6} height={24} />;
  const columns = readColumns(search['columns']) ?? [];
  return (
    <section aria-label="Fields found">
      <h3 className="facet-title">
        Fields found
        {data.estimated && <span title="Counted on a sample"> ≈</span>}
      </h3>
      {data.fields.length === 0 && <p className="facet-none">no attributes</p>}
      {data.fields.slice(0, every ? undefined : fewFields).map((field) => {
        const name = nameOf(field);
        const column = columns.includes(name);
        return (
          <div key={`${field.from} ${field.name}`} className="facet-row">
            <button
              type="button"
              className="facet-value"
              aria-pressed={shown.includes(name)}
              disabled={name === ''}
              title={`${field.name}: ${share(field.records, data.records)} of the lines have it`}
              onClick={() => onField(name)}
            >
              <span className="facet-bar" style={{ width: share(field.records, data.records) }} />
              <span className="facet-word">{field.name}</span>
              <span className="facet-count">{formatCount(field.records)}</span>
            </button>
            <button
              type="button"
              className="facet-out"
              aria-pressed={column}
              disabled={name === ''}
              aria-label={column ? `Take the column ${field.name} away` : `Show ${field.name} as a column`}
              onClick={() => setSearch({ columns: toggleColumn(search['columns'], name) })}
            >
              <IconColumnInsertRight size={13} aria-hidden />
            </button>
          </div>
        );
      })}
      {data.fields.length > fewFields && (
        <button type="button" className="plain-button" onClick={() => setEvery((now) => !now)}>
          {every ? 'Fewer fields' : `All ${data.fields.length} fields`}
        </button>
      )}
    </section>
  );
}

const nameOf = ({ name, from }: LogFoundField): string => searchName(name, from === 'attributes' ? '@' : 'res.');

const share = (records: number, all: number): string =>
  `${Math.min(100, (records / Math.max(1, all)) * 100).toFixed(0)}%`;
