import { Button, Menu, Switch } from '@mantine/core';
import {
  createDashboard,
  deleteDashboard,
  exportDashboardPath,
  fillVariables,
  getDashboard,
  listDashboards,
  type Dashboard,
  type DashboardDocument,
  type VariableValues,
} from '@sightline/contract';
import { IconDots, IconMaximize, IconPencil } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Confirm } from '../../components/confirm.tsx';
import { copyText } from '../../components/copy.ts';
import { useAddress } from '../../data/address.ts';
import { useAct } from '../../data/ask.ts';
import { addressOf as callAddress } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Go, useAddressOf, useGo } from '../../shell/go.tsx';
import { KioskBar } from './kiosk-bar.tsx';
import type { Kiosk } from './kiosk.ts';
import { linkAddress } from './panel-frame.tsx';
import { hasWeek } from './use-frames.ts';

/** Title, links, and what can be done with a dashboard as a whole. */
export function DashboardHead(props: {
  dashboard: Dashboard;
  document: DashboardDocument;
  values: VariableValues;
  editing: boolean;
  mayEdit: boolean;
  kiosk: Kiosk;
}): ReactNode {
  const { dashboard, document, values, editing, mayEdit, kiosk } = props;
  const { search, setSearch } = useAddress();
  const addressOf = useAddressOf();
  const compare = search['compare'] === 'week';
  const kept = dashboard.id !== 'new';
  return (
    <div className="page-head dash-head">
      {!kiosk.on && (
        <nav aria-label="Above" className="dash-above">
          <Go to="/dashboards">Dashboards</Go>
        </nav>
      )}
      <h1>{document.title}</h1>
      {document.description !== '' && <p className="dash-description muted">{document.description}</p>}
      <span className="grow" />
      {document.links.map((link) => {
        const url = fillVariables(link.url, values, 'address');
        return (
          <a key={link.title + link.url} href={url.startsWith('/') ? linkAddress(url, link.keepScope, addressOf) : url}>
            {fillVariables(link.title, values, 'text')}
          </a>
        );
      })}
      {!kiosk.on && (compare || hasWeek(document.panels)) && (
        <Switch
          size="xs"
          label="Last week beside it"
          checked={compare}
          onChange={(event) => setSearch({ compare: event.currentTarget.checked ? 'week' : '' })}
        />
      )}
      {kiosk.on ? (
        <KioskBar kiosk={kiosk} />
      ) : (
        <>
          {mayEdit && !editing && (
            <Button
              variant="default"
              leftSection={<IconPencil size={14} aria-hidden />}
              onClick={() => setSearch({ edit: '1', panel: '' }, { push: true })}
            >
              Edit
            </Button>
          )}
          {kept && <More {...props} />}
        </>
      )}
    </div>
  );
}

function More({ dashboard, document, mayEdit, kiosk }: Parameters<typeof DashboardHead>[0]): ReactNode {
  const { setSearch } = useAddress();
  const go = useGo();
  const me = useMe();
  const copying = useAct(createDashboard, [listDashboards]);
  const removing = useAct(deleteDashboard, [listDashboards, getDashboard]);
  const duplicate = async (): Promise<void> => {
    const body = {
      document: { ...document, title: `${document.title} (copy)`.slice(0, 200) },
      message: `Copy of ${document.title}`,
    };
    const made = await copying.mutateAsync({ body });
    go(`/dashboards/${encodeURIComponent(made.id)}`, { edit: '1' });
  };
  const resets = dashboard.ready;
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <Button variant="default" px={8} aria-label="More of this dashboard" loading={copying.isPending}>
            <IconDots size={14} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void copyText(window.location.href, 'Link')}>Copy link</Menu.Item>
          <Menu.Item leftSection={<IconMaximize size={14} aria-hidden />} onClick={() => kiosk.enter(0)}>
            Full screen
          </Menu.Item>
          <Menu.Item onClick={() => kiosk.enter(30)}>Full screen, all of this folder in turn</Menu.Item>
          <Menu.Item onClick={() => go('/dashboards', { drawer: 'wall', among: dashboard.id, panel: '' })}>
            Wall: this and others in turn
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => setSearch({ drawer: 'versions', panel: '' }, { push: true })}>Versions</Menu.Item>
          <Menu.Item onClick={() => setSearch({ drawer: 'json', panel: '' }, { push: true })}>JSON</Menu.Item>
          {document.imported !== undefined && (
            <Menu.Item onClick={() => setSearch({ drawer: 'imported', panel: '' }, { push: true })}>
              What the import left behind
            </Menu.Item>
          )}
          <Menu.Item component="a" href={callAddress(exportDashboardPath, { id: dashboard.id })} download>
            Export
          </Menu.Item>
          {mayEdit && <Menu.Item onClick={() => void duplicate().catch(() => undefined)}>Duplicate</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {me.may('responder') && mayEdit && dashboard.version > 0 && (
        <Confirm
          verb={resets ? 'Reset' : 'Delete'}
          title={resets ? `Reset ${document.title} to how it ships` : `Delete the dashboard ${document.title}`}
          text={
            resets
              ? 'Your changes and their versions are lost; the dashboard stays, as Sightline brings it.'
              : 'It is gone for everybody, with all its versions. Links to it lead nowhere.'
          }
          harmful
          button={{ size: 'xs', color: 'red' }}
          act={async () => {
            await removing.mutateAsync({ params: { id: dashboard.id } });
            go(resets ? `/dashboards/${dashboard.id}` : '/dashboards');
          }}
        />
      )}
    </>
  );
}
