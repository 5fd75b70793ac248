/** When a site is well, and what to say first when it is not. All thresholds of the fleet page stand here. */

export type SiteState = 'healthy' | 'degraded' | 'unhealthy' | 'late' | 'offline';
export type MinuteHealth = 'good' | 'warn' | 'bad' | 'none';

/** Exporters send every 10 to 60 s: two minutes of silence are at least one missed turn, not jitter. */
export const lateAfterMs = 2 * 60_000;
/** The seeds' rule "store silent for 10 min". */
export const offlineAfterMs = 10 * 60_000;
/** The window of all rates on the fleet page: short enough to see an outage begin, long enough for a quiet store. */
export const rateWindowMs = 5 * 60_000;

/** The seeds' rule "5xx > 5 %" wakes people; the target of WEB-3 is under 1 %, and twice that is worth a look. */
export const unhealthyErrorRate = 0.05;
export const degradedErrorRate = 0.02;
/** One failure among a handful of requests is no rate yet. */
export const leastFailures = 2;
/** The seeds' rule "> 10 errors/min", for sites that send logs and events but no spans. */
export const unhealthyErrorsPerMin = 10;
/** The seeds' rule "payment failures > 10 %", judged from five attempts on; half of it is worth a look. */
export const unhealthyPaymentFailures = 0.1;
export const degradedPaymentFailures = 0.05;
export const leastPaymentAttempts = 5;
/** One or two declined cards are everyday business, as they are to the rule. */
export const leastPaymentFailures = 3;
/** The seeds' rules "p95 > 2 s", "CPU > 80 %", "disk < 10 % free", "queue > 100"; memory as the kernel's own pressure mark. */
export const slowP95Ms = 2000;
/** Below it p95 is the word of one request or two, and the median is asked: a quiet store at night is not slow for a single one. */
export const leastForP95 = 40;
export const highCpu = 0.8;
export const highMemory = 0.92;
export const fullDisk = 0.9;
export const longQueue = 100;

/** What is known of a site at one moment; rates are over `rateWindowMs`, shares 0 to 1, null where nothing was reported. */
export interface SiteVitals {
  readonly lastSeenAt: number | null;
  readonly requests: number;
  readonly failedRequests: number;
  readonly errorsPerMin: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly disk: number | null;
  readonly queue: number | null;
  readonly paymentAttempts: number;
  readonly paymentFailures: number;
}

/** The state of a site and the worst thing about it in a few words ('' when there is none). */
export function judgeSite(site: SiteVitals, nowMs: number): { state: SiteState; worst: string } {
  if (site.lastSeenAt === null) return { state: 'offline', worst: 'never heard' };
  const silentMs = nowMs - site.lastSeenAt;
  if (silentMs > offlineAfterMs) return { state: 'offline', worst: `offline ${silence(silentMs)}` };
  const trouble = worstTrouble(site);
  if (silentMs > lateAfterMs) return { state: 'late', worst: `silent ${silence(silentMs)}` };
  return { state: trouble?.state ?? 'healthy', worst: trouble?.words ?? '' };
}

interface Trouble {
  readonly state: 'degraded' | 'unhealthy';
  readonly words: string;
}

/** In the order in which a person wants to hear it: money first, then failures, slowness, and what runs out. */
function worstTrouble(site: SiteVitals): Trouble | undefined {
  const found = [paymentTrouble(site), errorTrouble(site), ...resourceTroubles(site)].filter((t) => t !== undefined);
  return found.find((t) => t.state === 'unhealthy') ?? found[0];
}

function paymentTrouble(site: SiteVitals): Trouble | undefined {
  if (site.paymentAttempts < leastPaymentAttempts || site.paymentFailures < leastPaymentFailures) return undefined;
  const share = site.paymentFailures / site.paymentAttempts;
  if (share <= degradedPaymentFailures) return undefined;
  return {
    state: share > unhealthyPaymentFailures ? 'unhealthy' : 'degraded',
    words: `payments failing ${percent(share)}`,
  };
}

function errorTrouble(site: SiteVitals): Trouble | undefined {
  const rate = site.requests > 0 ? site.failedRequests / site.requests : 0;
  const paying = site.paymentAttempts > 0 ? site.paymentFailures / site.paymentAttempts : 0;
  // Where requests fail and payments with them, the money is what to say, however few they were.
  const words = (errors: string): string =>
    paying > unhealthyPaymentFailures ? `payments failing ${percent(paying)}` : errors;
  if (site.failedRequests >= leastFailures && rate > degradedErrorRate)
    return { state: rate > unhealthyErrorRate ? 'unhealthy' : 'degraded', words: words(`error rate ${percent(rate)}`) };
  if (site.errorsPerMin > unhealthyErrorsPerMin)
    return { state: 'unhealthy', words: words(`${Math.round(site.errorsPerMin)} errors/min`) };
  return undefined;
}

function resourceTroubles(site: SiteVitals): (Trouble | undefined)[] {
  const degraded = (when: boolean, words: () => string): Trouble | undefined =>
    when ? { state: 'degraded', words: words() } : undefined;
  const { cpu, memory, disk, queue } = site;
  return [
    slowTrouble(site),
    degraded(disk !== null && disk > fullDisk, () => `disk ${percent(disk ?? 0)} full`),
    degraded(queue !== null && queue > longQueue, () => `queue ${Math.round(queue ?? 0)}`),
    degraded(memory !== null && memory > highMemory, () => `memory ${percent(memory ?? 0)}`),
    degraded(cpu !== null && cpu > highCpu, () => `CPU ${percent(cpu ?? 0)}`),
  ];
}

function slowTrouble({ requests, medianMs, p95Ms }: SiteVitals): Trouble | undefined {
  const [name, ms] = requests < leastForP95 ? (['median', medianMs] as const) : (['p95', p95Ms] as const);
  return ms > slowP95Ms ? { state: 'degraded', words: `slow, ${name} ${(ms / 1000).toFixed(1)} s` } : undefined;
}

/** What was heard from a site in one minute. */
export interface MinuteCounts {
  readonly requests: number;
  readonly failedRequests: number;
  readonly logs: number;
  readonly errorLogs: number;
  readonly errorEvents: number;
}

/** One cell of the health bar: failures against the traffic of that minute; `none` when nothing was heard. */
export function judgeMinute(minute: MinuteCounts): MinuteHealth {
  const traffic = minute.requests > 0 ? minute.requests : Math.max(minute.logs, minute.errorEvents);
  if (traffic === 0) return 'none';
  // One failure usually shows as span, log and event alike: the largest of the three counts it once.
  const failures = Math.max(minute.failedRequests, minute.errorLogs, minute.errorEvents);
  const rate = failures / traffic;
  if (failures >= leastFailures && rate > unhealthyErrorRate) return 'bad';
  return failures > 0 && rate > degradedErrorRate ? 'warn' : 'good';
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function silence(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}
