import { promisify } from 'node:util';
import { unzip } from 'node:zlib';

const unpack = promisify(unzip);

/** What a segment's recording tells of clicks that led to nothing. */
export interface RecordedClicks {
  /** Bursts of clicks on one element. */
  readonly rage: number;
  /** Clicks after which nothing happened. */
  readonly dead: number;
}

/** Largest recording that is looked through, unpacked; the SDK ends a segment long before (20 MB). */
const mostBytes = 32 * 1_048_576;
const mostCrumbs = 1000;
/** As far behind its category lies what a breadcrumb says: the element's texts and attributes stand between. */
const crumbBytes = 8192;
const rageClicks = 3;
const categories = ['ui.slowClickDetected', 'ui.multiClick'] as const;

/**
 * Counts rage and dead clicks as the SDK reports them (breadcrumbs `ui.slowClickDetected` and `ui.multiClick`), without reading
 * the recording as JSON: it may be tens of megabytes, and is kept as it came whatever it holds. What cannot be unpacked within
 * bounds tells of none.
 */
export async function recordedClicks(content: Uint8Array): Promise<RecordedClicks> {
  const text = await plain(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  let [rage, dead] = [0, 0];
  for (const category of categories) {
    const mark = `"category":"${category}"`;
    let at = text.indexOf(mark);
    for (let crumbs = 0; at >= 0 && crumbs < mostCrumbs; crumbs++) {
      const next = text.indexOf(mark, at + mark.length);
      const end = Math.min(at + crumbBytes, next < 0 ? text.length : next);
      const told = text.toString('utf8', at, end);
      const clicks = Number(/"clickCount":(\d{1,6})/.exec(told)?.[1] ?? 1);
      if (clicks >= rageClicks) rage++;
      else if (category === 'ui.slowClickDetected' && /"endReason":"timeout"/.test(told)) dead++;
      at = next;
    }
  }
  return { rage, dead };
}

async function plain(content: Buffer): Promise<Buffer> {
  // zlib's first byte, or gzip's.
  if (content[0] !== 0x78 && content[0] !== 0x1f) return content;
  try {
    return await unpack(content, { maxOutputLength: mostBytes });
  } catch {
    return Buffer.alloc(0);
  }
}
