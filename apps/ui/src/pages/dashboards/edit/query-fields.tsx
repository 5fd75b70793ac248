import { Button, Select, Switch, TextInput } from '@mantine/core';
import { panelReads, queryLook, seriesColours, type PanelQuery, type QueryLook } from '@sightline/contract';
import { lazy, Suspense, type ReactNode } from 'react';
import { Skeleton } from '../../../components/skeleton.tsx';
import { readWords } from '../read-words.ts';
import { FigureField } from './figure-field.tsx';
import { draws, units } from './look-choices.ts';

const PromqlEditor = lazy(async () => import('../../../promql/promql-editor.tsx'));

/** One query of a panel. */
export function QueryFields({
  query,
  overTime,
  onChange,
}: {
  query: PanelQuery;
  /** Whether the panel draws values over time: then each query may be drawn in its own way. */
  overTime: boolean;
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
              data={panelReads.map((value) => ({ value, label: readWords[value] }))}
              value={query.read}
              allowDeselect={false}
              onChange={(read) => onChange({ ...query, read: panelReads.find((one) => one === read) ?? query.read })}
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
      {overTime && query.kind !== 'read' && !(query.kind === 'promql' && query.instant) && (
        <LookFields
          name={query.ref}
          look={query.look ?? queryLook.parse({})}
          onChange={(look) => onChange({ ...query, look })}
        />
      )}
    </div>
  );
}

const asPanel = 'as the panel';
/** Each series has the next colour of the palette. */
const inTurn = 'in turn';

/** What one query has for itself: its axis, its unit, how it is drawn. */
function LookFields({
  name,
  look,
  onChange,
}: {
  name: string;
  look: QueryLook;
  onChange: (look: QueryLook) => void;
}): ReactNode {
  const set = (part: Partial<QueryLook>): void => onChange({ ...look, ...part });
  const { unit } = look;
  return (
    <div className="field-row" role="group" aria-label={`How query ${name} is drawn`}>
      <Select
        label="Axis"
        w={90}
        data={['left', 'right']}
        value={look.axis}
        allowDeselect={false}
        onChange={(axis) => set({ axis: axis === 'right' ? 'right' : 'left' })}
      />
      <Select
        label="Unit"
        w={120}
        searchable
        data={[
          { value: asPanel, label: asPanel },
          ...[...new Set([...units, unit ?? ''])].map((value) => ({ value: value || 'none', label: value || 'none' })),
        ]}
        value={unit === null ? asPanel : unit || 'none'}
        allowDeselect={false}
        onChange={(value) => set({ unit: value === asPanel ? null : value === 'none' ? '' : value })}
      />
      <Select
        label="Drawn as"
        w={130}
        data={[{ value: asPanel, label: asPanel }, ...draws]}
        value={look.draw ?? asPanel}
        allowDeselect={false}
        onChange={(value) => set({ draw: draws.find((one) => one.value === value)?.value ?? null })}
      />
      <FigureField
        label="Decimals"
        w={80}
        min={0}
        max={10}
        value={look.decimals}
        onChange={(value) => set({ decimals: value })}
      />
      <FigureField label="Axis from" w={80} value={look.min} onChange={(value) => set({ min: value })} />
      <FigureField label="Axis to" w={80} value={look.max} onChange={(value) => set({ max: value })} />
      <Select
        label="Colour"
        w={110}
        data={[{ value: inTurn, label: inTurn }, ...seriesColours]}
        value={look.colour ?? inTurn}
        allowDeselect={false}
        onChange={(value) => set({ colour: seriesColours.find((one) => one === value) ?? null })}
      />
      <FigureField
        label="Line, px"
        w={80}
        min={0}
        max={10}
        value={look.width}
        onChange={(value) => set({ width: value })}
      />
      <FigureField
        label="Fill, %"
        w={80}
        min={0}
        max={100}
        value={look.fill}
        onChange={(value) => set({ fill: value })}
      />
      <Switch
        size="xs"
        label="Broken line"
        checked={look.broken}
        onChange={(event) => set({ broken: event.currentTarget.checked })}
      />
    </div>
  );
}
