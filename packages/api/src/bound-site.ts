import type { Matcher } from '@sightline/control';
import { type Caller, type ProblemReply, refuse } from './route.ts';

/** Whether matchers can match nothing but what is of `site`; true for '' (a key that is bound to none). */
export function staysAt(site: string, matchers: readonly Matcher[]): boolean {
  return (
    site === '' ||
    matchers.some(({ name, value, isRegex, isEqual }) => name === 'site' && value === site && !isRegex && isEqual)
  );
}

/** Why a key that is bound to a site may not touch what is of `site` ('' is of none); undefined when it may. */
export function otherSite({ keySite = '' }: Pick<Caller, 'keySite'>, site: string): ProblemReply | undefined {
  if (keySite === '' || keySite === site) return undefined;
  return refuse(403, 'Not allowed', `This key is bound to ${keySite}; it says nothing of other sites.`);
}

/** As `otherSite`, for silences: they must name the site of the key. */
export function beyondSite(
  { keySite = '' }: Pick<Caller, 'keySite'>,
  matchers: readonly Matcher[],
): ProblemReply | undefined {
  return staysAt(keySite, matchers) ? undefined : refuse(403, 'Not allowed', beyondSiteText(keySite));
}

export function beyondSiteText(site: string): string {
  return `This key is bound to ${site}: its silences must have the matcher site="${site}".`;
}
