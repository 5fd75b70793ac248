import { remembered } from './remembered.ts';

/** A program or a system by name and version; the version is '' where it is not told. */
export interface Named {
  readonly name: string;
  readonly version: string;
}

/** What a `User-Agent` says of who sent a request; parts that it does not tell are absent. */
export interface ClientAgent {
  readonly browser?: Named;
  readonly os?: Named;
  /** `SM-G991B`, `iPhone`. */
  readonly model?: string;
}

/** Of several that fit the first is meant: browsers call themselves by each other's names. */
const browsers: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['', /\b([\w-]*(?:bot|crawler|spider))\b(?:\/(\d[\w.]*))?/i],
  ['Edge Mobile', /\bEdg(?:A|iOS)\/([\d.]+)/],
  ['Edge', /\bEdge?\/([\d.]+)/],
  ['Opera', /\b(?:OPR|Opera)\/([\d.]+)/],
  ['Samsung Internet', /\bSamsungBrowser\/([\d.]+)/],
  ['Electron', /\bElectron\/([\d.]+)/],
  ['Vivaldi', /\bVivaldi\/([\d.]+)/],
  ['Yandex Browser', /\bYaBrowser\/([\d.]+)/],
  ['Firefox iOS', /\bFxiOS\/([\d.]+)/],
  ['Firefox Mobile', /\b(?:Mobile|Tablet);.*\bFirefox\/([\d.]+)/],
  ['Firefox', /\bFirefox\/([\d.]+)/],
  ['Chrome Mobile iOS', /\bCriOS\/([\d.]+)/],
  ['HeadlessChrome', /\bHeadlessChrome\/([\d.]+)/],
  ['Chrome Mobile WebView', /; wv\).*\bChrome\/([\d.]+)/],
  ['Chrome Mobile', /\bAndroid\b.*\bChrome\/([\d.]+)/],
  ['Chrome', /\bChrom(?:e|ium)\/([\d.]+)/],
  ['Mobile Safari', /\b(?:iPhone|iPad|iPod)\b.*\bVersion\/([\d.]+).*\bSafari\//],
  ['Mobile Safari UI/WKWebView', /\b(?:iPhone|iPad|iPod)\b.*AppleWebKit\/([\d.]+)/],
  ['Safari', /\bVersion\/([\d.]+).*\bSafari\//],
  ['IE', /\b(?:MSIE ([\d.]+)|Trident\/.*\brv:([\d.]+))/],
  // Programs that are no browsers: `curl/8.5.0`, `okhttp/4.12.0`.
  ['', /^((?!Mozilla\b)[A-Za-z][\w.-]*)\/(\d[\w.]*)/],
];

const systems: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Windows Phone', /\bWindows Phone(?: OS)? ([\d.]+)/],
  ['Windows', /\bWindows NT ([\d.]+)/],
  ['iOS', /\b(?:CPU (?:iPhone )?OS|iPhone OS) ([\d_]+)/],
  ['Android', /\bAndroid(?: ([\d.]+))?/],
  ['macOS', /\bMac OS X ([\d_.]+)/],
  ['Chrome OS', /\bCrOS \w+ ([\d.]+)/],
  ['Ubuntu', /\bUbuntu(?:\/([\d.]+))?/],
  ['Linux', /\bLinux\b/],
];

/** What people call the versions of the kernel. Newer systems than these say the same: hence `>=`. */
const windows: Readonly<Record<string, string>> = {
  '10.0': '>=10',
  '6.3': '8.1',
  '6.2': '8',
  '6.1': '7',
  '6.0': 'Vista',
  '5.1': 'XP',
};

/** Browser, system and device of a `User-Agent` header (RFC 9110, 10.1.5), by the names that Sentry's users know. Total: what it does not know is left out. */
export const clientAgentOf: (userAgent: string) => ClientAgent = remembered((userAgent): ClientAgent => {
  const agent = userAgent.slice(0, 500);
  const browser = named(browsers, agent);
  const os = named(systems, agent);
  const model = modelOf(agent);
  return { ...(browser && { browser }), ...(os && { os: knownSystem(os) }), ...(model !== '' && { model }) };
});

function named(kinds: typeof browsers, agent: string): Named | undefined {
  for (const [name, pattern] of kinds) {
    const found = pattern.exec(agent);
    if (!found) continue;
    const [, first = '', second = ''] = found;
    return name === '' ? { name: first, version: second } : { name, version: first || second };
  }
  return undefined;
}

function knownSystem({ name, version }: Named): Named {
  const plain = version.replaceAll('_', '.');
  if (name === 'Windows') return { name, version: windows[plain] ?? `NT ${plain}` };
  // Browsers say 10.15.7 on everything that came after it.
  return { name, version: name === 'macOS' && plain === '10.15.7' ? `>=${plain}` : plain };
}

function modelOf(agent: string): string {
  const apple = /\((iPhone|iPad|iPod)\b/.exec(agent)?.[1];
  if (apple !== undefined) return apple;
  const model =
    /\bAndroid [\d.]+; (?:[a-z]{2}[-_][A-Za-z]{2}; )?([^;)]+?)(?: Build\/[^;)]*)?(?:; wv)?\)/.exec(agent)?.[1] ?? '';
  // `K` is what browsers say that do not tell it.
  return model === 'K' || model === 'Mobile' || model === 'Tablet' ? '' : model;
}
