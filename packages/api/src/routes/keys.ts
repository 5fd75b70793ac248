import type { ApiKey as ShownKey } from '@sightline/contract';
import { createKey, listKeys, revokeKey, setKeyLimits, setRecordLimits } from '@sightline/contract';
import { defaultRecordLimits } from '@sightline/ingest';
import { type ApiKey, roleAtLeast } from '@sightline/control';
import { refusal } from '../problem.ts';
import { answer, type ApiDeps, type Caller, doneReply, refuse, type Route } from '../route.ts';

const show = (key: ApiKey, limits: ShownKey['limits'] = {}): ShownKey => ({
  id: key.id,
  name: key.name,
  permissions: [...key.permissions],
  site: key.site,
  service: key.service,
  environment: key.environment,
  secret: key.secret,
  hint: key.hint,
  createdAt: key.createdAt,
  createdBy: key.createdBy,
  lastUsedAt: key.lastUsedAt,
  limits,
});

/** Limits in words, for the audit trail. */
function told(limits: ShownKey['limits']): string {
  const parts = Object.entries(limits).map(([signal, records]) => `${records} ${signal} a minute`);
  return parts.length === 0 ? 'no limits of its own' : parts.join(', ');
}

/** A key for any organisation reaches beyond the one that asks: only those who set the installation up may make one. */
async function ownsInstallation({ control }: ApiDeps, caller: Caller): Promise<boolean> {
  if (!roleAtLeast(caller.role, 'owner')) return false;
  return (await control.organisations.first())?.id === caller.organisation;
}

export const keyRoutes: readonly Route[] = [
  answer(listKeys, async (_, { deps, caller }) => {
    const { keys } = deps.control;
    const [list, limits] = await Promise.all([keys.list(caller.organisation), keys.limits(caller.organisation)]);
    return {
      keys: list.map((key) => show(key, limits.keys.get(key.id))),
      limits: limits.organisation,
      defaultLimits: defaultRecordLimits,
    };
  }),

  answer(setKeyLimits, async ({ params, body }, { deps, caller, audit }) => {
    const set = await deps.control.keys.setLimits(caller.organisation, params.id, body.limits);
    if (!set.ok) return refusal(set.error);
    await audit('key.limits', set.value, told(body.limits));
    return doneReply;
  }),

  answer(setRecordLimits, async ({ body }, { deps, caller, audit }) => {
    await deps.control.keys.setLimits(caller.organisation, null, body.limits);
    await audit('limits.change', 'all keys', told(body.limits));
    return doneReply;
  }),

  answer(createKey, async ({ body }, { deps, caller, audit }) => {
    if (body.permissions.includes('any-organisation') && !(await ownsInstallation(deps, caller))) {
      return refuse(
        403,
        'Not allowed',
        "Only owners of the installation's first organisation may create a key for any.",
      );
    }
    const made = await deps.control.keys.create(caller.organisation, body, caller.actor);
    if (!made.ok) return refusal(made.error);
    await audit('key.create', body.name, `${body.permissions.join(', ')}${body.site ? ` for ${body.site}` : ''}`);
    return { key: show(made.value.key), secret: made.value.secret };
  }),

  answer(revokeKey, async ({ params }, { deps, caller, audit }) => {
    const revoked = await deps.control.keys.revoke(caller.organisation, params.id);
    if (!revoked.ok) return refusal(revoked.error);
    await audit('key.revoke', revoked.value.name, revoked.value.hint);
    return doneReply;
  }),
];
