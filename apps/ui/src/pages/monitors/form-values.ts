import type { MonitorBody, MonitorTypeName } from '@sightline/contract';

/** What stands in the form. Texts and numbers as they are typed; `settings` of the chosen type alone. */
export interface FormValues {
  readonly type: MonitorTypeName;
  readonly name: string;
  readonly site: string;
  readonly runsOn: 'server' | 'agent';
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly severity: MonitorBody['severity'];
  readonly policy: string;
  readonly runbook: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Headers of an HTTP monitor, `Name: value` a line. */
  readonly headers: string;
}

/** What a new monitor of a type begins with. */
export const beginnings: Readonly<Record<MonitorTypeName, Readonly<Record<string, unknown>>>> = {
  http: {
    url: '',
    method: 'GET',
    body: '',
    status: '200-299',
    contains: '',
    lacks: '',
    jsonPath: '',
    jsonEquals: '',
    tlsDays: 7,
    tlsVerify: true,
    followRedirects: true,
  },
  tcp: { host: '', port: 443, send: '', expect: '' },
  heartbeat: { graceMs: 3_600_000, maxRunMs: 0, cron: '', timeZone: 'UTC' },
};

export function newValues(type: MonitorTypeName, site: string): FormValues {
  return {
    type,
    name: '',
    site,
    runsOn: 'server',
    everyMs: type === 'heartbeat' ? 86_400_000 : 60_000,
    timeoutMs: 10_000,
    retries: 2,
    severity: 'high',
    policy: '',
    runbook: '',
    enabled: true,
    settings: beginnings[type],
    headers: '',
  };
}

/** A monitor's own values, as the server gave them. */
export function valuesOf(edit: Omit<MonitorBody, 'site'> & { site: string; type: string }): FormValues {
  const type: MonitorTypeName = edit.type === 'tcp' || edit.type === 'heartbeat' ? edit.type : 'http';
  const { headers, ...settings } = edit.settings as { headers?: Record<string, string> };
  const { name, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled } = edit;
  return {
    type,
    name,
    site,
    runsOn,
    everyMs,
    timeoutMs,
    retries,
    severity,
    policy,
    runbook,
    enabled,
    settings: { ...beginnings[type], ...settings },
    headers: writeHeaders(headers ?? {}),
  };
}

/** The settings as they are sent. */
export function settingsOf(values: FormValues): Record<string, unknown> {
  return values.type === 'http' ? { ...values.settings, headers: readHeaders(values.headers) } : { ...values.settings };
}

/** The body as it is sent. A name that nobody gave is the target's. */
export function bodyOf(values: FormValues): MonitorBody {
  const { name, site, runsOn, everyMs, timeoutMs, retries, severity, policy, runbook, enabled } = values;
  return {
    site: site.trim(),
    everyMs,
    timeoutMs,
    retries,
    severity,
    policy,
    runbook: runbook.trim(),
    enabled,
    runsOn: values.type === 'heartbeat' ? 'server' : runsOn,
    name: name.trim() === '' ? nameFor(values) : name.trim(),
    settings: settingsOf(values),
  };
}

/** What a monitor is called when nobody names it. */
export function nameFor({ type, settings, site }: FormValues): string {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const url = text(settings['url']);
  const where = site.trim() === '' ? '' : ` ${site.trim()}`;
  if (type === 'http') return URL.canParse(url) ? `${new URL(url).host}${where}` : '';
  if (type === 'tcp') {
    const host = text(settings['host']);
    return host === '' ? '' : `${host}:${Number(settings['port'])}${where}`;
  }
  return '';
}

/** `Name: value` lines; a line without a colon is a name without a value. */
export function readHeaders(text: string): Record<string, string> {
  const lines = text.split('\n').map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const colon = line.indexOf(':');
        return colon < 0 ? [line, ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
      }),
  );
}

export function writeHeaders(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const lengths: readonly (readonly [number, string])[] = [
  [0, 'not watched'],
  [10_000, '10 seconds'],
  [30_000, '30 seconds'],
  [minute, '1 minute'],
  [5 * minute, '5 minutes'],
  [15 * minute, '15 minutes'],
  [30 * minute, '30 minutes'],
  [hour, '1 hour'],
  [6 * hour, '6 hours'],
  [12 * hour, '12 hours'],
  [day, '1 day'],
  [7 * day, '7 days'],
  [31 * day, '31 days'],
];

/** Lengths to choose from, `current` among them whatever it is. */
export function lengthChoices(current: number, least: number): { value: string; label: string }[] {
  const known = lengths.filter(([ms]) => ms >= least);
  const all = known.some(([ms]) => ms === current)
    ? known
    : [...known, [current, `${current / 1000} seconds`] as const];
  return all.toSorted(([a], [b]) => a - b).map(([ms, label]) => ({ value: String(ms), label }));
}
