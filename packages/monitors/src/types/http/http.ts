import { defineMonitorType, down, up, type CheckTools, type Outcome } from '../../monitor-type.ts';
import { type Answered, type Asked, bodyLimitBytes, exchange } from './exchange.ts';
import { jsonText, parseJsonPath, readJsonPath } from './json-path.ts';
import { type HttpSettings, httpSettings } from './settings.ts';
import { parseStatusSet } from './status-set.ts';

const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);
/** What is not carried to another origin. */
const ownSecrets = /auth|cookie|token|key|secret|password|signature/i;

/** An address that answers with the right status, body and certificate. */
export const http = defineMonitorType({
  name: 'http',
  title: 'HTTP',
  settings: httpSettings,
  runsOn: ['server', 'agent'],
  target: ({ method, url }) => `${method} ${plainAddress(url)}`,
  check,
});

/** Without user, password and query: what may stand in a message. */
function plainAddress(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

async function check(settings: HttpSettings, tools: CheckTools): Promise<Outcome> {
  const wanted = parseStatusSet(settings.status);
  if (!wanted.ok) return down(wanted.error);
  let asked: Asked = {
    url: new URL(settings.url),
    method: settings.method,
    headers: settings.headers,
    body: settings.body,
    tlsVerify: settings.tlsVerify,
  };
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answered = await exchange(asked, tools);
    if (!answered.ok) return down(answered.error.reason, { ...answered.error.timings });
    const answer = answered.value;
    const moves = settings.followRedirects && redirects.has(answer.status) && answer.location !== '';
    if (!moves || wanted.value(answer.status)) return judge(settings, asked, answer, hop, wanted.value(answer.status));
    const next = redirected(asked, answer);
    if (!next) return down(`redirected to ${answer.location.slice(0, 100)}, which is no web address`);
    asked = next;
  }
  return down(`redirected more than ${mostRedirects} times`);
}

/** RFC 9110 §15.4: 307 and 308 keep method and body; after the others a POST becomes a GET. */
function redirected(asked: Asked, answer: Answered): Asked | undefined {
  if (!URL.canParse(answer.location, asked.url.href)) return undefined;
  const url = new URL(answer.location, asked.url);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const keeps = answer.status === 307 || answer.status === 308 || /^(GET|HEAD)$/.test(asked.method);
  const same = url.origin === asked.url.origin;
  if (same && url.username === '') [url.username, url.password] = [asked.url.username, asked.url.password];
  const headers = Object.entries(asked.headers).filter(
    ([name]) => (same || !(ownSecrets.test(name) || /^host$/i.test(name))) && (keeps || !/^content-/i.test(name)),
  );
  return {
    ...asked,
    url,
    headers: Object.fromEntries(headers),
    ...(keeps ? {} : { method: 'GET', body: '' }),
  };
}

function judge(settings: HttpSettings, asked: Asked, answer: Answered, hops: number, wanted: boolean): Outcome {
  const details: Record<string, string | number> = { ...answer.timings, status: answer.status };
  if (hops > 0) Object.assign(details, { redirects: hops, address: plainAddress(asked.url.href) });
  if (answer.tlsDaysLeft !== undefined) details['tlsDaysLeft'] = answer.tlsDaysLeft;
  const reason = wanted ? faultOf(settings, answer) : '';
  if (!wanted) return down(`answered ${answer.status}`, details);
  return reason === ''
    ? up(`answered ${answer.status}`, details)
    : down(`answered ${answer.status}, but ${reason}`, details);
}

/** What is wrong with an answer of the right status; '' for nothing. */
function faultOf(settings: HttpSettings, answer: Answered): string {
  const { contains, lacks, tlsDays } = settings;
  const within = answer.cut ? ` in its first ${bodyLimitBytes / 1024 / 1024} MiB` : '';
  if (contains !== '' && !answer.body.includes(contains)) return `"${contains.slice(0, 100)}" is not in it${within}`;
  if (lacks !== '' && answer.body.includes(lacks)) return `"${lacks.slice(0, 100)}" is in it`;
  const json = jsonFault(settings, answer);
  if (json !== '') return json;
  if (answer.tlsDaysLeft === undefined || tlsDays === 0) return '';
  if (answer.tlsDaysLeft < 0) return settings.tlsVerify ? 'its TLS certificate has expired' : '';
  return answer.tlsDaysLeft < tlsDays ? `its TLS certificate ends in ${answer.tlsDaysLeft} days` : '';
}

function jsonFault({ jsonPath, jsonEquals }: HttpSettings, answer: Answered): string {
  if (jsonPath.trim() === '') return '';
  if (answer.cut) return 'it is too large to be read as JSON';
  const steps = parseJsonPath(jsonPath);
  if (!steps.ok) return steps.error;
  let value: unknown;
  try {
    value = JSON.parse(answer.body);
  } catch {
    return 'it is not JSON';
  }
  const found = readJsonPath(value, steps.value);
  if (found === undefined || found === null)
    return jsonEquals === 'null' && found === null ? '' : `${jsonPath} is not in it`;
  if (jsonEquals === '' || jsonText(found) === jsonEquals) return '';
  return `${jsonPath} is ${jsonText(found).slice(0, 100)}, not ${jsonEquals.slice(0, 100)}`;
}
