import { ActionIcon, Button, Popover, Select, Tooltip } from '@mantine/core';
import { scopes } from '@sightline/contract';
import { IconAdjustmentsHorizontal, IconSearch } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { KeyHint } from '../components/key-hint.tsx';
import { useAsk } from '../data/ask.ts';
import { useScope } from '../data/scope.ts';
import { useMe } from '../data/session.tsx';
import { MeMenu } from './me-menu.tsx';
import { openPalette } from './palette-door.ts';
import { TimePicker } from './time-picker.tsx';

/** Organisation, the one scope, the one time range, the palette, me. */
export function TopBar(): ReactNode {
  const me = useMe();
  return (
    <header className="top-bar">
      <span className="organisation" title={me.organisation.name}>
        {me.organisation.name}
      </span>
      <div className="wide-only row">
        <ScopePickers />
      </div>
      <NarrowScope />
      <div className="grow" />
      <TimePicker />
      <Button
        className="wide-only"
        variant="default"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<KeyHint keys="mod+k" />}
        onClick={openPalette}
      >
        Find
      </Button>
      <ActionIcon className="narrow-only" variant="default" size={30} aria-label="Find anything" onClick={openPalette}>
        <IconSearch size={16} aria-hidden />
      </ActionIcon>
      <MeMenu />
    </header>
  );
}

const pickers = [
  { name: 'environment', plural: 'environments', all: 'All environments' },
  { name: 'site', plural: 'sites', all: 'All sites' },
  { name: 'service', plural: 'services', all: 'All services' },
] as const;

function ScopePickers({ wide = false }: { wide?: boolean }): ReactNode {
  const { scope, setScope } = useScope();
  const known = useAsk(scopes, {}, { everyMs: 60_000 });
  return pickers.map(({ name, plural, all }) => {
    const values = known.data?.[plural] ?? [];
    const chosen = scope[name];
    return (
      <Select
        key={name}
        aria-label={name[0]?.toUpperCase() + name.slice(1)}
        placeholder={all}
        data={chosen === '' || values.includes(chosen) ? values : [chosen, ...values]}
        value={chosen === '' ? null : chosen}
        onChange={(value) => setScope({ [name]: value ?? '' })}
        searchable
        clearable
        limit={100}
        w={wide ? '100%' : 148}
        comboboxProps={{ withinPortal: !wide, width: 220, position: 'bottom-start' }}
        nothingFoundMessage="Nothing of that name reports"
        data-chosen={chosen === '' ? undefined : ''}
      />
    );
  });
}

/** On a phone the pickers stand behind one button that says how much is chosen. */
function NarrowScope(): ReactNode {
  const [open, setOpen] = useState(false);
  const { scope } = useScope();
  const chosen = [scope.environment, scope.site, scope.service].filter((v) => v !== '');
  return (
    <Popover opened={open} onChange={setOpen} width={280} position="bottom-start">
      <Popover.Target>
        <Tooltip label="Environment, site, service">
          <Button
            className="narrow-only"
            variant="default"
            px={8}
            leftSection={<IconAdjustmentsHorizontal size={14} aria-hidden />}
            onClick={() => setOpen(!open)}
          >
            <span className="only-read-aloud">Scope: </span>
            <span className="narrow-scope">{chosen.length === 0 ? 'All' : chosen.join(' · ')}</span>
          </Button>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown className="scope-sheet">
        <ScopePickers wide />
      </Popover.Dropdown>
    </Popover>
  );
}
