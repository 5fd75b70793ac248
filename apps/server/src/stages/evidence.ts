import type { Clock } from '@sightline/base';
import type { Control, FindingRecord, IncidentRecord } from '@sightline/control';
import { checkRule, previewRule } from '@sightline/detect';
import { containerState } from '@sightline/fleet/messages';
import { listIssues, readLanes, searchLogs, type TelemetryReads } from '@sightline/query';
import type { Evidence, EvidenceSource } from '@sightline/respond';
import type { QueryLimits } from '@sightline/store/port';

const hourMs = 3_600_000;
const marginMs = 60_000;
/** Each part has so long; what is late is named as missing. */
const partLimitMs = 8000;
const releasesWithinMs = 6 * hourMs;
const shownLines = 20;
const shownErrors = 5;
const shownSeries = 6;
const shownContainers = 100;
/** Parts that the telemetry store always answers when it answers at all. */
const storeParts = ['Errors', 'Logs'];

interface Asked {
  readonly incident: IncidentRecord;
  readonly findings: readonly FindingRecord[];
  readonly from: number;
  readonly to: number;
  readonly service: string;
  readonly limits: QueryLimits;
}

/** What it looked like when an incident opened: read from telemetry, the rule itself and what the agents told last. */
export function evidenceSource(reads: TelemetryReads, control: Control, clock: Clock): EvidenceSource {
  return {
    capture: async (incident, findings, signal) => {
      const asked: Asked = {
        incident,
        findings,
        from: incident.openedAt - hourMs,
        to: Math.max(incident.openedAt, Math.min(clock.now(), incident.openedAt + marginMs)),
        service: incident.labels['service'] ?? '',
        limits: { signal, timeoutMs: partLimitMs, threads: 1 },
      };
      const missing: string[] = [];
      const part = async <T>(what: string, empty: T, read: () => Promise<T>): Promise<T> => {
        try {
          return await read();
        } catch (error) {
          missing.push(`${what}: ${(error as Error).message}`);
          return empty;
        }
      };
      // One after the other: evidence never takes more of the engine than a person does.
      const measure = await part('The chart of the rule', [], () => ruleCharts(reads, control, clock, asked));
      const { errors, chart } = await part('Errors', { errors: [], chart: [] }, () => topErrors(reads, asked));
      const lanes = await part('Charts of the site', [], () => siteCharts(reads, clock, asked));
      const logs = await part('Logs', [], () => lastLines(reads, asked));
      const containers = await part('Containers', [], () => containerStates(control, asked));
      const changes = await part('Releases', [], () => releases(reads, asked));
      // The telemetry store does not answer: better later than never.
      if (storeParts.every((what) => missing.some((text) => text.startsWith(`${what}: `))))
        throw new Error(missing.join('; ').slice(0, 1000));
      const charts = [...measure, ...(lanes.length > 0 ? lanes : chart)];
      return { capturedAt: clock.now(), charts, errors, logs, containers, changes, missing };
    },
  };
}

/** The rule's own measure over the hour before, of the groups that the incident is about. */
async function ruleCharts(
  reader: TelemetryReads,
  control: Control,
  clock: Clock,
  { incident, findings, from, to, limits }: Asked,
): Promise<Evidence['charts']> {
  const finding = findings.find(({ source }) => source === 'rule');
  const rule = finding && (await control.detect.rules.find(incident.organisation, finding.sourceId));
  if (!finding || !rule) return [];
  const checked = checkRule(rule.type, rule.settings);
  if (!checked.ok) return [];
  const { organisation } = incident;
  const seen = await previewRule(
    { reader, clock },
    { organisation, name: rule.name, rule: checked.value, forMs: rule.forMs, everyMs: rule.everyMs, hours: 1 },
    limits,
  );
  if (!seen.ok) throw new Error(JSON.stringify(seen.error).slice(0, 300));
  const about = new Set(findings.map(({ site }) => site).filter((site) => site !== ''));
  const mine = seen.value.series.filter(({ labels }) => about.size === 0 || about.has(labels['site'] ?? ''));
  if (mine.every(({ points }) => points.length === 0)) return [];
  return [
    {
      title: rule.name,
      unit: finding.unit,
      threshold: finding.threshold,
      from,
      to,
      stepMs: seen.value.stepMs,
      series: mine.slice(0, shownSeries).map(({ labels, points }) => ({
        name: Object.values(labels).join(' ') || rule.name,
        points,
      })),
    },
  ];
}

/** The most frequent errors of the hour, and how they came over time. */
async function topErrors(
  reader: TelemetryReads,
  { incident, from, to, service, limits }: Asked,
): Promise<{ errors: Evidence['errors']; chart: Evidence['charts'] }> {
  const { organisation, site } = incident;
  const scope = { organisation, fromMs: from, toMs: to, environment: '', site, service };
  const found = await listIssues(
    reader,
    {
      scope,
      q: '',
      status: 'all',
      sort: 'events',
      limit: shownErrors,
      cursor: '',
      decisions: new Map(),
      merged: new Map(),
      me: '',
      nowMs: to,
    },
    limits,
  );
  if (!found.ok) return { errors: [], chart: [] };
  const { issues } = found.value;
  const errors = issues.map(({ issue, type, message, events, lastSeenAt }) => ({
    issue,
    title: message === '' ? type : `${type}: ${message}`,
    events,
    lastSeenAt,
  }));
  const [first] = issues;
  if (!first) return { errors, chart: [] };
  const stepMs = (first.trend[1]?.at ?? to) - (first.trend[0]?.at ?? from);
  const series = issues.map(({ type, trend }) => ({ name: type, points: trend }));
  return { errors, chart: [{ title: 'Errors', unit: 'events', threshold: null, from, to, stepMs, series }] };
}

const laneNames: ReadonlySet<string> = new Set(['errors', 'failed payments', 'requests', 'p95']);

/** What the site's time line shows of the hour. */
async function siteCharts(
  reader: TelemetryReads,
  clock: Clock,
  { incident, from, to, limits }: Asked,
): Promise<Evidence['charts']> {
  if (incident.site === '') return [];
  const range = { organisation: incident.organisation, site: incident.site, fromMs: from, toMs: to };
  const lanes = await readLanes(reader, range, clock.now(), limits);
  return lanes
    .filter(({ name, points }) => laneNames.has(name) && points.some(({ value }) => value > 0))
    .map(({ name, unit, points }) => ({
      title: name,
      unit,
      threshold: null,
      from,
      to,
      stepMs: 60_000,
      series: [{ name, points }],
    }));
}

async function lastLines(reader: TelemetryReads, { incident, to, service, limits }: Asked): Promise<Evidence['logs']> {
  const found = await searchLogs(
    reader,
    {
      organisation: incident.organisation,
      fromMs: to - hourMs / 4,
      toMs: to,
      environment: '',
      site: incident.site,
      service,
      q: 'severity:>=warn',
      order: 'newest',
      limit: shownLines,
      cursor: '',
    },
    limits,
  );
  if (!found.ok) return [];
  return found.value.rows.map((row) => ({
    at: row.at,
    site: row.site,
    service: row.service,
    severity: row.severity,
    body: row.body.slice(0, 500),
  }));
}

const containerList = containerState.array();

async function containerStates(control: Control, { incident }: Asked): Promise<Evidence['containers']> {
  if (incident.site === '') return [];
  const agents = await control.fleet.agents.list(incident.organisation, incident.site);
  return agents.flatMap((agent) => {
    const read = containerList.safeParse(agent.containers);
    return !read.success || agent.containersAt === null
      ? []
      : read.data.slice(0, shownContainers).map(({ service, state, status, health }) => ({
          name: service,
          state: health === '' ? state : `${state}, ${health}`,
          detail: status,
        }));
  });
}

/** Releases that began to report within six hours before. */
async function releases(reader: TelemetryReads, { incident, to, limits }: Asked): Promise<Evidence['changes']> {
  const rows = await reader.query<{ service: string; release: string; at: number }>(
    `SELECT toString(s.service) AS service, toString(s.release) AS release, toFloat64(toUnixTimestamp64Milli(toDateTime64(min(s.ts), 3))) AS at
     FROM spans AS s
     WHERE s.organisation = {organisation:String} AND s.ts >= fromUnixTimestamp64Milli({from:Int64}) AND s.ts < fromUnixTimestamp64Milli({to:Int64})
       AND toStartOfMinute(s.ts) >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}))
       AND s.release != '' AND ({site:String} = '' OR s.site = {site:String})
     GROUP BY service, release ORDER BY at DESC LIMIT 200`,
    { organisation: incident.organisation, site: incident.site, from: to - releasesWithinMs, to },
    limits,
  );
  const first = new Map<string, { release: string; at: number }>();
  for (const row of rows) first.set(row.service, row);
  // The oldest of a service was there before; every later one is a change.
  return rows
    .filter(({ service, release }) => first.get(service)?.release !== release)
    .slice(0, 10)
    .map(({ service, release, at }) => ({ at, text: `${service} ${release} began to report` }));
}
