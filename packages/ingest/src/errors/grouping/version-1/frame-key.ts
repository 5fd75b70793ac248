import type { ErrorFrame } from '@sightline/record';

const anonymous = new Set([
  '',
  '?',
  '<anonymous>',
  'anonymous',
  '(anonymous)',
  '<unknown>',
  'eval',
  '<lambda>',
  '<module>',
]);
const commonNames = new Set([
  'index',
  'main',
  'mod',
  'lib',
  '__init__',
  'page',
  'route',
  'layout',
  'handler',
  'server',
  'app',
]);
const internal = /^(?:node:|internal\/|native |<anonymous>|\[native|webpack\/(?:bootstrap|runtime))/;

/**
 * A file's name as it stays from release to release: without scheme, host, build folders, query and bundle hash. The folder is
 * kept only for names that say nothing (`index.ts`).
 */
export function stableFile(file: string): string {
  const path = file
    .replaceAll('\\', '/')
    .replace(/[?#].*$/, '')
    .replace(
      /^(?:webpack-internal|webpack|turbopack|app|file|vite|https?|async|rsc|capacitor|ionic|chrome-extension|moz-extension):\/\/\/?/i,
      '',
    )
    .replace(/^\((?:rsc|ssr|app-pages-browser|pages-dir-[a-z]+|middleware)\)\//, '')
    .replace(/^(?:\.{1,2}\/)+/, '');
  const parts = path.split('/').filter((part) => part !== '');
  const name = withoutHash(parts.at(-1) ?? '');
  const stem = name.replace(/\..*$/, '');
  const folder = parts.at(-2) ?? '';
  return commonNames.has(stem) && folder !== '' && !looksGenerated(folder) ? `${folder}/${name}` : name;
}

/** A build's folder: a version, a hash, a date, a host. It changes with each release and says nothing about the bug. */
function looksGenerated(folder: string): boolean {
  return /^v?\d[\d._-]*$|[0-9a-f]{7,}|^(?:dist|build|out|release|current|static|chunks|assets|js|src)$|\.[a-z]{2,}$|:\d+$/i.test(
    folder,
  );
}

/** `main.8f3a2b1c.js` → `main.js`, `index-DkT3x9aZ.js` → `index.js`, `4231.js` → `<n>.js`. */
function withoutHash(name: string): string {
  return name
    .replace(/[.~_-](?=[0-9a-f]*\d)[0-9a-f]{6,64}(?=\.)/gi, '')
    .replace(/-(?=[\w-]*(?:\d|[a-z][A-Z]|[A-Z][a-z]))[\w-]{8}(?=\.(?:m|c)?js|\.css)/, (hash) =>
      looksRandom(hash) ? '' : hash,
    )
    .replace(/^\d+(?=\.)/, '<n>')
    .replace(/\.(?:min|bundle|chunk|prod|production)(?=\.)/g, '');
}

/** Bundlers write eight base64url digits; a word of a file's name (`-checkout.js`) has no digits nor capitals inside. */
function looksRandom(hash: string): boolean {
  return /\d/.test(hash) || /[a-z][A-Z]|[A-Z][a-z]+[A-Z]/.test(hash);
}

/** A function's name without what the compiler, the engine or the call site added; '' for an anonymous one. */
export function stableFunction(name: string): string {
  const plain = name
    .replace(/\s*\[as [^\]]*\]\s*$/, '')
    .replace(/^(?:async |new |get |set |static )+/, '')
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/\((?:.*)\)$/, '')
    .replace(
      /^(?:Object|Module|Function|exports|module\.exports|Proxy|Promise|Context|Generator|AsyncGenerator|process|window|global)\./,
      '',
    )
    .replace(/(?:\.|\/)?<(?:anonymous|computed|lambda|locals)>/g, '')
    .replace(/(lambda\$\w+)\$\d+$/, '$1')
    .replace(/\$\d+$/, '')
    .replace(/\/</g, '')
    .trim();
  return anonymous.has(plain) ? '' : plain.slice(0, 200);
}

/** Names that a minifier made: they change with each build, so they must not tell issues apart. */
function isMinified(frame: ErrorFrame): boolean {
  const file = frame.file.replace(/[?#].*$/, '');
  if (!/\.(?:m|c)?js$/.test(file) || stableFunction(frame.function).length > 2) return false;
  const name = file.split('/').at(-1) ?? '';
  return frame.line === 1 || (frame.column ?? 0) >= 200 || withoutHash(name) !== name;
}

export interface FrameKey {
  readonly key: string;
  /** For people: `charge in payment.ts`. */
  readonly label: string;
  /** False where name and place say too little to tell two bugs apart. */
  readonly telling: boolean;
}

/** What of a frame stays the same when only the release, the path, the line or the caller's wrapper changed. */
export function frameKey(frame: ErrorFrame): FrameKey {
  const minified = isMinified(frame);
  const name = minified ? '' : stableFunction(frame.function);
  const file = frame.file === '' ? frame.module : stableFile(frame.file);
  const label = `${name === '' ? 'anonymous function' : name} in ${file === '' ? 'unknown file' : file}`;
  return { key: `${name}|${file}`, label, telling: name !== '' };
}

/** Frames of the runtime itself, which never tell where a bug is. */
export function isRuntimeFrame(frame: ErrorFrame): boolean {
  return internal.test(frame.file) || (frame.file === '' && frame.module === '' && frame.function === '');
}
