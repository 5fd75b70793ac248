import { Button, Modal, NumberInput } from '@mantine/core';
import { limitedSignals, listKeys, setKeyLimits, setRecordLimits, type RecordLimits } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { FormProblem } from '../../components/form-problem.tsx';
import { useAct } from '../../data/ask.ts';

type Signal = (typeof limitedSignals)[number];
const names: Readonly<Record<Signal, string>> = {
  errors: 'Errors',
  spans: 'Spans and transactions',
  logs: 'Logs',
  metrics: 'Samples of metrics',
  sessions: 'Sessions',
  feedback: 'User feedback',
  attachments: 'Attachments',
  replays: 'Replay segments',
  profiles: 'Profiles',
  checks: 'Check-ins',
};

/** Limits as a line of a table says them. */
export function limitsInWords(limits: RecordLimits): string {
  return limitedSignals
    .flatMap((signal) => {
      const records = limits[signal];
      return records === undefined ? [] : [`${records.toLocaleString('en-US')} ${signal}/min`];
    })
    .join(', ');
}

export interface RecordLimitsProps {
  /** The key whose limits they are; undefined for all keys of the organisation together. */
  readonly of?: { readonly id: string; readonly name: string };
  readonly limits: RecordLimits;
  /** What holds where nothing is set. */
  readonly defaults: RecordLimits;
}

/** A button that opens what may be sent in a minute, by kind of record. */
export function RecordLimitsButton({ of, limits, defaults }: RecordLimitsProps): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" size="compact-xs" onClick={() => setOpen(true)}>
        {of ? 'Limits' : 'Change the limits'}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={of ? `Limits of the key ${of.name}` : 'Limits of all keys together'}
        centered
        size={460}
      >
        <LimitsForm of={of} limits={limits} defaults={defaults} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

interface LimitsFormProps {
  readonly of: RecordLimitsProps['of'] | undefined;
  readonly limits: RecordLimits;
  readonly defaults: RecordLimits;
  readonly onDone: () => void;
}

function LimitsForm({ of, limits, defaults, onDone }: LimitsFormProps): ReactNode {
  const [drafts, setDrafts] = useState<Partial<Record<Signal, number | string>>>(limits);
  const ofKey = useAct(setKeyLimits, [listKeys]);
  const ofAll = useAct(setRecordLimits, [listKeys]);
  const set: RecordLimits = {};
  for (const signal of limitedSignals) {
    const records = drafts[signal];
    if (typeof records === 'number' && records >= 1) set[signal] = Math.trunc(records);
  }
  const done = { onSuccess: onDone };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (of) ofKey.mutate({ params: { id: of.id }, body: { limits: set } }, done);
        else ofAll.mutate({ body: { limits: set } }, done);
      }}
    >
      <p className="muted">
        Records in a minute. What is more is refused and counted on the page Data as “rate-limited”: Sentry’s SDKs hold
        that kind back until the minute is over and go on with the rest, other clients are answered 429 and send again.
        Empty means {of ? 'no limit beside the one of all keys' : 'what Sightline begins with'}.
      </p>
      {limitedSignals.map((signal) => (
        <NumberInput
          key={signal}
          size="xs"
          label={names[signal]}
          min={1}
          max={1_000_000_000}
          allowDecimal={false}
          thousandSeparator=","
          placeholder={!of && defaults[signal] !== undefined ? defaults[signal].toLocaleString('en-US') : 'no limit'}
          value={drafts[signal] ?? ''}
          onChange={(value) => setDrafts((old) => ({ ...old, [signal]: value }))}
        />
      ))}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={onDone}>
          Keep it as it is
        </Button>
        <Button type="submit" loading={ofKey.isPending || ofAll.isPending}>
          Save
        </Button>
      </div>
      <FormProblem problem={ofKey.error ?? ofAll.error} known={[]} />
    </form>
  );
}
