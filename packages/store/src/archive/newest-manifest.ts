import type { KeyObject } from 'node:crypto';
import { mostManifestBytes } from './archive-reader.ts';
import type { TakenOver } from './head-chain.ts';
import { dayName, isSigned, type Manifest, manifestName, readManifest, signatureName } from './manifest.ts';
import type { ArchiveTarget } from './target.ts';

const dayMs = 86_400_000;
/** Names of days that are looked at for the newest manifest: the last ones may not be finished. */
const newestDays = 5;

/** The newest manifest with a signature; undefined where there is none, or where it is not its organisation's own and signed by the key. */
export async function newestManifest(
  target: ArchiveTarget,
  organisation: string,
  publicKey: KeyObject,
): Promise<Manifest | undefined> {
  const days = (await target.folders(organisation)).filter((name) => dayName.test(name));
  for (const day of days.slice(-newestDays).toReversed()) {
    const bytes = await target.get(`${organisation}/${day}/${manifestName}`, mostManifestBytes);
    const signature = await target.get(`${organisation}/${day}/${signatureName}`, 1024);
    if (!bytes || !signature) continue;
    const manifest = readManifest(bytes);
    return manifest?.organisation === organisation && manifest.day === day && isSigned(bytes, signature, publicKey)
      ? manifest
      : undefined;
  }
  return undefined;
}

/** What a manifest took over from the heads. */
export const takenOver = (manifest: Manifest | undefined): TakenOver => ({
  head: manifest?.heads,
  until: manifest ? new Date(Date.parse(manifest.day) + dayMs).toISOString() : '',
});
