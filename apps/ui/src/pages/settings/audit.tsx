import { Button, TextInput } from '@mantine/core';
import { auditExportPath, listAudit, readAuditChain } from '@sightline/contract';
import { useState, type ComponentProps, type FormEvent, type ReactNode } from 'react';
import { ExportMenu } from '../../components/export-menu.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { Pager } from '../../components/pager.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge } from '../../components/state-badge.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import { addressOf, type Reply } from '../../data/call.ts';
import { AuditEntries } from '../../records/audit-entries.tsx';
import { localTime, readLocalTime } from './local-time.ts';

/** Who did what, newest first, a page at a time; the filters stand in the address. */
export function Audit(): ReactNode {
  const { search, setSearch } = useAddress();
  const [cursors, setCursors] = useState<readonly string[]>(['']);
  const filter = {
    actor: search['who'] ?? '',
    action: search['what'] ?? '',
    subject: search['on'] ?? '',
    from: readLocalTime(search['after'] ?? ''),
    to: readLocalTime(search['before'] ?? ''),
  };
  const asked = useAsk(listAudit, { query: { ...filter, limit: 100, cursor: cursors.at(-1) ?? '' } });
  const filtered = Object.values(filter).some((one) => one !== '' && one !== undefined);
  const set = (patch: Readonly<Record<string, string>>): void => {
    setCursors(['']);
    setSearch(patch, { push: true });
  };
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => {
      const value = form.get(name);
      return typeof value === 'string' ? value.trim() : '';
    };
    const [after, before] = [text('after'), text('before')];
    set({ who: text('who'), what: text('what'), on: text('on'), after, before });
  };
  const clear = (): void => set({ who: '', what: '', on: '', after: '', before: '' });
  return (
    <div className="stack">
      <Chain />
      <form key={JSON.stringify(filter)} className="line-form" role="search" aria-label="Audit" onSubmit={find}>
        <TextInput name="who" label="Who" placeholder="ada@" maxLength={300} defaultValue={filter.actor} />
        <TextInput name="what" label="What" placeholder="key.create" maxLength={100} defaultValue={filter.action} />
        <TextInput name="on" label="On" placeholder="STORE_047" maxLength={300} defaultValue={filter.subject} />
        <TextInput name="after" type="datetime-local" label="From" defaultValue={localTime(filter.from)} />
        <TextInput name="before" type="datetime-local" label="To" defaultValue={localTime(filter.to)} />
        <Button type="submit" variant="default">
          Filter
        </Button>
        {filtered && (
          <Button variant="subtle" onClick={clear}>
            Clear
          </Button>
        )}
        <ExportMenu files={exportsOf(filter, filtered)} />
      </form>
      {asked.data === undefined ? (
        asked.error === null ? (
          <SkeletonRows rows={12} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        )
      ) : (
        <Entries answer={asked.data} cursors={cursors} onCursors={setCursors} filtered={filtered} onClear={clear} />
      )}
    </div>
  );
}

function Entries(props: {
  readonly answer: Reply<typeof listAudit>;
  readonly cursors: readonly string[];
  readonly onCursors: (cursors: readonly string[]) => void;
  readonly filtered: boolean;
  readonly onClear: () => void;
}): ReactNode {
  const { entries, next } = props.answer;
  if (entries.length === 0)
    return props.filtered ? (
      <EmptyState
        compact
        title="Nothing matches"
        text="No entry of the audit trail fits these filters."
        action={
          <Button variant="default" onClick={props.onClear}>
            Show all
          </Button>
        }
      />
    ) : (
      <EmptyState compact title="Nothing yet" text="What people change is written here." />
    );
  return (
    <section className="panel" aria-label="Audit">
      <AuditEntries label="Table of the audit" entries={entries} withAddress />
      <Pager cursors={props.cursors} next={next} onChange={props.onCursors} />
    </section>
  );
}

/** Whether each entry follows from the one before, and up to where the archive signs them. */
function Chain(): ReactNode {
  const asked = useAsk(readAuditChain);
  if (asked.data === undefined)
    return asked.error === null ? (
      <SkeletonRows rows={1} height={36} />
    ) : (
      <p className="muted">The chain could not be checked. {asked.error.detail}</p>
    );
  const { entries, brokenAt, lastHash, archive, keyKnown, signed } = asked.data;
  const bad = brokenAt !== null || signed?.holds === false;
  return (
    <p className="audit-chain" role="status">
      <ToneBadge tone={bad ? 'bad' : 'good'}>{bad ? 'chain broken' : 'chain holds'}</ToneBadge>
      <span>
        {brokenAt === null
          ? `${entries.toLocaleString('en-US')} entries, each follows from the one before.`
          : `Entry ${brokenAt} does not follow from the one before: it, or the one before, was changed or taken away.`}{' '}
        {signed === null
          ? archive
            ? keyKnown
              ? 'No archived day signs it yet.'
              : 'Whether the archive signs it was not checked: this server does not know the public key. The process that archives tells it when it starts.'
            : 'Without an archive nothing signs it.'
          : signed.holds
            ? `Signed up to entry ${signed.number.toLocaleString('en-US')} by the archive’s manifest of ${signed.day}.`
            : `Entry ${signed.number.toLocaleString('en-US')} is not the one that the archive’s manifest of ${signed.day} signs: the trail was written anew.`}
      </span>
      {lastHash !== '' && (
        <span className="muted" title={lastHash}>
          Last hash <code>{lastHash.slice(0, 12)}</code>
        </span>
      )}
    </p>
  );
}

/** The entries that are filtered, and beside them the whole chain: a part of it cannot be verified. */
function exportsOf(
  filter: Readonly<Record<string, unknown>>,
  filtered: boolean,
): ComponentProps<typeof ExportMenu>['files'] {
  const href = (format: string, some = {}): string => addressOf(auditExportPath, {}, { ...some, format });
  const of = filtered ? ' of what is filtered' : '';
  return [
    { label: `CSV${of}`, href: href('csv', filter) },
    { label: `JSON lines${of}`, href: href('ndjson', filter) },
    ...(filtered ? [{ label: 'The whole chain, to be verified', href: href('ndjson') }] : []),
  ];
}
