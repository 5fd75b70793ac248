import type { IssueChange } from '@sightline/contract';
import { Button, NativeSelect, NumberInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { archiveUntil, archiveUnits, type ArchiveUnit } from './archive-until.ts';
import './errors.css';

/** Archives until a limit of one's own is reached: so long, so many more events, so many more users. */
export function ArchiveForm({
  busy,
  archive,
  cancel,
}: {
  readonly busy: boolean;
  readonly archive: (change: IssueChange) => void;
  readonly cancel: () => void;
}): ReactNode {
  const [count, setCount] = useState<number | string>(2);
  const [unit, setUnit] = useState<ArchiveUnit>('days');
  const [fault, setFault] = useState('');
  return (
    <form
      className="act-form"
      aria-label="Archive until"
      onSubmit={(event) => {
        event.preventDefault();
        const change = archiveUntil(Number(count), unit, Date.now());
        if (change === undefined)
          setFault(`Give a whole number from 1 to ${archiveUnits[unit].most.toLocaleString()}.`);
        else archive(change);
      }}
    >
      <NumberInput
        autoFocus
        className="archive-count"
        aria-label="How many"
        min={1}
        allowDecimal={false}
        allowNegative={false}
        value={count}
        error={fault !== ''}
        aria-describedby={fault === '' ? undefined : 'archive-fault'}
        onChange={setCount}
      />
      <NativeSelect
        aria-label="Of what"
        value={unit}
        onChange={(event) => setUnit(event.currentTarget.value as ArchiveUnit)}
        data={Object.entries(archiveUnits).map(([value, { title }]) => ({ value, label: title }))}
      />
      <Button type="submit" disabled={busy}>
        Archive
      </Button>
      <Button variant="subtle" onClick={cancel}>
        Cancel
      </Button>
      {fault !== '' && (
        <p id="archive-fault" className="act-fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
