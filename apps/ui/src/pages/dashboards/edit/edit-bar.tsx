import { Button, Menu, TextInput } from '@mantine/core';
import {
  createDashboard,
  getDashboard,
  listDashboards,
  listDashboardVersions,
  panelTypes,
  saveDashboard,
  type Dashboard,
  type PanelType,
} from '@sightline/contract';
import { IconPlus, IconSettings } from '@tabler/icons-react';
import { useRef, useState, type ReactNode } from 'react';
import { Confirm } from '../../../components/confirm.tsx';
import { FormProblem } from '../../../components/form-problem.tsx';
import { LeaveGuard } from '../../../components/leave-guard.tsx';
import { useAddress } from '../../../data/address.ts';
import { useAct } from '../../../data/ask.ts';
import { call } from '../../../data/call.ts';
import { useGo } from '../../../shell/go.tsx';
import type { Draft } from './use-draft.ts';

export const panelWords: Readonly<Record<PanelType, string>> = {
  timeseries: 'Time series',
  stat: 'Stat',
  gauge: 'Gauge',
  bar: 'Bars',
  table: 'Table',
  heatmap: 'Heat map',
  toplist: 'Top list',
  loglist: 'Log list',
  statetimeline: 'State time line',
  sitemap: 'Map of sites',
  text: 'Text',
  row: 'Row',
};

/** Title, new panels, and saving with a word about what was changed. */
export function EditBar({ dashboard, draft }: { dashboard: Dashboard; draft: Draft }): ReactNode {
  const { setSearch } = useAddress();
  const go = useGo();
  const [message, setMessage] = useState('');
  const asksAgain = [listDashboards, getDashboard, listDashboardVersions];
  const creating = useAct(createDashboard, asksAgain);
  const saving = useAct(saveDashboard, asksAgain);
  const fresh = dashboard.id === 'new';
  const problem = creating.error ?? saving.error;
  const { document } = draft;
  // Saved or discarded: then leaving asks nothing, though the draft is gone with the next drawing only.
  const settled = useRef(false);
  const save = async (): Promise<void> => {
    if (fresh) {
      const made = await creating.mutateAsync({ body: { document, message } });
      settled.current = true;
      draft.discard();
      go(`/dashboards/${encodeURIComponent(made.id)}`, { edit: '', panel: '', drawer: '' });
      return;
    }
    await saveOver(draft.version);
  };
  const saveOver = async (version: number): Promise<void> => {
    await saving.mutateAsync({ params: { id: dashboard.id }, body: { document, message, version } });
    settled.current = true;
    draft.discard();
    setSearch({ edit: '', panel: '', drawer: '' });
  };
  const saveOverTheirs = async (): Promise<void> => {
    const { version } = await call(getDashboard, { params: { id: dashboard.id } });
    await saveOver(version);
  };
  const leave = (): void => {
    settled.current = true;
    draft.discard();
    if (fresh) go('/dashboards');
    else setSearch({ edit: '', panel: '', drawer: '' });
  };
  return (
    <form
      className="edit-bar"
      aria-label="Edit the dashboard"
      onSubmit={(event) => {
        event.preventDefault();
        void save().catch(() => undefined);
      }}
    >
      <TextInput
        aria-label="Title"
        className="edit-title"
        value={document.title}
        maxLength={200}
        error={problem?.fields['document.title']}
        onChange={(event) => draft.change({ title: event.currentTarget.value })}
      />
      <Menu position="bottom-start" width={180}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconPlus size={14} aria-hidden />}>
            Add a panel
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {panelTypes.map((type) => (
            <Menu.Item key={type} onClick={() => setSearch({ panel: draft.add(type) }, { push: true })}>
              {panelWords[type]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        variant="default"
        leftSection={<IconSettings size={14} aria-hidden />}
        onClick={() => setSearch({ drawer: 'settings', panel: '' }, { push: true })}
      >
        Settings
      </Button>
      <Button variant="default" onClick={() => setSearch({ drawer: 'json', panel: '' }, { push: true })}>
        JSON
      </Button>
      <span className="grow" />
      <TextInput
        aria-label="What was changed"
        placeholder="What was changed, in a few words"
        className="edit-message"
        value={message}
        maxLength={500}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
      <Button
        type="submit"
        loading={creating.isPending || saving.isPending}
        disabled={document.title.trim() === '' || !(draft.changed || fresh)}
      >
        Save
      </Button>
      <Button variant="default" onClick={leave}>
        {draft.changed ? 'Discard' : 'Done'}
      </Button>
      <FormProblem problem={problem} known={['document.title']} />
      {problem?.status === 409 && !fresh && (
        <Confirm
          verb="Save mine over it"
          title={`Save over the other version of ${dashboard.document.title}`}
          text="Yours becomes the newest version. The other stays among the versions of the dashboard, where it can be compared and restored."
          act={saveOverTheirs}
          button={{ size: 'xs' }}
        />
      )}
      <LeaveGuard mayLeave={() => settled.current || !draft.changed} what={document.title || 'this dashboard'} />
    </form>
  );
}
