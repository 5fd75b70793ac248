import { Spotlight } from '@mantine/spotlight';
import { scopes } from '@sightline/contract';
import { IconBuildingStore, IconFileText, IconLink, IconMoon, IconSearch } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { copyText } from '../components/copy.ts';
import { useAsk } from '../data/ask.ts';
import { allPages } from '../pages/all.ts';
import { useGo } from './go.tsx';
import { paletteStore } from './palette-door.ts';
import { findIn, idTargets, type Finding } from './palette-search.ts';
import { useTheme } from './theme-switch.ts';

const shown = 12;

/** One field for everything: any site, page, trace id, correlation id, issue, action. */
export default function Palette(): ReactNode {
  const [text, setText] = useState('');
  const go = useGo();
  const { toggle } = useTheme();
  const known = useAsk(scopes);
  const paths = new Set(allPages.map((page) => page.path));
  const findings: Finding[] = [
    ...idTargets(text, paths).map((t) => ({ ...t, icon: IconSearch, run: () => go(t.path, t.search) })),
    ...allPages
      .filter((page) => page.group !== 'detail' && page.group !== 'outside')
      .map((page) => ({ title: page.title, hint: 'Page', icon: page.icon, run: () => go(page.path) })),
    { title: 'Switch between dark and light', hint: 'Action', icon: IconMoon, run: toggle },
    {
      title: 'Copy a link to what you see',
      hint: 'Action',
      icon: IconLink,
      run: () => void copyText(window.location.href, 'Link'),
    },
    ...(known.data?.sites ?? []).map((site) => ({
      title: site,
      hint: 'Site',
      icon: IconBuildingStore,
      run: () => go(`/sites/${encodeURIComponent(site)}`),
    })),
    ...(known.data?.services ?? []).map((service) => ({
      title: service,
      hint: 'Service: its logs',
      icon: IconFileText,
      run: () => go('/logs', { service }),
    })),
  ];
  const found = findIn(findings, text).slice(0, shown);
  return (
    <Spotlight.Root
      store={paletteStore}
      query={text}
      onQueryChange={setText}
      shortcut={null}
      clearQueryOnClose
      scrollable
      maxHeight={420}
      size={560}
      overlayProps={{ blur: 0, backgroundOpacity: 0.5 }}
    >
      <Spotlight.Search
        placeholder="A site, page, trace id, correlation id, issue or action"
        leftSection={<IconSearch size={16} aria-hidden />}
        aria-label="Find anything"
      />
      <Spotlight.ActionsList>
        {found.map((finding) => (
          <Spotlight.Action
            key={`${finding.hint} ${finding.title}`}
            label={finding.title}
            leftSection={<finding.icon size={16} aria-hidden />}
            rightSection={<span className="palette-hint">{finding.hint}</span>}
            onClick={finding.run}
          />
        ))}
        {found.length === 0 && (
          <Spotlight.Empty>Nothing of that name. Ids are found when pasted whole.</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
