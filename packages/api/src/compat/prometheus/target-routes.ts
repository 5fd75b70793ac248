import { compileMatcher, parseSelector } from '@sightline/query/promql';
import { type Answer, type Call, get, type PrometheusRoute } from './call.ts';
import { ApiFault, badData, invalidParameter } from './fault.ts';
import { countOf } from './parameters.ts';
import type { ScrapeTarget } from './ports.ts';
import { showTime } from './rule-routes.ts';

export const targetRoutes: readonly PrometheusRoute[] = [
  get('/targets', answerTargets),
  get('/targets/metadata', answerTargetMetadata),
  get('/targets/relabel_steps', answerRelabelSteps),
  get('/scrape_pools', async (call) => {
    const { deps, asker } = call;
    const pools =
      asker.site === ''
        ? await deps.targetReader?.pools(asker.organisation)
        : new Set((await activeTargets(call)).map(({ pool }) => pool));
    return { data: { scrapePools: [...(pools ?? [])].sort() } };
  }),
  get('/scrape_pools/config', async ({ deps, asker, form }) => {
    const pool = form.get('scrapePool');
    if (pool === '') return badData('no scrapePool parameter provided');
    const yaml = asker.site === '' ? await deps.targetReader?.configuration(asker.organisation, pool) : '';
    return yaml ? { data: { yaml } } : badData(`error retrieving scrape config: unknown scrape pool "${pool}"`);
  }),
  // Alerts go to our own incidents, never to an Alertmanager.
  get('/alertmanagers', () => ({ data: { activeAlertmanagers: [], droppedAlertmanagers: [] } })),
];

const ofSite = (site: string, labels: Readonly<Record<string, string>>): boolean =>
  site === '' || labels['site'] === site;

async function activeTargets({ deps, asker }: Call): Promise<ScrapeTarget[]> {
  const targets = (await deps.targetReader?.active(asker.organisation)) ?? [];
  return targets.filter(({ labels }) => ofSite(asker.site, labels));
}

async function answerTargets(call: Call): Promise<Answer> {
  const { form, deps, asker } = call;
  const pool = form.get('scrapePool');
  const state = form.get('state').toLowerCase();
  const shows = (kind: string): boolean => ['', 'any', kind].includes(state);
  const ofPool = (target: { readonly pool: string }): boolean => pool === '' || target.pool === pool;
  const active = shows('active') ? (await activeTargets(call)).filter(ofPool) : [];
  const dropped =
    shows('dropped') && asker.site === '' ? await deps.targetReader?.dropped(asker.organisation) : undefined;
  return {
    data: {
      activeTargets: active.map((target) => ({
        discoveredLabels: target.discoveredLabels,
        labels: target.labels,
        scrapePool: target.pool,
        scrapeUrl: target.url,
        globalUrl: target.url,
        lastError: target.lastError,
        lastScrape: showTime(target.lastScrapeMs),
        lastScrapeDuration: target.lastScrapeSeconds,
        health: target.health,
        scrapeInterval: target.interval,
        scrapeTimeout: target.timeout,
      })),
      droppedTargets: (dropped?.targets ?? [])
        .filter(ofPool)
        .map(({ pool: scrapePool, discoveredLabels }) => ({ discoveredLabels, scrapePool })),
      droppedTargetCounts: shows('dropped') ? (dropped?.counts ?? {}) : null,
    },
  };
}

const labelsAtMost = 1000;

/** What relabelling makes of discovered labels, rule by rule, as Prometheus 3.x answers it. */
async function answerRelabelSteps({ form, deps, asker }: Call): Promise<Answer> {
  const pool = form.get('scrapePool');
  if (pool === '') return badData('no scrapePool parameter provided');
  const text = form.get('labels');
  if (text === '') return badData('no labels parameter provided');
  const labels = labelsOf(text);
  if (!labels) return badData('error parsing labels: expected a JSON object of texts, at most 1000 of them');
  const steps = asker.site === '' ? await deps.targetReader?.relabelSteps(asker.organisation, pool, labels) : undefined;
  return steps ? { data: { steps } } : badData(`error retrieving scrape config: unknown scrape pool "${pool}"`);
}

function labelsOf(text: string): Record<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  const texts = entries.every(([, one]) => typeof one === 'string');
  return texts && entries.length <= labelsAtMost ? Object.fromEntries(entries) : undefined;
}

async function answerTargetMetadata(call: Call): Promise<Answer> {
  const { form } = call;
  const limit = countOf(form, 'limit');
  if (limit instanceof ApiFault) return limit;
  const match = form.get('match_target');
  const selector = match === '' ? undefined : parseSelector(match);
  if (selector && !selector.ok) return invalidParameter('match_target', selector.error.message);
  const tests = (selector?.value ?? []).map((matcher) => [matcher.label, compileMatcher(matcher)] as const);
  const metric = form.get('metric');
  const entries = (await activeTargets(call))
    .filter(({ labels }) => tests.every(([label, fits]) => fits(labels[label] ?? '')))
    .flatMap(({ labels, metadata }) =>
      metadata
        .filter((entry) => metric === '' || entry.metric === metric)
        .map(({ metric: name, ...about }) => ({
          target: labels,
          ...(metric === '' ? { metric: name } : {}),
          ...about,
        })),
    );
  return { data: limit < 0 ? entries : entries.slice(0, limit) };
}
