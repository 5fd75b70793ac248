import { Button, Select, Switch, TextInput } from '@mantine/core';
import type { PanelQuery } from '@sightline/contract';
import { lazy, Suspense, type ReactNode } from 'react';
import { Skeleton } from '../../../components/skeleton.tsx';

const PromqlEditor = lazy(async () => import('../../../promql/promql-editor.tsx'));

/** One query of a panel. */
export function QueryFields({
  query,
  onChange,
}: {
  query: PanelQuery;
  onChange: (next: PanelQuery | undefined) => void;
}): ReactNode {
  return (
    <div className="query-fields" role="group" aria-label={`Query ${query.ref}`}>
      <div className="row">
        <strong>{query.ref}</strong>
        <span className="grow">
          {query.kind === 'promql' && (
            <Suspense fallback={<Skeleton height={32} />}>
              <PromqlEditor
                label={`PromQL of query ${query.ref}`}
                value={query.expression}
                onChange={(expression) => onChange({ ...query, expression })}
              />
            </Suspense>
          )}
          {query.kind === 'logs' && (
            <TextInput
              aria-label={`Search of query ${query.ref}`}
              placeholder="severity:>=error service:payment"
              value={query.q}
              maxLength={4000}
              onChange={(event) => onChange({ ...query, q: event.currentTarget.value })}
            />
          )}
          {query.kind === 'read' && (
            <Select
              aria-label={`What query ${query.ref} shows`}
              data={['sites', 'services', 'incidents']}
              value={query.read}
              allowDeselect={false}
              onChange={(read) =>
                onChange({ ...query, read: read === 'services' || read === 'incidents' ? read : 'sites' })
              }
            />
          )}
        </span>
        <Button variant="default" size="compact-xs" onClick={() => onChange(undefined)}>
          Remove {query.ref}
        </Button>
      </div>
      {query.kind !== 'read' && (
        <div className="field-row">
          <TextInput
            label="Legend"
            className="grow"
            placeholder="{{site}}"
            value={query.legend}
            maxLength={200}
            onChange={(event) => onChange({ ...query, legend: event.currentTarget.value })}
          />
          {query.kind === 'promql' && (
            <Switch
              size="xs"
              label="Only the value at the end"
              checked={query.instant}
              onChange={(event) => onChange({ ...query, instant: event.currentTarget.checked })}
            />
          )}
          <Switch
            size="xs"
            label="Hidden"
            checked={query.hidden}
            onChange={(event) => onChange({ ...query, hidden: event.currentTarget.checked })}
          />
        </div>
      )}
    </div>
  );
}
