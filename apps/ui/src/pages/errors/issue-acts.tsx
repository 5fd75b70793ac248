import type { IssueChange } from '@sightline/contract';
import { Button, Menu, TextInput } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { ArchiveForm } from './archive-form.tsx';
import './errors.css';

const hourMs = 3_600_000;
const rests: readonly (readonly [string, () => IssueChange])[] = [
  ['Until it escalates', () => ({ ignoredUntil: 'escalating' })],
  ['For an hour', () => ({ ignoredUntil: 'time', ignoredLimit: Date.now() + hourMs })],
  ['For a day', () => ({ ignoredUntil: 'time', ignoredLimit: Date.now() + 24 * hourMs })],
  ['For a week', () => ({ ignoredUntil: 'time', ignoredLimit: Date.now() + 168 * hourMs })],
  ['Until 10 more events', () => ({ ignoredUntil: 'events', ignoredLimit: 10 })],
  ['Until 100 more events', () => ({ ignoredUntil: 'events', ignoredLimit: 100 })],
  ['Until 10 more users', () => ({ ignoredUntil: 'users', ignoredLimit: 10 })],
  ['For ever', () => ({ ignoredUntil: 'forever' })],
];

/** What can be made of issues: resolved (now, with a release, in a commit), archived (until something), opened again. */
export function IssueActs({
  open,
  closed,
  busy,
  release,
  act,
}: {
  /** Some of the issues are open, some are not. */
  readonly open: boolean;
  readonly closed: boolean;
  readonly busy: boolean;
  /** The release that the issue was seen in last; '' where none is known. */
  readonly release: string;
  readonly act: (change: IssueChange) => void;
}): ReactNode {
  const [naming, setNaming] = useState<'release' | 'commit' | 'limit' | undefined>();
  const [name, setName] = useState('');
  const resolve = (how: IssueChange) => act({ status: 'resolved', ...how });
  if (naming === 'limit') {
    return (
      <ArchiveForm
        busy={busy}
        cancel={() => setNaming(undefined)}
        archive={(change) => {
          act(change);
          setNaming(undefined);
        }}
      />
    );
  }
  if (naming !== undefined) {
    return (
      <form
        className="act-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          resolve({ resolution: naming, resolvedIn: name.trim() });
          setNaming(undefined);
        }}
      >
        <TextInput
          autoFocus
          className="grow"
          aria-label={naming === 'release' ? 'Release that resolves it' : 'Commit that resolves it'}
          placeholder={naming === 'release' ? 'till@1.4.2' : '8f3a2b1'}
          maxLength={250}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" disabled={busy}>
          Resolve
        </Button>
        <Button variant="subtle" onClick={() => setNaming(undefined)}>
          Cancel
        </Button>
      </form>
    );
  }
  return (
    <div className="row issue-acts">
      {open && (
        <>
          <Button disabled={busy} onClick={() => resolve({ resolution: 'now' })}>
            Resolve
          </Button>
          <Menu position="bottom-start" width={230}>
            <Menu.Target>
              <Button variant="default" disabled={busy} rightSection={<IconChevronDown size={14} />}>
                Resolve with
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => resolve({ resolution: 'next-release' })}>The next release</Menu.Item>
              {release !== '' && (
                <Menu.Item onClick={() => resolve({ resolution: 'release', resolvedIn: release })}>
                  {release}, where it was seen last
                </Menu.Item>
              )}
              <Menu.Item onClick={() => setNaming('release')}>Another release…</Menu.Item>
              <Menu.Item onClick={() => setNaming('commit')}>A commit…</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Menu position="bottom-start" width={200}>
            <Menu.Target>
              <Button variant="default" disabled={busy} rightSection={<IconChevronDown size={14} />}>
                Archive
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {rests.map(([title, change]) => (
                <Menu.Item key={title} onClick={() => act({ status: 'ignored', ...change() })}>
                  {title}
                </Menu.Item>
              ))}
              <Menu.Item onClick={() => setNaming('limit')}>Another limit…</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
      {closed && (
        <Button variant={open ? 'default' : 'filled'} disabled={busy} onClick={() => act({ status: 'unresolved' })}>
          Reopen
        </Button>
      )}
    </div>
  );
}
