import { believableNs } from '../../../errors/event-time.ts';
import { identityOf, packageOfRelease, tagsOf } from '../../../errors/identity.ts';
import { firstText, hexIdOf, listOf, objectOf, textOf } from '../../../errors/json-reader.ts';
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
      ts: Number(believableNs(profile['timestamp'], origin.receivedAtMs, profilesKeptDays) / 1_000_000n),
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
      transaction: textOf(transaction['name'], 300),
      trace_id: hexIdOf(transaction['trace_id'], 32),
    },
  });
}
