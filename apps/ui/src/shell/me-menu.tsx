import { Avatar, Menu, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { signOut, switchOrganisation } from '@sightline/contract';
import {
  IconBuildingStore,
  IconCheck,
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconSettings,
  IconSun,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { call, type ProblemError } from '../data/call.ts';
import { enterAs, useMe } from '../data/session.tsx';
import { useGo } from './go.tsx';
import { useTheme } from './theme-switch.ts';

const themes = [
  { scheme: 'dark', title: 'Dark', icon: IconMoon },
  { scheme: 'light', title: 'Light', icon: IconSun },
  { scheme: 'auto', title: 'As the system', icon: IconDeviceDesktop },
] as const;

/** Who I am, theme, organisation, the way out. */
export function MeMenu(): ReactNode {
  const me = useMe();
  const go = useGo();
  const { chosen, choose } = useTheme();
  const name = me.person.name || me.person.email;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className="me">
          <Avatar size={28} radius="xl" color="accent" name={name} variant="light" />
          <span className="only-read-aloud">{name}: menu</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name}
          <br />
          {me.role} at {me.organisation.name}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>Theme</Menu.Label>
        {themes.map(({ scheme, title, icon: Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={chosen === scheme ? <IconCheck size={14} aria-label="chosen" /> : null}
            onClick={() => choose(scheme)}
          >
            {title}
          </Menu.Item>
        ))}
        {me.organisations.length > 1 && <Menu.Label>Organisation</Menu.Label>}
        {me.organisations.length > 1 &&
          me.organisations.map((o) => (
            <Menu.Item
              key={o.id}
              leftSection={<IconBuildingStore size={16} aria-hidden />}
              rightSection={o.id === me.organisation.id ? <IconCheck size={14} aria-label="chosen" /> : null}
              onClick={() => void continueIn(o.id)}
            >
              {o.name}
            </Menu.Item>
          ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconSettings size={16} aria-hidden />} onClick={() => go('/settings')}>
          Settings
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void endSession()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

async function continueIn(organisation: string): Promise<void> {
  try {
    enterAs(await call(switchOrganisation, { body: { organisation } }));
    // The scope of one organisation means nothing in another.
    window.location.assign('/');
  } catch (error) {
    notifications.show({ color: 'red', title: 'Not switched', message: (error as ProblemError).detail });
  }
}

async function endSession(): Promise<void> {
  try {
    await call(signOut);
    window.location.assign('/sign-in');
  } catch (error) {
    notifications.show({ color: 'red', title: 'Still signed in', message: (error as ProblemError).detail });
  }
}
