import { Button, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue, useElementSize } from '@mantine/hooks';
import {
  fillVariables,
  panelTypes,
  reductions,
  type DashboardPanel,
  type PanelOptions,
  type PanelQuery,
  type VariableValues,
} from '@sightline/contract';
import type { ReactNode } from 'react';
import { Drawer } from '../../../components/drawer.tsx';
import type { ScopeQuery } from '../../../data/scope.ts';
import { PanelBody } from '../panel-body.tsx';
import { useFrames } from '../use-frames.ts';
import { ColumnFields } from './column-fields.tsx';
import { FigureField } from './figure-field.tsx';
import { panelWords } from './edit-bar.tsx';
import { draws, units } from './look-choices.ts';
import { QueryFields } from './query-fields.tsx';
import { LinkFields } from './settings-drawer.tsx';
import { ThresholdFields } from './threshold-fields.tsx';
import type { Draft } from './use-draft.ts';

const previewPx = 260;
const pauseMs = 500;

/** One panel while it is edited: how it looks now, what it asks, how it is drawn. */
export function PanelEditor(props: {
  panel: DashboardPanel;
  draft: Draft;
  values: VariableValues;
  scope: ScopeQuery;
  onClose: () => void;
}): ReactNode {
  const { panel, draft, values, scope, onClose } = props;
  const change = (part: Partial<DashboardPanel>): void => draft.setPanel({ ...panel, ...part });
  const setOptions = (part: Partial<PanelOptions>): void => change({ options: { ...panel.options, ...part } });
  const title = fillVariables(panel.title, values, 'text') || panelWords[panel.type];
  const row = panel.type === 'row';
  return (
    <Drawer title={`Edit: ${title}`} label={`Edit: ${title}`} width={760} onClose={onClose}>
      <div className="drawer-parts">
        {!row && <Preview panel={panel} values={values} scope={scope} />}
        <div className="field-row">
          <TextInput
            label="Title"
            className="grow"
            value={panel.title}
            maxLength={200}
            onChange={(event) => change({ title: event.currentTarget.value })}
          />
          {!row && (
            <Select
              label="Drawn as"
              w={160}
              data={panelTypes.filter((type) => type !== 'row').map((value) => ({ value, label: panelWords[value] }))}
              value={panel.type}
              allowDeselect={false}
              onChange={(type) => change({ type: panelTypes.find((one) => one === type) ?? panel.type })}
            />
          )}
          <Select
            label="Once for each value of"
            w={160}
            clearable
            placeholder="(once)"
            data={draft.document.variables.map(({ name }) => name)}
            value={panel.repeat === '' ? null : panel.repeat}
            onChange={(repeat) => change({ repeat: repeat ?? '' })}
          />
        </div>
        {row && (
          <Switch
            size="xs"
            label="Closed at first"
            checked={panel.options.collapsed}
            onChange={(event) => setOptions({ collapsed: event.currentTarget.checked })}
          />
        )}
        {panel.type === 'text' && (
          <Textarea
            size="xs"
            label="Text (Markdown)"
            autosize
            minRows={6}
            maxRows={20}
            maxLength={20_000}
            value={panel.options.text}
            onChange={(event) => setOptions({ text: event.currentTarget.value })}
          />
        )}
        {!row && panel.type !== 'text' && (
          <>
            <Queries panel={panel} change={change} />
            <Look panel={panel} change={change} setOptions={setOptions} />
            {panel.type === 'table' && !panel.queries.some(({ kind }) => kind === 'read') && (
              <ColumnFields panel={panel} setOptions={setOptions} />
            )}
            <ThresholdFields panel={panel} change={change} />
          </>
        )}
        {!row && (
          <>
            <TextInput
              label="Description"
              value={panel.description}
              maxLength={4000}
              onChange={(event) => change({ description: event.currentTarget.value })}
            />
            <LinkFields links={panel.links} onChange={(links) => change({ links })} />
          </>
        )}
        <div className="row">
          <Button onClick={onClose}>Done</Button>
          <Button
            variant="default"
            onClick={() => {
              draft.remove(panel.id);
              onClose();
            }}
          >
            Remove the {row ? 'row' : 'panel'}
          </Button>
        </div>
      </div>
    </Drawer>
  );
}

/** Drawn anew once the writer pauses. */
function Preview({
  panel,
  values,
  scope,
}: {
  panel: DashboardPanel;
  values: VariableValues;
  scope: ScopeQuery;
}): ReactNode {
  const { ref, width } = useElementSize();
  const [settled] = useDebouncedValue(panel, pauseMs);
  const data = useFrames(settled, values, scope, { when: true, compare: false });
  return (
    <div ref={ref} className="panel panel-large" style={{ height: previewPx }}>
      {width > 0 && (
        <PanelBody
          panel={settled}
          data={data}
          values={values}
          scope={scope}
          label="Preview"
          width={width}
          height={previewPx}
          marks={[]}
          onRange={() => undefined}
        />
      )}
      {data.frames.length > 0 &&
        data.faults.map(({ ref: query, message }) => (
          <p key={query} className="form-problem">{`Query ${query}: ${message}`}</p>
        ))}
    </div>
  );
}

type Change = (part: Partial<DashboardPanel>) => void;

function Queries({ panel, change }: { panel: DashboardPanel; change: Change }): ReactNode {
  const { queries } = panel;
  const add = (kind: PanelQuery['kind']): void => {
    const taken = new Set(queries.map(({ ref }) => ref));
    const ref = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('').find((letter) => !taken.has(letter)) ?? 'Z';
    const made: PanelQuery =
      kind === 'promql'
        ? { kind, ref, expression: '', legend: '', instant: false, hidden: false }
        : kind === 'logs'
          ? { kind, ref, q: '', legend: '', hidden: false }
          : { kind, ref, read: 'sites', legend: '', hidden: false };
    change({ queries: [...queries, made] });
  };
  return (
    <section aria-label="Queries" className="stack">
      <h3 className="part-title">Queries</h3>
      {queries.map((query, index) => (
        <QueryFields
          key={query.ref}
          query={query}
          overTime={panel.type === 'timeseries'}
          onChange={(next) =>
            change({
              queries:
                next === undefined
                  ? queries.filter((_, at) => at !== index)
                  : queries.map((one, at) => (at === index ? next : one)),
            })
          }
        />
      ))}
      <div className="row">
        <Button variant="default" size="compact-xs" onClick={() => add('promql')}>
          Add PromQL
        </Button>
        <Button variant="default" size="compact-xs" onClick={() => add('logs')}>
          Add a log search
        </Button>
        {(panel.type === 'table' || panel.type === 'sitemap') && (
          <Button variant="default" size="compact-xs" onClick={() => add('read')}>
            Add what Sightline knows
          </Button>
        )}
      </div>
    </section>
  );
}

function Look({
  panel,
  change,
  setOptions,
}: {
  panel: DashboardPanel;
  change: Change;
  setOptions: (part: Partial<PanelOptions>) => void;
}): ReactNode {
  const { options, type, unit } = panel;
  const series = type === 'timeseries';
  return (
    <section aria-label="Look" className="stack">
      <h3 className="part-title">Look</h3>
      <div className="field-row">
        <Select
          label="Unit"
          w={120}
          searchable
          data={[...new Set([...units, unit])].map((value) => ({ value: value || 'none', label: value || 'none' }))}
          value={unit || 'none'}
          allowDeselect={false}
          onChange={(value) => change({ unit: value === 'none' ? '' : (value ?? '') })}
        />
        <FigureField
          label="Decimals"
          w={90}
          min={0}
          max={10}
          value={options.decimals}
          onChange={(value) => setOptions({ decimals: value })}
        />
        <FigureField label="Least" w={90} value={options.min} onChange={(value) => setOptions({ min: value })} />
        <FigureField label="Greatest" w={90} value={options.max} onChange={(value) => setOptions({ max: value })} />
        {series ? (
          <>
            <Select
              label="Drawn as"
              w={130}
              data={[...draws]}
              value={options.draw}
              allowDeselect={false}
              onChange={(value) => setOptions({ draw: draws.find((one) => one.value === value)?.value ?? 'lines' })}
            />
            <FigureField
              label="Line, px"
              w={80}
              min={0}
              max={10}
              value={options.lineWidth}
              onChange={(value) => setOptions({ lineWidth: value })}
            />
            <FigureField
              label="Fill, %"
              w={80}
              min={0}
              max={100}
              value={options.fill}
              onChange={(value) => setOptions({ fill: value })}
            />
            <Select
              label="Legend"
              w={100}
              data={['list', 'table', 'none']}
              value={options.legend}
              allowDeselect={false}
              onChange={(value) => setOptions({ legend: value === 'table' || value === 'none' ? value : 'list' })}
            />
            <FigureField
              label="Series at most"
              w={100}
              min={1}
              max={100}
              value={options.most}
              onChange={(value) => setOptions({ most: Math.max(1, Math.min(100, value ?? 8)) })}
            />
          </>
        ) : (
          <Select
            label="One number by"
            w={110}
            data={[...reductions]}
            value={options.reduce}
            allowDeselect={false}
            onChange={(value) => setOptions({ reduce: reductions.find((one) => one === value) ?? 'last' })}
          />
        )}
      </div>
      <div className="row">
        {series && (
          <Switch
            size="xs"
            label="Logarithmic"
            checked={options.logarithmic}
            onChange={(event) => setOptions({ logarithmic: event.currentTarget.checked })}
          />
        )}
        {series && (
          <Switch
            size="xs"
            label="Limits as lines"
            checked={options.thresholdLines}
            onChange={(event) => setOptions({ thresholdLines: event.currentTarget.checked })}
          />
        )}
        {series && (
          <Switch
            size="xs"
            label="Exemplars"
            checked={options.exemplars}
            onChange={(event) => setOptions({ exemplars: event.currentTarget.checked })}
          />
        )}
        {type === 'stat' && (
          <Switch
            size="xs"
            label="Its course behind it"
            checked={options.sparkline}
            onChange={(event) => setOptions({ sparkline: event.currentTarget.checked })}
          />
        )}
      </div>
    </section>
  );
}
