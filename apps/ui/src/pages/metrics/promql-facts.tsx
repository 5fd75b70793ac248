import { Switch } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { useAddress } from '../../data/address.ts';
import { ExemplarSwitch } from '../../promql/exemplars.tsx';

interface FactsProps {
  readonly series: number;
  readonly samples: number;
  readonly tookMs: number | undefined;
  readonly stepMs: number;
  /** One query alone is shown: its exemplars have a place in the chart. */
  readonly single: boolean;
}

/** How the answer is shown, and what it cost. */
export function PromqlFacts({ series, samples, tookMs, stepMs, single }: FactsProps): ReactNode {
  const { search, setSearch } = useAddress();
  const table = search['view'] === 'table';
  const stacked = search['stack'] === '1' && !table;
  return (
    <div className="row promql-facts">
      <Switch
        size="xs"
        label="Table of the values at the end"
        checked={table}
        onChange={(event) => setSearch({ view: event.currentTarget.checked ? 'table' : '' })}
      />
      {!table && (
        <Switch
          size="xs"
          label="Stacked"
          checked={stacked}
          onChange={(event) => setSearch({ stack: event.currentTarget.checked ? '1' : '' })}
        />
      )}
      <Switch
        size="xs"
        label="Explain"
        checked={search['explain'] === '1'}
        onChange={(event) => setSearch({ explain: event.currentTarget.checked ? '1' : '' })}
      />
      {!table && !stacked && single && <ExemplarSwitch />}
      <span className="grow" />
      <span className="muted">
        {formatCount(series)} series · {formatCount(samples)} samples
        {tookMs !== undefined && ` · ${formatDuration(tookMs)}`}
        {!table && ` · every ${formatDuration(stepMs)}`}
      </span>
    </div>
  );
}

/** What the engine remarks about an answer. */
export function PromqlNotes({
  warnings,
  infos,
}: {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}): ReactNode {
  const notes = [...warnings.map((said) => ({ said, warns: true })), ...infos.map((said) => ({ said, warns: false }))];
  return notes.map(({ said, warns }) => (
    <p key={said} className="promql-said" data-tone={warns ? 'warn' : 'idle'}>
      {warns ? <IconAlertTriangle size={14} aria-hidden /> : <IconInfoCircle size={14} aria-hidden />} {said}
    </p>
  ));
}
