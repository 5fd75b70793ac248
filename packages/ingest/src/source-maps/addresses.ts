import type { GeneratedPlace } from './map-reader.ts';
import type { GeneratedFrame } from './source-maps.ts';

const served = /^(?:https?|app|file|capacitor|ionic|tauri|electron):\/\//i;
const bundle = /(?:\.bundle|\.jsbundle|\.hbc)(?:$|[?#])/i;
const foreign =
  /^(?:node:|internal\/|native\b|<|\[|\(|webpack-internal:|(?:chrome|moz|safari|safari-web)-extension:|eval\b)/i;

/** Whether a frame may be of code that was built: a script of a page, an app's bundle, a file with a debug id or a path. */
export function isGenerated(frame: GeneratedFrame): boolean {
  const file = bareFile(frame.file);
  if (file === '' || foreign.test(file)) return false;
  return frame.debugId !== '' || served.test(file) || bundle.test(file) || /\.[cm]?jsx?(?:$|[?#])/i.test(file);
}

/** Whether people will ask why a frame is not the original: code that a browser or an app was served is hardly ever as it was written. */
export function isServed(file: string): boolean {
  const bare = bareFile(file);
  return (served.test(bare) && !/^file:/i.test(bare)) || bundle.test(bare);
}

/** Hermes writes `address at index.android.bundle` for bytecode. */
const address = /^address at /;

function bareFile(file: string): string {
  return file.replace(address, '').trim();
}

/** Where to look in the map. Of Hermes' bytecode the column is an offset that counts from 0; all other columns count from 1. */
export function placeIn({ file, line, column }: GeneratedFrame): GeneratedPlace {
  return { line: line ?? 0, column: Math.max(0, (column ?? 1) - (address.test(file) ? 0 : 1)) };
}

/** Addresses under which a file may have been uploaded, the likeliest first: whole, without its query, `~` for scheme and host. */
export function candidateUrls(file: string): string[] {
  const bare = bareFile(file);
  const plain = bare.replace(/[?#].*$/s, '');
  const path = plain.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/^~/, '');
  const rooted = path.startsWith('/') ? path : `/${path}`;
  return [...new Set([`~${rooted}`, plain, bare, rooted, `app://${rooted}`])];
}

/** How people know the file: `~/assets/index.js`. */
export function fileOfUrl(file: string): string {
  return candidateUrls(file)[0] ?? file;
}

/** A reference as the file at `url` means it. */
export function resolveReference(url: string, reference: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(reference) || reference.startsWith('~')) return reference;
  const base = url.startsWith('~/') ? `http://tilde${url.slice(1)}` : url;
  if (!URL.canParse(reference, base)) return `${url.replace(/[^/]*$/, '')}${reference}`;
  const { href } = new URL(reference, base);
  return href.startsWith('http://tilde/') ? `~${href.slice('http://tilde'.length)}` : href;
}

/** The path of a source as people know it: without the bundler's scheme and the way up from the build's folder. */
export function plainSource(source: string): string {
  return source
    .replace(/^(?:webpack|turbopack|rollup|vite|ng|parcel):\/\/(?:\/|[^/]*\/)?/i, '')
    .replace(/^file:\/\//i, '')
    .replace(/^(?:\.{1,2}\/)+/, '')
    .replace(/\?[\w&=%.-]*$/, '')
    .slice(0, 512);
}
