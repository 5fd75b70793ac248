import { otherSite } from './bound-site.ts';
import { type Caller, type ProblemReply, refuse, type Route } from './route.ts';

/** Calls that see to it themselves that a key which is bound to a site neither reads nor changes anything of another. */
const mindful: readonly RegExp[] = [
  /^POST \/api\/v1\/incidents\/:number\/[a-z-]+$/,
  /^(?:POST|PUT|DELETE) \/api\/v1\/silences(?:\/:id)?$/,
  /^POST \/api\/v1\/metrics\/query$/,
  /^(?:GET|POST) \/api\/v1\/feedback\/(?::id(?:\/comments)?|changes)$/,
  /^GET \/api\/v1\/(?:rule-groups|scrape-targets)$/,
];

interface Parts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const siteIn = (part: unknown): string | undefined => {
  const site = (part as { site?: unknown } | undefined)?.site;
  return typeof site === 'string' ? site : undefined;
};

/**
 * A call as a key that is bound to a site may make it: with its site as the filter where none was asked for. Refused are those
 * about another site and those that know no site: closed to such keys unless they are named above.
 */
export function boundToSite<Input extends Parts>(
  { method, path }: Pick<Route, 'method' | 'path'>,
  caller: Pick<Caller, 'keySite'>,
  input: Input,
): Input | ProblemReply {
  const { keySite = '' } = caller;
  if (keySite === '' || mindful.some((one) => one.test(`${method} ${path}`))) return input;
  const named = siteIn(input.params);
  if (named !== undefined) return otherSite(caller, named) ?? input;
  const asked = method === 'GET' ? siteIn(input.query) : undefined;
  if (asked === undefined)
    return refuse(
      403,
      'Not for a key of one site',
      `This key is bound to ${keySite}, and this call is about the whole organisation. Use a key that is bound to no site.`,
    );
  if (asked !== '') return otherSite(caller, asked) ?? input;
  return { ...input, query: { ...(input.query as object), site: keySite } };
}
