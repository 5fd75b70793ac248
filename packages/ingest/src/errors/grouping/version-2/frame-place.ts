import type { ErrorFrame } from '@sightline/record';
import { remembered } from '../../remembered.ts';

/** Names that say nothing without their folder. */
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
  'client',
  'utils',
  'types',
  'init',
]);

const schemes =
  /^(?:webpack-internal|webpack|turbopack|app|file|vite|https?|async|rsc|capacitor|ionic|asset|blob:https?|chrome-extension|moz-extension|safari-web-extension|package|dart|native):\/{0,3}/i;

/**
 * A file's name as it stays from release to release: without scheme, host, bundler's marks, build folders, query and hash. The
 * folder is kept only for names that say nothing (`index.ts`). '' for what is no file at all.
 */
export const stablePlace = remembered((file): string => {
  const path = file
    .replaceAll('\\', '/')
    .replace(/[?#].*$/, '')
    .replace(schemes, '')
    // Next.js: `(app-pages-browser)/./src/pay.ts`, `[project]/src/pay.ts [app-client] (ecmascript)`.
    .replace(/^\((?:rsc|ssr|app-pages-browser|pages-dir-[a-z]+|middleware|instrument|action-browser|sc_\w+)\)\//, '')
    .replace(/^\[project\]\//, '')
    .replace(/\s+\[[\w-]+\](?:\s+\(\w+\))?.*$/, '')
    .replace(/^(?:\/?@fs|\/?@id|~)\//, '/')
    .replace(/^(?:\.{1,2}\/)+/, '');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const last = parts.at(-1) ?? '';
  if (/^<.*>$|^\[native code\]$|^[0-9a-f-]{36}$/.test(last)) return '';
  const name = withoutHash(last);
  const stem = name.replace(/\..*$/, '');
  const folder = parts.at(-2) ?? '';
  return commonNames.has(stem) && folder !== '' && !looksGenerated(folder) ? `${folder}/${name}` : name;
});

/** A build's folder: a version, a hash, a date, a host. It changes with each release and says nothing about the bug. */
function looksGenerated(folder: string): boolean {
  return /^v?\d[\d._-]*$|[0-9a-f]{7,}|^(?:dist|build|out|release|current|static|chunks|assets|js|src|lib|public|_next|node_modules)$|\.[a-z]{2,}$|:\d+$/i.test(
    folder,
  );
}

/** `main.8f3a2b1c.js` → `main.js`, `index-DkT3x9aZ.js` → `index.js`, `4231.js` → `<n>.js`, `a1b2c3d4.js` → `<hash>.js`. */
export function withoutHash(name: string): string {
  return name
    .replace(/[.~_-](?=[0-9a-f]*\d)[0-9a-f]{6,64}(?=\.)/gi, '')
    .replace(/[-.](?=[\w-]*(?:\d|[a-z][A-Z]|[A-Z][a-z]))[\w-]{8}(?=\.(?:m|c)?js|\.css)/, (hash) =>
      looksRandom(hash.slice(1)) ? '' : hash,
    )
    .replace(/^(?=[0-9a-f]*\d)[0-9a-f]{8,64}(?=\.)/i, '<hash>')
    .replace(/^\d+(?=\.)/, '<n>')
    .replace(/\.(?:min|bundle|chunk|prod|production|development|debug)(?=\.)/g, '')
    .replace(/_?\$\$_javassist\w*(?=\.|$)/, '');
}

/** Bundlers write eight base64url digits; a word of a file's name (`-checkout.js`) has no digits nor capitals inside. */
function looksRandom(hash: string): boolean {
  return /\d/.test(hash) || /[a-z][A-Z]|[A-Z][a-z]+[A-Z]/.test(hash);
}

/** A module without what a class generator, a build or a page added: `com.shop.Pay$$EnhancerBySpring$$1a` → `com.shop.Pay`. */
export function stableModule(module: string): string {
  return module
    .replace(/_?\$\$_javassist\w*|_\$\$_jvst\w+/g, '')
    .replace(/\$\$(?:Lambda|EnhancerBy\w+|FastClassBy\w+|_Weld\w+)[\w$/]*|\$+HibernateProxy\$\w*/g, '')
    .replace(/(?<=\$fn)__\d+/g, '')
    .replace(/(Generated(?:Constructor|Method|Serialization)\w*Accessor)\d+/g, '$1')
    .replace(/\$Proxy\d+/g, '$Proxy')
    .replace(/\$\d+/g, '')
    .replace(/\$+(?=$)/, '');
}

/** Where a frame stands: the module where the platform names code by modules, else the file. */
export function placeOf(frame: ErrorFrame): string {
  const module = frame.module;
  const byModule = module !== '' && /^[A-Za-z_][\w.$-]*\.[\w.$]+$/.test(module) && !/\.(?:js|ts)x?$/.test(frame.file);
  if (byModule && /\.(?:java|kt|scala|cs|vb|py|rb|groovy|clj)$|^$/i.test(frame.file)) return stableModule(module);
  const place = stablePlace(frame.file);
  return place === '' ? stableModule(module) : place;
}

const isScript = remembered((file) => /\.(?:m|c)?js$/.test(file.replace(/[?#].*$/, '')));

/** Names that a minifier made: they change with each build, so they must not tell issues apart. */
export function isMinified(frame: ErrorFrame, name: string): boolean {
  if (!isScript(frame.file)) return false;
  const file = frame.file.replace(/[?#].*$/, '');
  const last = name.split('.').at(-1) ?? name;
  if (last.length > 2 || /^(?:if|do|go|on|to|ok|is|id|up|in|of)$/.test(last)) return false;
  const base = file.split('/').at(-1) ?? '';
  return frame.line === 1 || (frame.column ?? 0) >= 200 || withoutHash(base) !== base;
}
