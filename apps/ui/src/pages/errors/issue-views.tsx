import { addIssueView, deleteIssueView, listIssueViews, type IssueView } from '@sightline/contract';
import { Button, Checkbox, Menu } from '@mantine/core';
import { IconBookmark, IconX } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { NameForm } from '../../components/name-form.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { useGo } from '../../shell/go.tsx';
import './errors.css';

const builtIn: readonly Pick<IssueView, 'name' | 'query' | 'sort'>[] = [
  { name: 'Mine and my teams’', query: 'is:open assigned:me', sort: 'last-seen' },
  { name: 'My teams’', query: 'is:open assigned:my_teams', sort: 'last-seen' },
  { name: 'For review: new and nobody has it', query: 'is:unresolved is:new is:unassigned', sort: 'first-seen' },
  { name: 'Came back', query: 'is:regressed', sort: 'last-seen' },
  { name: 'Costs most', query: 'is:open', sort: 'money' },
];

/** Saved searches: those that everybody has, those that people saved, and a way to save what stands in the line. */
export function IssueViews({
  q,
  sort,
  onTake,
}: {
  q: string;
  sort: IssueView['sort'];
  onTake: (view: Pick<IssueView, 'query' | 'sort'>) => void;
}): ReactNode {
  const { may } = useMe();
  const go = useGo();
  const [naming, setNaming] = useState(false);
  const [mine, setMine] = useState(true);
  const views = useAsk(listIssueViews);
  const add = useAct(addIssueView, [listIssueViews]);
  const remove = useAct(deleteIssueView, [listIssueViews]);
  if (naming) {
    return (
      <NameForm
        label="Name of the view"
        fault={add.error?.detail}
        busy={add.isPending}
        onSave={(name) => add.mutate({ body: { name, query: q, sort, mine } }, { onSuccess: () => setNaming(false) })}
        onCancel={() => {
          add.reset();
          setNaming(false);
        }}
      >
        <Checkbox label="for me alone" checked={mine} onChange={(event) => setMine(event.currentTarget.checked)} />
      </NameForm>
    );
  }
  return (
    <Menu position="bottom-start" width={280}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={14} />}>
          Views
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {builtIn.map((view) => (
          <Menu.Item key={view.name} onClick={() => onTake(view)}>
            {view.name}
          </Menu.Item>
        ))}
        {(views.data?.views ?? []).map((view) => (
          <div key={view.id} className="row">
            <Menu.Item className="grow" onClick={() => onTake(view)}>
              {view.name} {view.mine && <span className="muted">mine</span>}
            </Menu.Item>
            {may('responder') && (
              <Menu.Item
                w={36}
                aria-label={`Delete the view ${view.name}`}
                onClick={() => remove.mutate({ params: { id: view.id } })}
              >
                <IconX size={14} />
              </Menu.Item>
            )}
          </div>
        ))}
        <Menu.Divider />
        {may('responder') && (
          <Menu.Item disabled={q === ''} onClick={() => setNaming(true)}>
            Save this search…
          </Menu.Item>
        )}
        <Menu.Item onClick={() => go('/error-rules')}>Grouping and ownership rules</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
