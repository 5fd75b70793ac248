import { getErrorRules, putErrorRules } from '@sightline/contract';
import type { ErrorRulesKind, ErrorRulesText } from '@sightline/control';
import { readFingerprintRules, readOwnershipRules, readStackRules, type RulesFault } from '@sightline/ingest';
import { answer, refuse, type Route } from '../route.ts';

const readers: Readonly<
  Record<
    ErrorRulesKind,
    (text: string) => { ok: true; value: readonly unknown[] } | { ok: false; error: readonly RulesFault[] }
  >
> = { fingerprint: readFingerprintRules, stack: readStackRules, ownership: readOwnershipRules };

const shown = ({ content, updatedAt, updatedBy }: ErrorRulesText) => ({ content, updatedAt, updatedBy });

export const errorRulesRoutes: readonly Route[] = [
  answer(getErrorRules, async (_, { deps, caller }) => {
    const { fingerprint, stack, ownership } = await deps.control.issues.rules.read(caller.organisation);
    return { fingerprint: shown(fingerprint), stack: shown(stack), ownership: shown(ownership) };
  }),

  answer(putErrorRules, async ({ params, body }, { deps, caller, audit }) => {
    const read = readers[params.kind](body.content);
    if (!read.ok) {
      const detail = read.error.map(({ line, message }) => `Line ${line}: ${message}.`).join('\n');
      return refuse(422, 'The rules cannot be read', detail.slice(0, 4000));
    }
    const put = await deps.control.issues.rules.put(caller.organisation, params.kind, body.content, caller.actor);
    await audit('error-rules.put', params.kind, `${read.value.length} rules`);
    return { ...shown(put), rules: read.value.length };
  }),
];
