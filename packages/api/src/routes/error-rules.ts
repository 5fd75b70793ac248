import { getErrorRules, putErrorRules, putOwnershipMode } from '@sightline/contract';
import { ownershipModeOf, ownershipSetting, type ErrorRulesKind, type ErrorRulesText } from '@sightline/control';
import { readFingerprintRules, readOwnershipRules, readStackRules, type RulesFault } from '@sightline/ingest';
import { answer, refuse, type Route } from '../route.ts';

const readers: Readonly<
  Record<
    ErrorRulesKind,
    (
      text: string,
      teams: ReadonlySet<string>,
    ) => { ok: true; value: readonly unknown[] } | { ok: false; error: readonly RulesFault[] }
  >
> = { fingerprint: readFingerprintRules, stack: readStackRules, ownership: readOwnershipRules };

const shown = ({ content, updatedAt, updatedBy }: ErrorRulesText) => ({ content, updatedAt, updatedBy });

export const errorRulesRoutes: readonly Route[] = [
  answer(getErrorRules, async (_, { deps, caller }) => {
    const [{ fingerprint, stack, ownership }, mode] = await Promise.all([
      deps.control.issues.rules.read(caller.organisation),
      deps.control.settings.get(caller.organisation, ownershipSetting),
    ]);
    return {
      fingerprint: shown(fingerprint),
      stack: shown(stack),
      ownership: shown(ownership),
      ownershipMode: ownershipModeOf(mode),
    };
  }),

  answer(putOwnershipMode, async ({ body }, { deps, caller, audit }) => {
    await deps.control.settings.set(caller.organisation, ownershipSetting, body.mode);
    await audit('error-rules.ownership', '', body.mode);
    return { mode: body.mode };
  }),

  answer(putErrorRules, async ({ params, body }, { deps, caller, audit }) => {
    const teams = await deps.control.teams.list(caller.organisation);
    const read = readers[params.kind](body.content, new Set(teams.map(({ slug }) => slug)));
    if (!read.ok) {
      const detail = read.error.map(({ line, message }) => `Line ${line}: ${message}.`).join('\n');
      return refuse(422, 'The rules cannot be read', detail.slice(0, 4000));
    }
    const put = await deps.control.issues.rules.put(caller.organisation, params.kind, body.content, caller.actor);
    await audit('error-rules.put', params.kind, `${read.value.length} rules`);
    return { ...shown(put), rules: read.value.length };
  }),
];
