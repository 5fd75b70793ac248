import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { createKey, listKeys, revokeKey, scopes, type ApiKey } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ScrollX } from '../../components/scroll-x.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { CopyId } from '../../components/copy-id.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { FormProblem } from '../../components/form-problem.tsx';
import { limitsInWords, RecordLimitsButton } from './record-limits.tsx';
import { ShownOnce } from './shown-once.tsx';

type KeyPermission = ApiKey['permissions'][number];
const permissions: readonly { value: KeyPermission; label: string }[] = [
  { value: 'ingest', label: 'Send data' },
  { value: 'query', label: 'Read data' },
  { value: 'operate', label: 'Act at sites' },
];
const words: Readonly<Record<KeyPermission, string>> = {
  ingest: 'sends',
  query: 'reads',
  'any-organisation': 'for every organisation',
  operate: 'acts as a responder',
};

type Binding = 'site' | 'service' | 'environment';
const unbound: Readonly<Record<Binding, string>> = { site: '', service: '', environment: '' };
/** What a key may be bound to: its records then carry it, whatever the sender says. */
const bindings = [
  { field: 'site', label: 'Site', all: 'Any site', list: 'sites' },
  { field: 'service', label: 'Service', all: 'Any service', list: 'services' },
  { field: 'environment', label: 'Environment', all: 'Any environment', list: 'environments' },
] as const;

/** Keys of clients: what each may do, for which store, and when it was last used. */
export function Keys(): ReactNode {
  const asked = useAsk(listKeys);
  const revoking = useAct(revokeKey, [listKeys]);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { limits, defaultLimits } = asked.data;
  const ofAll = limitsInWords({ ...defaultLimits, ...limits });
  return (
    <>
      <CreateKey />
      <p className="muted row">
        <span>All keys together: at most {ofAll}.</span>
        <RecordLimitsButton limits={limits} defaults={defaultLimits} />
      </p>
      {asked.data.keys.length === 0 ? (
        <EmptyState compact title="No keys yet" text="A client needs a key to send or read. Create the first above." />
      ) : (
        <section className="panel" aria-label="API keys">
          <ScrollX label="Table of keys">
            <table className="table one-line stacks">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Key</th>
                  <th>May</th>
                  <th>Speaks for</th>
                  <th>Created</th>
                  <th>Last used</th>
                  <th>At most</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {asked.data.keys.map((key) => (
                  <tr key={key.id}>
                    <td className="row-name">{key.name}</td>
                    <td data-title="Key">
                      {key.secret === null ? (
                        <span className="code muted">{key.hint}</span>
                      ) : (
                        <CopyId id={key.secret} what={`Key ${key.name}`} length={14} />
                      )}
                    </td>
                    <td data-title="May">{key.permissions.map((p) => words[p]).join(', ')}</td>
                    <td data-title="Speaks for">
                      {[key.environment, key.site, key.service].filter(Boolean).join(' · ') || 'all'}
                    </td>
                    <td data-title="Created">
                      <TimeText at={key.createdAt} show="relative" /> <span className="muted">by {key.createdBy}</span>
                    </td>
                    <td data-title="Last used">
                      {key.lastUsedAt === null ? 'never' : <TimeText at={key.lastUsedAt} show="relative" />}
                    </td>
                    <td data-title="At most">
                      {key.permissions.includes('ingest') && (
                        <span className="row">
                          {limitsInWords(key.limits)}
                          <RecordLimitsButton of={key} limits={key.limits} defaults={defaultLimits} />
                        </span>
                      )}
                    </td>
                    <td className="number">
                      <Confirm
                        verb="Revoke"
                        harmful
                        title={`Revoke the key ${key.name}`}
                        text="Whatever sends or reads with it is refused from now on. This cannot be undone."
                        act={async () => revoking.mutateAsync({ params: { id: key.id } })}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
    </>
  );
}

function CreateKey(): ReactNode {
  const [name, setName] = useState('');
  const [may, setMay] = useState<KeyPermission[]>(['ingest']);
  const [bound, setBound] = useState<Readonly<Record<Binding, string>>>(unbound);
  const known = useAsk(scopes);
  const creating = useAct(createKey, [listKeys]);
  if (creating.data !== undefined) {
    return (
      <ShownOnce
        what="Key"
        secret={creating.data.secret}
        text={
          <>
            The key <strong>{creating.data.key.name}</strong>.{' '}
            {creating.data.key.secret === null
              ? 'It is shown once: keep it now.'
              : 'It stays readable in the list below.'}
          </>
        }
        onDone={() => {
          creating.reset();
          setName('');
          setBound(unbound);
        }}
      />
    );
  }
  return (
    <form
      className="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        creating.mutate({ body: { name: name.trim(), permissions: may, ...bound } });
      }}
    >
      <TextInput
        className="grow"
        label="New key"
        placeholder="What uses it, such as Grafana"
        value={name}
        error={creating.error?.fields['name']}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group value={may} error={creating.error?.fields['permissions']} onChange={setMay}>
        <div className="row key-may">
          {permissions.map((p) => (
            <Checkbox key={p.value} size="xs" value={p.value} label={p.label} />
          ))}
        </div>
      </Checkbox.Group>
      {bindings.map(({ field, label, all, list }) => (
        <Select
          key={field}
          label={label}
          placeholder={all}
          w={150}
          searchable
          clearable
          limit={100}
          data={known.data?.[list] ?? []}
          value={bound[field] === '' ? null : bound[field]}
          error={creating.error?.fields[field]}
          onChange={(value) => setBound((old) => ({ ...old, [field]: value ?? '' }))}
        />
      ))}
      <Button type="submit" loading={creating.isPending}>
        Create the key
      </Button>
      <FormProblem problem={creating.error} known={['name', 'permissions', 'site', 'service', 'environment']} />
    </form>
  );
}
