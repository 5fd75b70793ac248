import { Spotlight } from '@mantine/spotlight';
import { IconLink, IconMoon, IconSearch } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { copyText } from '../components/copy.ts';
import { allPages } from '../pages/all.ts';
import { useGo } from './go.tsx';
import { paletteStore } from './palette-door.ts';
import { findIn, idTargets, type Finding } from './palette-search.ts';
import { useTheme } from './theme-switch.ts';
import { useBeginnings, useNamedFindings } from './use-palette-findings.ts';

const shown = 12;

/** One field for everything: any incident, site, monitor, rule, page, trace id, correlation id, issue, action. */
export default function Palette(): ReactNode {
  const [text, setText] = useState('');
  const go = useGo();
  const { toggle } = useTheme();
  const named = useNamedFindings(text);
  const beginnings = useBeginnings();
  const paths = new Set(allPages.map((page) => page.path));
  const findings: Finding[] = [
    ...idTargets(text, paths)
      .filter((t) => !named.some((one) => t.hint === 'Incident' && one.title.startsWith(`#${t.path.slice(11)} `)))
      .map((t) => ({ ...t, icon: IconSearch, run: () => go(t.path, t.search) })),
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
    ...beginnings,
    ...named,
  ];
  const unlike = [...new Map(findings.map((finding) => [keyOf(finding), finding])).values()];
  const found = findIn(unlike, text).slice(0, shown);
  useFirstChosen(found.map(keyOf).join('\n'), text !== '');
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
        placeholder="#42, a site, monitor, rule, page, trace or correlation id, action"
        leftSection={<IconSearch size={16} aria-hidden />}
        aria-label="Find anything"
      />
      <Spotlight.ActionsList>
        {found.map((finding) => (
          <Spotlight.Action
            key={keyOf(finding)}
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

const keyOf = ({ hint, title }: Finding): string => `${hint} ${title}`;

/** Names are found later than the words were typed: what Enter opens is the first of those shown at that moment. */
function useFirstChosen(shownNow: string, typed: boolean): void {
  useEffect(() => {
    const list = document.getElementById(paletteStore.getState().listId);
    if (!typed || shownNow === '' || list === null) return;
    for (const chosen of list.querySelectorAll('[data-selected]')) chosen.removeAttribute('data-selected');
    list.querySelector('[data-action]')?.setAttribute('data-selected', 'true');
    paletteStore.updateState((state) => ({ ...state, selected: 0 }));
  }, [shownNow, typed]);
}
