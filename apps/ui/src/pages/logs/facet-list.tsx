import { logFacets, logFields } from '@sightline/contract';
import { ActionIcon, Select } from '@mantine/core';
import { IconX, IconZoomOut } from '@tabler/icons-react';
import { useState, type MouseEvent, type ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { severityFill, type Severity } from '../../charts/severity-colour.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import { useAddress } from '../../data/address.ts';
import type { ScopeQuery } from '../../data/scope.ts';
import { addFilter, hasFilter, removeFilter } from '../../search/query-edit.ts';
import { FoundFields } from './found-fields.tsx';

/** As many as a facet has when nobody asks for more, and then. */
const fewValues = 10;
const manyValues = 100;
/** The server counts twenty fields at a time. */
const mostOwn = 16;
const always = ['severity', 'service', 'site', 'environment'];

interface FacetListProps {
  readonly scope: ScopeQuery;
  readonly q: string;
  /** Whether the values of archived lines count too. */
  readonly archive: boolean;
  readonly onQuery: (q: string) => void;
}

/** Top values of what matches. A click filters for a value, Alt or Ctrl with it filters it out. */
export function FacetList({ scope, q, archive, onQuery }: FacetListProps): ReactNode {
  const { search, setSearch } = useAddress();
  const own = (search['facets'] ?? '').split(',').filter((field) => field !== '');
  const fields = [...always, ...own];
  const { data, isPending, error } = useAsk(logFacets, {
    query: { ...scope, q, fields: fields.join(','), archive: archive ? 'true' : 'false' },
  });
  const [wide, setWide] = useState('');
  const wider = useAsk(
    logFacets,
    { query: { ...scope, q, fields: wide, most: manyValues, archive: archive ? 'true' : 'false' } },
    { when: wide !== '', keepOld: false },
  );
  const known = useAsk(logFields, { query: scope });
  const offers = (known.data?.fields ?? []).filter((field) => !fields.includes(field));
  if (isPending) return <SkeletonRows rows={14} height={24} />;
  // A fault in the search itself is said once, under the search.
  if (error?.position !== undefined) return null;
  if (error !== null && data === undefined)
    return <p className="muted">The values could not be counted. {error.detail}</p>;
  const toggle = (field: string, value: string, out: boolean) =>
    onQuery(hasFilter(q, field, value, out) ? removeFilter(q, field, value) : addFilter(q, field, value, out));
  return (
    <div className="facets">
      {data?.facets.map((narrow) => {
        const facet = (narrow.field === wide ? wider.data?.facets[0] : undefined) ?? narrow;
        return (
          <section key={facet.field} aria-label={facet.field}>
            <h3 className="facet-title">
              {facet.field}
              {facet.estimated && <span title="Counted on a sample"> ≈</span>}
              {own.includes(facet.field) && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={20}
                  aria-label={`Remove ${facet.field}`}
                  onClick={() => setSearch({ facets: own.filter((field) => field !== facet.field).join(',') })}
                >
                  <IconX size={12} />
                </ActionIcon>
              )}
            </h3>
            {facet.values.length === 0 && <p className="facet-none">no values</p>}
            {facet.values.map(({ value, records }) => (
              <FacetValue
                key={value}
                field={facet.field}
                value={value}
                records={records}
                most={facet.values[0]?.records ?? records}
                on={hasFilter(q, facet.field, value)}
                out={hasFilter(q, facet.field, value, true)}
                toggle={toggle}
              />
            ))}
            {facet.field === wide && facet.values.length >= manyValues && (
              <p className="facet-none">the {manyValues} most frequent</p>
            )}
            {facet.field === wide && wider.error !== null && (
              <p className="facet-none">More could not be counted. {wider.error.detail}</p>
            )}
            {narrow.values.length >= fewValues && (
              <button
                type="button"
                className="plain-button"
                aria-label={facet.field === wide ? `Fewer values of ${facet.field}` : `More values of ${facet.field}`}
                onClick={() => setWide(facet.field === wide ? '' : facet.field)}
              >
                {facet.field === wide ? 'Fewer' : 'More'}
              </button>
            )}
          </section>
        );
      })}
      <FoundFields
        scope={scope}
        q={q}
        shown={fields}
        onField={(field) => {
          const next = own.includes(field) ? own.filter((one) => one !== field) : [...own, field];
          setSearch({ facets: next.slice(-mostOwn).join(',') });
        }}
      />
      <Select
        aria-label="Add a field"
        placeholder="Add a field"
        data={[...new Set(offers)].slice(0, 200)}
        value={null}
        searchable
        onChange={(field) => field !== null && setSearch({ facets: [...own, field].join(',') })}
      />
    </div>
  );
}

function FacetValue(props: {
  readonly field: string;
  readonly value: string;
  readonly records: number;
  readonly most: number;
  readonly on: boolean;
  readonly out: boolean;
  readonly toggle: (field: string, value: string, out: boolean) => void;
}): ReactNode {
  const { field, value, records, most, on, out, toggle } = props;
  const word = value === '' ? '(none)' : value;
  const fill = field === 'severity' ? severityFill[value as Severity] : undefined;
  const press = (event: MouseEvent) => {
    event.preventDefault();
    toggle(field, value, event.altKey || event.ctrlKey || event.metaKey);
  };
  return (
    <div className="facet-row" data-out={out ? '' : undefined}>
      <button
        type="button"
        className="facet-value"
        aria-pressed={on}
        title={`${word}: filter for; Alt-click filters out`}
        onClick={press}
      >
        <span className="facet-bar" style={{ width: `${(records / Math.max(1, most)) * 100}%`, background: fill }} />
        <span className="facet-word">{word}</span>
        <span className="facet-count">{formatCount(records)}</span>
      </button>
      <button
        type="button"
        className="facet-out"
        aria-pressed={out}
        aria-label={`Filter out ${field} ${word}`}
        onClick={() => toggle(field, value, true)}
      >
        <IconZoomOut size={13} aria-hidden />
      </button>
    </div>
  );
}
