import { believableNs } from '../../../errors/event-time.ts';
import { identityOf, packageOfRelease, tagsOf } from '../../../errors/identity.ts';
import {
  firstText,
  hexIdOf,
  listOf,
  numberOf,
  objectOf,
  textOf,
  type JsonObject,
} from '../../../errors/json-reader.ts';
import type { DecodePorts } from '../../../protocol.ts';
import type { DecodedItem, ItemOrigin } from '../decoded-item.ts';
import type { EnvelopeItem } from '../envelope.ts';
import { itemJson } from '../item-kinds.ts';
import { keptBytes } from '../kept-bytes.ts';

/** Days that profiles are kept. */
const profilesKeptDays = 30;

/** Items `profile` and `profile_chunk` (https://develop.sentry.dev/sdk/telemetry/profiles/): kept as they came, with what finds them again. */
export function decodeProfile(item: EnvelopeItem, origin: ItemOrigin, ports: DecodePorts): Promise<DecodedItem> {
  const profile = itemJson(item) ?? {};
  const release = textOf(profile['release'], 250);
  const transaction = objectOf(profile['transaction'] ?? listOf(profile['transactions'])[0]);
  const times = timesOf(profile);
  const identity = identityOf(tagsOf(profile['tags']), origin.scope, {
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: 'production',
  });
  const file = { signal: 'profiles', area: 'profiles', bytes: item.payload } as const;
  return keptBytes(file, origin, ports, {
    table: 'profiles',
    of: {
      organisation: origin.scope.organisation,
      project: origin.project,
      site: identity.site,
      service: identity.service,
      environment: firstText(textOf(profile['environment'], 64), identity.environment),
      release: firstText(release, identity.release),
      ts: Number(believableNs(times.start, origin.receivedAtMs, profilesKeptDays) / 1_000_000n),
      received_at: Math.round(origin.receivedAtMs),
      profile_id: firstText(
        hexIdOf(profile['chunk_id'], 32),
        hexIdOf(profile['event_id'], 32),
        hexIdOf(profile['profile_id'], 32),
        origin.eventId,
      ),
      profiler_id: hexIdOf(profile['profiler_id'], 32),
      kind: item.type === 'profile_chunk' ? 'chunk' : 'transaction',
      platform: textOf(profile['platform'] ?? item.header['platform'], 64),
      transaction: firstText(textOf(transaction['name'], 300), textOf(profile['transaction_name'], 300)),
      trace_id: firstText(hexIdOf(transaction['trace_id'], 32), hexIdOf(profile['trace_id'], 32)),
      duration_ms: times.durationMs,
      samples: times.samples,
    },
  });
}

/** A `UInt32` holds seven weeks; a client whose clock was set in between tells of more. */
const longestMs = 0xff_ff_ff_ff;

/**
 * When the first sample was taken (as the client wrote it), how long the samples span, and how many they are. Samples of the first version
 * count from the profile's own `timestamp`; those of the second carry the time themselves.
 */
function timesOf(profile: JsonObject): { start: unknown; durationMs: number; samples: number } {
  const samples = listOf(objectOf(profile['profile'])['samples']);
  let [first, last] = [Infinity, -Infinity];
  for (const value of samples) {
    const sample = objectOf(value);
    const at = numberOf(sample['timestamp']) ?? (numberOf(sample['elapsed_since_start_ns']) ?? NaN) / 1e9;
    if (at < first) first = at;
    if (at > last) last = at;
  }
  const told = (numberOf(profile['duration_ns']) ?? 0) / 1e6;
  const durationMs = last >= first ? (last - first) * 1000 : told;
  const absolute = numberOf(objectOf(samples[0])['timestamp']) !== undefined;
  return {
    start: absolute ? first : profile['timestamp'],
    durationMs: Math.round(Math.min(Math.max(0, durationMs), longestMs)),
    samples: samples.length,
  };
}
