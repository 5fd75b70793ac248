import { useDebouncedValue } from '@mantine/hooks';
import { useSpotlight } from '@mantine/spotlight';
import { listIncidents, listMonitors, listRules, listSavedSearches, scopes } from '@sightline/contract';
import {
  IconActivityHeartbeat,
  IconBellOff,
  IconBookmark,
  IconBuildingStore,
  IconFileText,
  IconPlus,
  IconRulerMeasure,
  IconUrgent,
} from '@tabler/icons-react';
import { useAsk } from '../data/ask.ts';
import { useMe } from '../data/session.tsx';
import { addressOfSearch } from '../pages/logs/saved-searches.ts';
import { useGo } from './go.tsx';
import { paletteStore } from './palette-door.ts';
import type { Finding } from './palette-search.ts';

/** Few enough that what is meant stands among them. */
const incidentsAsked = 20;

/**
 * What this organisation has by name: incidents (open ones, and those the words fit), sites, monitors, rules, services.
 * Asked only while the palette is open; names of which there may be thousands only once something is typed.
 */
export function useNamedFindings(text: string): readonly Finding[] {
  const go = useGo();
  const { opened } = useSpotlight(paletteStore);
  const [words] = useDebouncedValue(text.trim(), 150);
  const typed = opened && words.length > 1;
  const known = useAsk(scopes, {}, { when: opened });
  const open = useAsk(listIncidents, { query: { limit: incidentsAsked } }, { when: opened });
  const fitting = useAsk(
    listIncidents,
    { query: { status: 'all', q: words.slice(0, 200), limit: incidentsAsked } },
    { when: typed },
  );
  const monitors = useAsk(listMonitors, {}, { when: typed });
  const rules = useAsk(listRules, {}, { when: typed });
  const searches = useAsk(listSavedSearches, {}, { when: typed });
  const incidents = [...(open.data?.incidents ?? []), ...(fitting.data?.incidents ?? [])];
  return [
    ...[...new Map(incidents.map((incident) => [incident.number, incident])).values()].map((incident) => ({
      title: `#${incident.number} ${incident.title}`,
      hint: `Incident, ${incident.status}`,
      icon: IconUrgent,
      run: () => go(`/incidents/${incident.number}`),
    })),
    ...(known.data?.sites ?? []).map((site) => ({
      title: site,
      hint: 'Site',
      icon: IconBuildingStore,
      run: () => go(`/sites/${encodeURIComponent(site)}`),
    })),
    ...(monitors.data?.monitors ?? []).map((monitor) => ({
      title: monitor.name,
      hint: `Monitor, ${monitor.state}`,
      icon: IconActivityHeartbeat,
      run: () => go('/monitors', { monitor: monitor.id }),
    })),
    ...(rules.data?.rules ?? []).map((rule) => ({
      title: rule.name,
      hint: rule.firing > 0 ? 'Rule, fires' : 'Rule',
      icon: IconRulerMeasure,
      run: () => go(`/rules/${encodeURIComponent(rule.id)}`),
    })),
    ...(searches.data?.searches ?? []).map((search) => ({
      title: search.name,
      hint: 'Saved search of logs',
      icon: IconBookmark,
      run: () => go('/logs', addressOfSearch(search)),
    })),
    ...(known.data?.services ?? []).map((service) => ({
      title: service,
      hint: 'Service: its logs',
      icon: IconFileText,
      run: () => go('/logs', { service }),
    })),
  ];
}

/** What may be begun from anywhere, as far as the person may. */
export function useBeginnings(): readonly Finding[] {
  const go = useGo();
  const { may } = useMe();
  const begin = (title: string, icon: Finding['icon'], path: string, search: Record<string, string>): Finding => ({
    title,
    hint: 'Action',
    icon,
    run: () => go(path, search),
  });
  return [
    ...(may('responder')
      ? [begin('Silence alerts', IconBellOff, '/alerting', { tab: 'silences', silence: 'new' })]
      : []),
    ...(may('admin')
      ? [
          begin('New rule', IconPlus, '/rules/new', {}),
          begin('New monitor', IconPlus, '/monitors', { edit: 'new' }),
          begin('Add a channel', IconPlus, '/alerting', { tab: 'channels' }),
          begin('Enrol an agent', IconPlus, '/settings', { tab: 'agents' }),
        ]
      : []),
  ];
}
