import type { getIssue } from '@sightline/contract';
import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { copyText } from '../../components/copy.ts';
import { useAddress } from '../../data/address.ts';
import type { Reply } from '../../data/call.ts';
import { issueMarkdown } from './issue-markdown.ts';

type Answer = Reply<typeof getIssue>;

/** What is done with the event that is shown: compared with another, taken along. */
export function EventActs({ answer, event }: { answer: Answer; event: NonNullable<Answer['event']> }): ReactNode {
  const { setSearch } = useAddress();
  const others: readonly (readonly [string, string])[] = [
    ['the one before', answer.previousEvent],
    ['the one after', answer.nextEvent],
    ['the oldest', answer.oldestEvent],
    ['the latest', answer.newestEvent],
  ];
  const there = others.filter(
    ([, id], place) => id !== '' && id !== event.eventId && others.findIndex(([, other]) => other === id) === place,
  );
  const address = new URL(window.location.href);
  address.searchParams.set('event', event.eventId);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />}>
          Use this event
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {there.map(([name, id]) => (
          <Menu.Item key={name} onClick={() => setSearch({ event: event.eventId, compare: id }, { push: true })}>
            Compare with {name}
          </Menu.Item>
        ))}
        {there.length > 0 && <Menu.Divider />}
        <Menu.Item onClick={() => void copyText(issueMarkdown(answer.issue, event, address.href), 'Markdown')}>
          Copy as Markdown, for a ticket
        </Menu.Item>
        <Menu.Item onClick={() => void copyText(address.href, 'Link')}>Copy link to this event</Menu.Item>
        <Menu.Item onClick={() => saveJson(`event-${event.eventId}.json`, event)}>Download as JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function saveJson(name: string, value: object): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
