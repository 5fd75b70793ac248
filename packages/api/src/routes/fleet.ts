import { fleet, scopes, siteDetail, updateSite } from '@sightline/contract';
import type { IncidentSpan, Site } from '@sightline/control';
import { isTimeZone } from '@sightline/base';
import {
  BusinessDays,
  readBusinessDay,
  readDevices,
  readFleetTelemetry,
  readLanes,
  readScopes,
  readServices,
  readSiteFacts,
  readTopIssues,
  summariseFleet,
  summariseSite,
  unknownSite,
  type FleetTelemetry,
  type Lane,
  type SiteFacts,
} from '@sightline/query';
import { refuse, type ApiDeps, type CallContext, type Route } from '../route.ts';
import { answerRead } from './answer-read.ts';

/** New sites appear, and what sites say about themselves is taken over, this often at most. */
const discoverEveryMs = 30_000;
/** Attributes are read out of logs and spans, which costs more: of a new site for so long at once, of the rest this often. */
const describeEveryMs = 5 * 60_000;
/** Beyond this many organisations the discovery times are forgotten and begin anew: bounded memory, harmless. */
const organisationLimit = 10_000;

interface FleetMemory {
  readonly days: BusinessDays;
  readonly discoveredAt: Map<string, number>;
  readonly describedAt: Map<string, number>;
}

// One memory for each set of dependencies: tests and installations never share one.
const memories = new WeakMap<ApiDeps, FleetMemory>();
function memoryOf(deps: ApiDeps): FleetMemory {
  const known = memories.get(deps);
  if (known) return known;
  const memory = {
    days: new BusinessDays(deps.store, deps.clock),
    discoveredAt: new Map<string, number>(),
    describedAt: new Map<string, number>(),
  };
  memories.set(deps, memory);
  return memory;
}

const showFleet = answerRead(fleet, async ({ query }, context) => {
  const { deps, caller, signal } = context;
  const scope = { organisation: caller.organisation, environment: query.environment, nowMs: deps.clock.now() };
  const telemetry = await readFleetTelemetry(deps.store, scope, { signal });
  const sites = await discover(context, telemetry);
  const day = await memoryOf(deps).days.read({ ...scope, zones: zonesOf(sites, telemetry) });
  const open = await deps.control.respond.incidents.open(caller.organisation);
  return summariseFleet(telemetry, sites, day, scope, open);
});

function zonesOf(sites: readonly Site[], telemetry: FleetTelemetry): Map<string, string> {
  const zones = new Map([...telemetry.seen.keys()].map((code) => [code, '']));
  for (const site of sites) zones.set(site.code, site.timeZone);
  return zones;
}

/** The sites of the organisation; every 30 s those that telemetry alone knew are added and unset fields filled. */
async function discover(context: CallContext, telemetry: FleetTelemetry): Promise<Site[]> {
  const { deps, caller } = context;
  const { discoveredAt, describedAt } = memoryOf(deps);
  const now = deps.clock.now();
  const sites = await deps.control.sites.list(caller.organisation);
  if (now - (discoveredAt.get(caller.organisation) ?? -Infinity) < discoverEveryMs) return sites;
  if (discoveredAt.size >= organisationLimit) {
    discoveredAt.clear();
    describedAt.clear();
  }
  discoveredAt.set(caller.organisation, now);

  const known = new Set(sites.map((site) => site.code));
  const unknown = [...telemetry.seen.keys()].filter((code) => !known.has(code) && code.length <= 200);
  if (unknown.length > 0) await deps.control.sites.seen(caller.organisation, unknown.slice(0, 1000));
  const all = unknown.length > 0 ? await deps.control.sites.list(caller.organisation) : sites;
  const bare = all.filter(isBare).map((site) => site.code);
  // A new site's first records seldom carry its place: those of the next minutes do.
  const young = all.some((site) => isBare(site) && now - site.createdAt < describeEveryMs);
  const described = now - (describedAt.get(caller.organisation) ?? -Infinity) < describeEveryMs;
  if (bare.length === 0 || (described && !young)) return all;
  describedAt.set(caller.organisation, now);
  const facts = await readSiteFacts(
    deps.store,
    { organisation: caller.organisation, sites: bare, nowMs: now },
    { signal: context.signal },
  );
  return fillIn(context, all, facts);
}

const isBare = (site: Site): boolean =>
  site.name === '' || site.name === site.code || site.latitude === null || site.timeZone === '';

async function fillIn(context: CallContext, sites: readonly Site[], facts: readonly SiteFacts[]): Promise<Site[]> {
  const bySite = new Map(facts.map((fact) => [fact.site, fact]));
  const filled: Site[] = [];
  for (const site of sites) {
    const fact = bySite.get(site.code);
    const next = fact ? withFacts(site, fact) : site;
    const changed = JSON.stringify(next) !== JSON.stringify(site);
    filled.push(changed ? await updated(context, next) : site);
  }
  return filled;
}

function updated(context: CallContext, site: Site): Promise<Site> {
  const { code, createdAt: _createdAt, ...place } = site;
  return context.deps.control.sites.update(context.caller.organisation, code, place);
}

/** What people wrote stays; only what nobody said is taken from the site's own attributes. */
function withFacts(site: Site, fact: SiteFacts): Site {
  const placed = site.latitude !== null || site.longitude !== null;
  return {
    ...site,
    name: site.name === '' || site.name === site.code ? fact.name || site.name : site.name,
    address: site.address || fact.address,
    city: site.city || fact.city,
    region: site.region || fact.region,
    latitude: placed ? site.latitude : fact.latitude,
    longitude: placed ? site.longitude : fact.longitude,
    timeZone: site.timeZone || fact.timeZone,
  };
}

const showSite = answerRead(siteDetail, async ({ params, query }, context) => {
  const { deps, caller, signal } = context;
  if (query.from >= query.to) return emptyRange();
  const organisation = caller.organisation;
  const nowMs = deps.clock.now();
  const range = { organisation, site: params.code, fromMs: query.from, toMs: Math.min(query.to, lastMs) };
  const limits = { signal };
  const known = await deps.control.sites.find(organisation, params.code);
  const telemetry = await readFleetTelemetry(deps.store, { organisation, environment: '', nowMs }, limits);
  if (!known && !telemetry.seen.has(params.code))
    return refuse(404, 'No such site', `No site ${params.code} is known here, and none was heard.`);
  const zones = new Map([[params.code, known?.timeZone ?? '']]);
  const [open, spans, day, services, seen, lanes, topIssues] = await Promise.all([
    deps.control.respond.incidents.open(organisation),
    deps.control.respond.incidents.spans(organisation, { from: query.from, to: range.toMs, site: params.code }),
    readBusinessDay(deps.store, { organisation, nowMs, zones }, limits),
    readServices(deps.store, { organisation, site: params.code, nowMs }, limits),
    readDevices(deps.store, range, limits),
    readLanes(deps.store, range, nowMs, limits),
    readTopIssues(deps.store, range, limits),
  ]);
  return {
    site: summariseSite(telemetry, known ?? unknownSite(params.code), day, nowMs, open.bySite.get(params.code)),
    address: known?.address ?? '',
    attributes: seen.attributes,
    services,
    devices: seen.devices,
    lanes: withIncidents(lanes, spans, nowMs),
    topIssues,
  };
});

/** The lanes with one more after the first: how many incidents of the site were open in each bucket. */
function withIncidents(lanes: readonly Lane[], spans: readonly IncidentSpan[], nowMs: number): Lane[] {
  const [first, ...rest] = lanes;
  if (!first || spans.length === 0) return [...lanes];
  const stepMs = (first.points[1]?.at ?? nowMs) - (first.points[0]?.at ?? 0);
  const points = first.points.map(({ at }) => ({
    at,
    value: spans.filter(({ openedAt, resolvedAt }) => openedAt < at + stepMs && (resolvedAt ?? nowMs) >= at).length,
  }));
  return [first, { name: 'incidents', unit: 'open', kind: 'bar', points }, ...rest];
}

/** Times beyond this (2106) no table can hold. */
const lastMs = 4_294_000_000_000;
const emptyRange = () => refuse(400, 'Empty time range', '`from` must lie before `to`.');

const changeSite = answerRead(updateSite, async ({ params, body }, context) => {
  if (params.code === '' || params.code.length > 200)
    return refuse(400, 'Bad site code', 'A site code has 1 to 200 characters.');
  if (body.timeZone !== '' && !isTimeZone(body.timeZone))
    return refuse(400, 'Unknown time zone', `${body.timeZone} is no IANA time zone, like America/New_York.`, {
      fields: { timeZone: 'no IANA time zone, like America/New_York' },
    });
  if ((body.latitude === null) !== (body.longitude === null))
    return refuse(400, 'Half a place', 'Latitude and longitude are given together or not at all.', {
      fields: { latitude: 'give both or none', longitude: 'give both or none' },
    });
  await context.deps.control.sites.update(context.caller.organisation, params.code, body);
  // What was left open is filled at the next look.
  memoryOf(context.deps).describedAt.delete(context.caller.organisation);
  await context.audit('site.update', params.code, `name ${body.name}`);
  return { done: true as const };
});

const showScopes = answerRead(scopes, (_input, { deps, caller, signal }) =>
  readScopes(deps.store, caller.organisation, { signal }),
);

export const fleetRoutes: readonly Route[] = [showFleet, showSite, changeSite, showScopes];
